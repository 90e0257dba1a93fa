//! `biotope mask`: text, JSON, lines, keys, mistakes.

use std::fs;

use serde_json::Value;

use super::biotope;

const TEXT: &str = "请联系 li.ming@news.example，电话13812345678";

#[test]
fn a_text_comes_out_masked_from_a_file_or_stdin() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), TEXT).unwrap();
    let masked = "请联系 [EMAIL]，电话[PHONE]";
    biotope(folder.path()).arg("mask").write_stdin(TEXT).assert().success().stdout(masked);
    biotope(folder.path()).args(["mask", "letter.txt"]).assert().success().stdout(masked);
}

#[test]
fn json_says_where_in_characters_and_bytes_of_the_original() {
    let folder = tempfile::tempdir().unwrap();
    let answer = biotope(folder.path()).args(["mask", "--json"]).write_stdin(TEXT).assert().success();
    let value: Value = serde_json::from_slice(&answer.get_output().stdout).unwrap();
    let span = &value["spans"][0];
    assert_eq!(span["type"], "EMAIL_ADDRESS");
    let (start, end) = (span["start"].as_u64().unwrap() as usize, span["end"].as_u64().unwrap() as usize);
    assert_eq!(TEXT.chars().skip(start).take(end - start).collect::<String>(), "li.ming@news.example");
    let (start, end) = (span["start_byte"].as_u64().unwrap(), span["end_byte"].as_u64().unwrap());
    assert_eq!(&TEXT[start as usize..end as usize], "li.ming@news.example");
}

#[test]
fn each_line_is_a_text_and_types_narrow_what_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let texts = format!("{TEXT}\nnothing here\n");
    let args = ["mask", "--lines", "--types", "PHONE_NUMBER"];
    let expected = "请联系 li.ming@news.example，电话[PHONE]\nnothing here\n";
    biotope(folder.path()).args(args).write_stdin(texts).assert().success().stdout(expected);
}

#[test]
fn what_was_encrypted_is_restored_with_the_key_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], key: &str, input: &[u8]| {
        let mut command = biotope(folder.path());
        command.arg("mask").args(args).args(["--key-env", "KEY"]).env("KEY", key).write_stdin(input).assert()
    };
    let key = "a key that is long enough for its use";
    let sealed = run(&["--operator", "encrypt"], key, TEXT.as_bytes()).success().get_output().stdout.clone();
    assert!(!String::from_utf8_lossy(&sealed).contains("li.ming"));
    run(&["--decrypt"], key, &sealed).success().stdout(TEXT);
    let other = run(&["--decrypt"], "another key that is long enough too", &sealed).code(2);
    let said = String::from_utf8_lossy(&other.get_output().stderr).into_owned();
    assert!(said.contains("cannot restore the EMAIL_ADDRESS at byte 10"), "{said}");
}

#[test]
fn mistakes_are_named_and_answer_two() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("latin.txt"), b"caf\xe9").unwrap();
    for (args, message) in [
        (&["none.txt"][..], "cannot read none.txt"),
        (&["latin.txt"], "latin.txt is not UTF-8"),
        (&["--decrypt"], "--decrypt needs the key"),
        (&["--types", "EMAIL"], "EMAIL"),
        (&["--operator", "replac"], "did you mean \"replace\"?"),
    ] {
        let answer = biotope(folder.path()).arg("mask").args(args).write_stdin("").assert().code(2);
        let said = String::from_utf8_lossy(&answer.get_output().stderr).into_owned();
        assert!(said.contains(message), "{args:?}: {said}");
    }
}
