//! Versions travel by an object store; tables that are not ours are left alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/news.rs"]
mod news;

use std::path::{Path, PathBuf};

use biotope_data::{CurateConfig, Dataset, Remote, Result};
use news::{curated, doc};
use serde_json::Value;

#[test]
fn versions_travel_by_an_object_store() {
    let (folder, there, other) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = format!("file://{}/shared/新闻", there.path().display());
    let remote = Remote::new(&url).unwrap();
    let first = curated((0..30).map(doc).collect(), &CurateConfig::default(), folder.path());
    let second = curated((5..40).map(doc).collect(), &CurateConfig::default(), folder.path());
    let missing = remote.pull(None, other.path()).unwrap_err();
    assert!(missing.to_string().starts_with("no dataset at file://"), "{missing}");
    assert_eq!((remote.push(&first).unwrap().version, remote.push(&second).unwrap().version), (0, 1));
    assert!(!remote.push(&second).unwrap().written);
    // What lies there is a dataset as it is.
    let rows = |dataset: &Dataset| dataset.rows(None).map(Result::unwrap).collect::<Vec<_>>();
    let lies = Dataset::open(there.path().join("shared/新闻")).unwrap();
    assert_eq!((lies.version(), rows(&lies)), (1, rows(&second)));
    let path = other.path().join("news");
    let pulled = remote.pull(None, &path).unwrap();
    assert_eq!((pulled.version, pulled.rows, &pulled.digest), (0, 35, &second.digest().unwrap()));
    assert!(!remote.pull(None, &path).unwrap().written);
    assert_eq!(remote.pull(Some(0), &path).unwrap().version, 1);
    let newest = Dataset::open(&path).unwrap();
    assert_eq!((rows(&newest), newest.digest().unwrap()), (rows(&first), first.digest().unwrap()));
    assert_eq!(newest.about().unwrap()["seed"], 42);
    // Back again: the files are here already.
    assert_eq!(remote.pull(Some(1), &path).unwrap().version, 2);
    assert_eq!(rows(&Dataset::open(&path).unwrap()), rows(&second));
    let wrong = Remote::new("ftp://x").unwrap_err();
    assert_eq!(
        wrong.to_string(),
        "invalid url: must be an address: s3://, gs://, az:// or file://, got \"ftp://x\""
    );
}

/// Changes the actions of a commit; `None` takes one out.
fn edit_commit(table: &Path, version: u64, edit: impl Fn(Value) -> Option<Value>) {
    let file = table.join(format!("_delta_log/{version:020}.json"));
    let text = std::fs::read_to_string(&file).unwrap();
    let actions = text.lines().filter_map(|line| edit(serde_json::from_str(line).unwrap()));
    std::fs::write(&file, actions.map(|action| action.to_string() + "\n").collect::<String>()).unwrap();
}

/// Two versions, a folder for tables and one to pull into.
struct Shared {
    folder: tempfile::TempDir,
    first: Dataset,
    second: Dataset,
}

impl Shared {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first = curated((0..30).map(doc).collect(), &CurateConfig::default(), folder.path());
        let second = curated((5..40).map(doc).collect(), &CurateConfig::default(), folder.path());
        Self { folder, first, second }
    }

    fn table(&self, name: &str) -> PathBuf {
        self.folder.path().join("there").join(name)
    }

    /// The first version pushed, and its commit edited.
    fn pushed(&self, name: &str, edit: impl Fn(Value) -> Option<Value>) -> Remote {
        let remote = Remote::new(&format!("file://{}", self.table(name).display())).unwrap();
        remote.push(&self.first).unwrap();
        edit_commit(&self.table(name), 0, edit);
        remote
    }

    /// Why a table cannot be pulled; nothing of it is left behind.
    fn why(&self, remote: &Remote) -> String {
        let path = self.folder.path().join("here");
        let error = remote.pull(None, &path).unwrap_err();
        assert!(!path.exists());
        error.to_string()
    }
}

#[test]
fn without_figures_in_the_log_the_files_tell_their_rows() {
    let shared = Shared::new();
    let bare = shared.pushed("bare", |mut action| {
        if let Some(add) = action.get_mut("add") {
            add.as_object_mut().unwrap().remove("stats");
        }
        Some(action)
    });
    let pulled = bare.pull(None, &shared.folder.path().join("here")).unwrap();
    assert_eq!(
        (pulled.rows, Dataset::open(shared.folder.path().join("here")).unwrap().len().unwrap()),
        (30, 30)
    );
    let log = std::fs::read_to_string(shared.folder.path().join("here/_delta_log/00000000000000000000.json"))
        .unwrap();
    assert!(log.contains("numRecords\\\":30"), "{log}");
}

#[test]
fn tables_of_others_are_neither_pulled_nor_overwritten() {
    let shared = Shared::new();
    let foreign = shared.pushed("foreign", |mut action| {
        if let Some(info) = action.get_mut("commitInfo") {
            info.as_object_mut().unwrap().remove("biotope");
        }
        Some(action)
    });
    let error = shared.why(&foreign);
    assert!(
        error.ends_with("is no dataset of ours: its version 0 was written by another program"),
        "{error}"
    );
    let error = foreign.push(&shared.second).unwrap_err().to_string();
    assert!(error.ends_with("its version 0 was written by another program"), "{error}");

    let wider = shared.pushed("wider", |mut action| {
        if let Some(data) = action.get_mut("metaData") {
            let schema = data["schemaString"].as_str().unwrap().replace("\"trail\"", "\"note\"");
            data["schemaString"] = schema.into();
        }
        Some(action)
    });
    let error = shared.why(&wider);
    assert!(error.contains("it has the columns") && error.contains("note string, not"), "{error}");
    assert!(wider.push(&shared.second).unwrap_err().to_string().contains("it has the columns"));
}

#[test]
fn rows_that_were_changed_or_deleted_by_others_are_not_pulled() {
    let shared = Shared::new();
    let changed = shared.pushed("changed", |mut action| {
        if let Some(info) = action.get_mut("commitInfo") {
            info["biotope"]["digest"] = "0123456789abcdef".into();
        }
        Some(action)
    });
    let error = shared.why(&changed);
    assert!(error.ends_with("its commit says 0123456789abcdef"), "{error}");

    let vectors = shared.pushed("vectors", |mut action| {
        if action.get("protocol").is_some() {
            let features = serde_json::json!(["deletionVectors"]);
            action = serde_json::json!({ "protocol": {
                "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features
            }});
        }
        if let Some(add) = action.get_mut("add") {
            add["deletionVector"] = serde_json::json!({
                "storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 4, "sizeInBytes": 40,
                "cardinality": 6
            });
        }
        Some(action)
    });
    let error = shared.why(&vectors);
    assert!(error.contains("deletion vector"), "{error}");
    let error = Dataset::open(shared.table("vectors")).unwrap_err().to_string();
    assert!(error.contains("deletion vector"), "{error}");
}
