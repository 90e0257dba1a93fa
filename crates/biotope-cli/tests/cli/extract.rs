//! `biotope extract`: files, stdin, gzip, encodings, exit codes.

use std::fs;

use serde_json::Value;

use super::biotope;

const PAGE: &str = "<html lang=zh><head><meta charset=utf-8><title>小麦上涨_某网</title><link rel=canonical href=https://xinwen.example/1></head><body>\
    <nav><a href=/>首页</a></nav><h1>小麦上涨</h1><p>小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲。</p>\
    <p>分析人士表示，收成将决定涨势能否持续到秋季，港口库存正在下降。</p><p>责任编辑：王某</p></body></html>";
const TEXT: &str = "小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲。\n分析人士表示，收成将决定涨势能否持续到秋季，港口库存正在下降。\n";

#[test]
fn a_page_from_a_file_or_stdin_is_text() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.html"), PAGE).unwrap();
    biotope(folder.path()).args(["extract", "page.html"]).assert().success().stdout(TEXT);
    biotope(folder.path()).args(["extract", "-"]).write_stdin(PAGE).assert().success().stdout(TEXT);
}

#[test]
fn many_pages_are_lines_of_json_and_one_without_an_article_is_a_no() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.html"), PAGE).unwrap();
    fs::write(folder.path().join("b.html"), "<nav><a href=/>Home</a></nav>").unwrap();
    let answer = biotope(folder.path()).args(["extract", "--json", "a.html", "b.html"]).assert().code(1);
    let lines = String::from_utf8(answer.get_output().stdout.clone()).unwrap();
    let values: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((values[0]["text"].as_str(), values[1]["text"].as_str()), (Some(TEXT.trim_end()), Some("")));
    assert_eq!((&values[0]["title"], &values[0]["language"]), (&"小麦上涨".into(), &"zh".into()));
    assert_eq!(values[0]["canonical"], "https://xinwen.example/1");
    assert!(values[0]["confidence"].as_f64().unwrap() > 0.2, "{}", values[0]);
    biotope(folder.path())
        .args(["extract", "b.html"])
        .assert()
        .code(1)
        .stderr("b.html: no article on the page\n");
}

#[test]
fn a_page_that_is_not_there_and_a_private_address_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let answer = biotope(folder.path()).args(["extract", "none.html"]).assert().code(2);
    let said = String::from_utf8_lossy(&answer.get_output().stderr).into_owned();
    assert!(said.starts_with("error: cannot read the page none.html: "), "{said}");
    let answer = biotope(folder.path()).args(["extract", "http://127.0.0.1:9/"]).assert().code(2);
    let said = String::from_utf8_lossy(&answer.get_output().stderr).into_owned();
    assert!(said.contains("127.0.0.1"), "{said}");
}
