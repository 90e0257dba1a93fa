//! Versions, labels, shares and the trail of a record, by the binary alone.

use std::path::Path;

use serde_json::Value;

use super::{articles, biotope};

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = biotope(folder).args(args).arg("--json").output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn text(folder: &Path, args: &[&str]) -> String {
    let output = biotope(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn versions_are_told_apart_and_the_way_back_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    biotope(folder).args(["run", "mine.toml", "--to", "curate"]).assert().success();
    let first = json(folder, &["show", "dataset", "mine"]);
    biotope(folder).args(["curate", "mine.toml", "--set", "curate.rename.sport=体育"]).assert().success();
    let diff = json(folder, &["dataset", "diff", "mine"]);
    assert_eq!(diff["versions"], serde_json::json!([0, 1]));
    assert_eq!((&diff["counts"]["changed"], &diff["fields"]["label"]), (&20.into(), &20.into()), "{diff}");
    assert_eq!(diff["settings"][0]["key"], "config.rename.sport", "{diff}");
    biotope(folder).args(["dataset", "diff", "mine", "--fail-on-change"]).assert().code(1);
    assert!(text(folder, &["dataset", "diff", "mine"]).contains("0 added, 0 removed, 20 changed"));

    assert!(text(folder, &["dataset", "rollback", "mine@0"]).contains("version 2 has the 40 rows"));
    let back = json(folder, &["show", "dataset", "mine"]);
    assert_eq!((&back["version"], &back["digest"]), (&2.into(), &first["digest"]));
    assert_eq!(json(folder, &["dataset", "history", "mine"])[0]["about"]["rollback_to"], 0);
    assert_eq!(json(folder, &["dataset", "history", "mine"]).as_array().unwrap().len(), 3);
    assert_eq!(json(folder, &["show", "dataset", "mine@1"])["labels"][1]["label"], "体育");
    let bare = biotope(folder).args(["dataset", "rollback", "mine"]).output().unwrap();
    assert!(String::from_utf8(bare.stderr).unwrap().contains("mine@VERSION"));
    let wrong = biotope(folder).args(["show", "dataset", "mine@soon"]).output().unwrap();
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("hint: NAME@3"));

    let url = format!("file://{}/there", folder.display());
    assert_eq!(json(folder, &["dataset", "push", "mine@1", &url])["written"], true);
    let pulled = json(folder, &["dataset", "pull", "other", &url]);
    assert_eq!(pulled["digest"], json(folder, &["show", "dataset", "mine@1"])["digest"], "{pulled}");

    // The stamp knows this recipe, but another content is the newest since.
    let again = json(folder, &["curate", "mine.toml", "--set", "curate.rename.sport=体育"]);
    assert_eq!(
        (&again[0]["skipped"], &again[0]["details"]["version"]),
        (&false.into(), &3.into()),
        "{again}"
    );
    assert_eq!(json(folder, &["show", "dataset", "mine"])["labels"][1]["label"], "体育");
    let again = json(folder, &["curate", "mine.toml", "--set", "curate.rename.sport=体育"]);
    assert_eq!(again[0]["skipped"], true, "{again}");

    let card = text(folder, &["dataset", "card", "mine", "--license", "cc-by-4.0"]);
    assert!(card.starts_with("---\npretty_name: \"mine\"\nlicense: \"cc-by-4.0\"\n"), "{card}");
    biotope(folder).args(["dataset", "card", "mine@1", "--html", "card.html"]).assert().success();
    assert!(std::fs::read_to_string(folder.join("card.html")).unwrap().contains("体育"));
}

#[test]
fn evaluating_opens_the_test_split_on_record_and_a_record_tells_its_trail() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    biotope(folder).args(["run", "mine.toml", "--to", "evaluate"]).assert().success();
    biotope(folder).args(["run", "mine.toml", "--to", "evaluate"]).assert().success();
    let openings = json(folder, &["dataset", "openings", "mine"]);
    assert_eq!(openings.as_array().unwrap().len(), 1, "a skipped stage opens nothing: {openings}");
    assert_eq!(openings[0]["why"], "stage evaluate of recipe mine");
    assert_eq!(json(folder, &["show", "dataset", "mine"])["openings of the test split"], 1);

    let run = std::fs::read_dir(folder.join("store/runs")).unwrap().next().unwrap().unwrap().path();
    let lines = std::fs::read_to_string(run.join("predictions.jsonl")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let shown = json(folder, &["show", "record", first["id"].as_str().unwrap()]);
    let told = &shown["datasets"][0];
    assert_eq!(shown["datasets"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!((&told["versions"], &told["represents"]), (&serde_json::json!([0]), &true.into()));
    // Two spaces became one.
    let (before, after) = (told["collected"]["characters"].as_u64(), told["characters"].as_u64());
    assert_eq!(before.unwrap(), after.unwrap() + 1, "{told}");
    let step = told["steps"][0].as_str().unwrap();
    assert!(step.starts_with("normalize-text: "), "{step}");
    let change = &told["trail"][0]["change"];
    assert_eq!((change["before"].as_u64(), change["after"].as_u64()), (before, after));
    assert_ne!(told["collected"]["digest"], told["digest"]);
}

#[test]
fn what_was_set_aside_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    let schema = "[collect.schema.columns]\nlabel = { values = [\"sport\"] }\n";
    let whole = "name = \"mine\"\n[collect]\nsources = [{ use = \"csv\", path = \"articles.csv\" }]\n";
    let rest = "[text]\nuse = \"ngrams\"\n[model]\nuse = \"ngram-linear\"\n[curate]\nsteps = [{ use = \"limit-length\", \
                min_chars = 54 }]\ndedup = false\n";
    std::fs::write(folder.join("strict.toml"), format!("{whole}{schema}{rest}")).unwrap();
    let stages = json(folder, &["run", "strict.toml", "--to", "curate"]);
    assert_eq!(
        (&stages[0]["details"]["documents"], &stages[0]["details"]["set_aside"]),
        (&20.into(), &20.into())
    );
    let aside = std::fs::read_to_string(folder.join("store/quarantine/mine/collect.jsonl")).unwrap();
    let first: Value = serde_json::from_str(aside.lines().next().unwrap()).unwrap();
    assert_eq!((&first["step"], &first["line"]), (&"schema".into(), &3.into()));
    assert_eq!(first["why"], "label must be one of sport, got \"business\"");
    assert_eq!(first["label"], "business");
    let shown = json(folder, &["show", "record", first["id"].as_str().unwrap()]);
    assert_eq!(shown["datasets"][0]["set_aside"][0]["step"], "schema", "{shown}");
    let short = std::fs::read_to_string(folder.join("store/quarantine/mine/curate.jsonl")).unwrap();
    let short: Value = serde_json::from_str(short.lines().next().unwrap()).unwrap();
    let shown = json(folder, &["show", "record", short["id"].as_str().unwrap()]);
    let told = &shown["datasets"][0];
    assert_eq!(told["set_aside"][0]["step"], "limit-length", "{told}");
    assert!(told["collected"]["digest"].is_string() && told["versions"] == serde_json::json!([]), "{told}");
}

#[test]
fn an_older_version_is_told_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    let steps = |steps: &str| format!("curate.steps=[{steps}]");
    let long = steps("{ use = \"limit-length\", min_chars = 54 }");
    biotope(folder).args(["run", "mine.toml", "--to", "curate", "--set", &long]).assert().success();
    let short = std::fs::read_to_string(folder.join("store/quarantine/mine/curate.jsonl")).unwrap();
    let short: Value = serde_json::from_str(short.lines().next().unwrap()).unwrap();
    let id = short["id"].as_str().unwrap();
    biotope(folder).args(["curate", "mine.toml", "--set", &steps("")]).assert().success();
    biotope(folder).args(["curate", "mine.toml", "--set", &long, "--force"]).assert().success();
    let aside = |name: &str| json(folder, &["show", "dataset", name])["set aside"].clone();
    assert_eq!(aside("mine@1"), serde_json::json!({}));
    // What the newest made, and what version 0 had: the quarantine is of this content.
    assert!(aside("mine").to_string().contains("limit-length: "), "{}", aside("mine"));
    assert_eq!(aside("mine@0"), aside("mine"));

    // A folder that a killed run left without a log is no dataset.
    std::fs::create_dir_all(folder.join("store/datasets/half")).unwrap();
    let shown = json(folder, &["show", "record", id]);
    assert_eq!(shown["datasets"].as_array().unwrap().len(), 1, "{shown}");
    let told = &shown["datasets"][0];
    assert_eq!((&told["version"], &told["versions"]), (&1.into(), &serde_json::json!([1])), "{told}");
    assert!(!told["steps"].to_string().contains("limit-length"), "{told}");
}

#[test]
fn labels_are_examined_and_corrected_by_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    let csv = std::fs::read_to_string(folder.join("articles.csv")).unwrap();
    let wrong = csv.replacen("league.\",sport", "league.\",business", 1);
    std::fs::write(folder.join("articles.csv"), wrong).unwrap();
    biotope(folder).args(["run", "mine.toml", "--to", "curate"]).assert().success();
    let report = json(folder, &["labels", "mine", "--with-test", "--html", "labels.html"]);
    let suspects = report["doubts"]["suspects"].as_array().unwrap();
    assert_eq!(
        (suspects[0]["given"].as_str(), suspects[0]["suggested"].as_str()),
        (Some("business"), Some("sport"))
    );
    assert!(std::fs::read_to_string(folder.join("labels.html")).unwrap().contains("goal 0"));
    let openings = json(folder, &["dataset", "openings", "mine"]);
    assert_eq!(openings[0]["what"], "labels of mine");

    let corrections = format!("id,label\n{},sport\n", suspects[0]["id"].as_str().unwrap());
    std::fs::write(folder.join("corrections.csv"), corrections).unwrap();
    let set = "curate.labels=[{ use = \"file\", path = \"corrections.csv\" }]";
    let stages = json(folder, &["curate", "mine.toml", "--set", set]);
    assert_eq!(stages[0]["details"]["written"], true);
    let shown = json(folder, &["show", "record", suspects[0]["id"].as_str().unwrap()]);
    assert!(shown.to_string().contains("\\\"sport\\\" by file, was \\\"business\\\""), "{shown}");
}

#[test]
fn three_machines_make_what_one_makes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    articles(folder);
    let stages = json(folder, &["run", "mine.toml", "--to", "curate"]);
    for share in ["1/3", "2/3", "3/3"] {
        biotope(folder)
            .args(["curate", "mine.toml", "--shard", share, "--shares", "shares"])
            .assert()
            .success();
    }
    let merged = json(folder, &["curate", "mine.toml", "--merge", "--shares", "shares"]);
    assert_eq!(merged[0]["details"]["digest"], stages[1]["details"]["digest"]);
    assert_eq!(merged[0]["details"]["written"], false);
    std::fs::remove_dir_all(folder.join("shares/2-of-3")).unwrap();
    let lacking =
        biotope(folder).args(["curate", "mine.toml", "--merge", "--shares", "shares"]).output().unwrap();
    assert!(String::from_utf8(lacking.stderr).unwrap().contains("share 2/3 is missing"));
}
