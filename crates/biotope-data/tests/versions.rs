//! Versions: which one is meant, what lies between two, the way back, and who opened the test split.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Component, Document, Seed, Silent};
use biotope_data::versions::diff::{What, diff, reasons};
use biotope_data::{
    At, CurateConfig, Dataset, Documents, Purpose, Quarantine, Remote, Result, Source, Split, Store,
    curate_from,
};

/// Documents from memory.
struct Given(Vec<Document>);

impl Source for Given {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new(self.0.iter().cloned().map(Ok)))
    }

    fn describe(&self) -> String {
        "memory".into()
    }
}

fn doc(number: usize) -> Document {
    let text = match number % 2 {
        0 => drawn::words(number, 60).join(" "),
        _ => drawn::drawn(
            number,
            90,
            &"小麦期货周一在芝加哥上涨交易员报告海外需求强劲".chars().collect::<Vec<_>>(),
        )
        .into_iter()
        .collect(),
    };
    let label = if number.is_multiple_of(3) { "grain" } else { "原油" };
    Document { label: Some(label.into()), ..Document::new(format!("https://news.example/{number}"), text) }
}

fn curated(docs: Vec<Document>, config: &CurateConfig, folder: &Path) -> Dataset {
    let store = Store::open(folder).unwrap();
    curate_from(&Given(docs), config, Seed(42), &store, "news", &Silent).unwrap();
    Dataset::open(store.dataset("news").unwrap()).unwrap()
}

#[test]
fn a_diff_says_what_came_what_went_what_changed_and_by_which_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut docs: Vec<Document> = (0..40).map(doc).collect();
    docs[4].text += " write to desk@news.example";
    let old = curated(docs.clone(), &CurateConfig::default(), folder.path());
    docs.remove(7);
    docs.push(doc(50));
    docs[3].text = String::new();
    docs[3].label = Some("grain".into());
    let steps = ["extract-article", "normalize-text", "limit-length"].map(Component::new).to_vec();
    let split = Component::new("stratified").with("test", 0.1).with("valid", 0.0);
    let config = CurateConfig { steps, split, ..CurateConfig::default() };
    let new = curated(docs, &config, folder.path());
    let aside = Quarantine::read(&folder.path().join("quarantine/news")).unwrap();
    let found = diff(&old, &new, reasons(&new, &aside).unwrap()).unwrap();
    assert_eq!((found.versions, found.rows), ([0, 1], [40, 39]));
    assert_eq!((found.counts[&What::Added], found.counts[&What::Removed]), (1, 2));
    let of = |id| found.differences.iter().find(|d| d.id == id).unwrap();
    assert_eq!((of(doc(7).id).step.as_str(), of(doc(3).id).step.as_str()), ("collect", "limit-length"));
    assert!(of(doc(3).id).why.contains("character"), "{}", of(doc(3).id).why);
    let masked = of(doc(4).id);
    assert_eq!((masked.what, masked.step.as_str()), (What::Changed, "mask-personal-data"));
    assert!(masked.fields.contains(&"text".to_owned()));
    assert!(found.steps["split"] > 0 && found.fields["split"] > 0, "{found:?}");
    let keys: Vec<&str> = found.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert!(keys.contains(&"config.split.valid") && keys.contains(&"config.steps[2].use"), "{keys:?}");
    // The quarantine is of version 1; it says nothing of the way back.
    assert!(reasons(&old, &aside).unwrap().is_empty());
    assert_eq!(diff(&old, &old, &[]).unwrap().differences, []);
}

#[test]
fn the_way_back_is_a_new_version_with_the_old_content() {
    let folder = tempfile::tempdir().unwrap();
    let first = curated((0..30).map(doc).collect(), &CurateConfig::default(), folder.path());
    let before = jiff::Timestamp::now();
    std::thread::sleep(std::time::Duration::from_millis(5));
    let second = curated((5..40).map(doc).collect(), &CurateConfig::default(), folder.path());
    let path = first.path();
    assert!(!second.rollback().unwrap().written);
    let back = first.rollback().unwrap();
    assert_eq!((back.version, back.written, back.rows), (2, true, 30));
    let newest = Dataset::open(path).unwrap();
    assert_eq!((newest.version(), newest.digest().unwrap()), (2, first.digest().unwrap()));
    let rows = |dataset: &Dataset| dataset.rows(None).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(rows(&newest), rows(&first));
    assert_eq!(newest.history().unwrap()[0].operation, "RESTORE");
    assert_eq!(newest.about().unwrap()["rollback_to"], 0);
    // Clearing leaves the files that the newest version took over from the oldest.
    newest.clear_old_versions(1, &[].into()).unwrap();
    assert_eq!(rows(&Dataset::open(path).unwrap()).len(), 30);
    assert!(Dataset::open_at(path, 1).is_err());
    // By time: what was the newest at a moment.
    assert_eq!(Dataset::open_as(path, At::Time(before)).unwrap().version(), 0);
    assert_eq!(Dataset::open_as(path, At::Newest).unwrap().version(), 2);
    let error = Dataset::open_as(path, At::Time(jiff::Timestamp::UNIX_EPOCH)).unwrap_err();
    assert!(
        error.to_string().starts_with("invalid version: must not lie before the first version, "),
        "{error}"
    );
}

#[test]
fn a_record_is_found_with_its_versions_and_its_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let dedup = CurateConfig { dedup: None, ..CurateConfig::default() };
    let first = curated((0..300).map(doc).collect(), &dedup, folder.path());
    curated((10..300).map(doc).collect(), &dedup, folder.path());
    let newest = Dataset::open(first.path()).unwrap();
    assert_eq!(newest.versions_with(doc(3).id).unwrap(), [0]);
    assert_eq!(newest.versions_with(doc(12).id).unwrap(), [0, 1]);
    assert_eq!(newest.document(doc(3).id).unwrap(), None);
    let found = newest.document(doc(211).id).unwrap().unwrap();
    assert_eq!((found.source, found.label), (doc(211).source, doc(211).label));
    let rows = newest.rows_of(&[doc(299).id, doc(12).id, doc(3).id]).unwrap();
    assert_eq!(rows.iter().map(|row| row.doc.id).collect::<Vec<_>>(), [doc(12).id, doc(299).id]);
    assert_eq!(newest.members(doc(12).id).unwrap().len(), 1);
}

#[test]
fn every_opening_of_the_test_split_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = curated((0..40).map(doc).collect(), &CurateConfig::default(), folder.path());
    let digest = dataset.digest().unwrap();
    assert_eq!(dataset.openings().unwrap(), []);
    let purpose = |why: &str| Purpose { who: "编辑".into(), what: "run a".into(), why: why.into() };
    let counted = dataset.open_test(&purpose("first look")).unwrap().count();
    assert_eq!(counted, dataset.rows(Split::Test).count());
    drop(dataset.open_test(&purpose("second look")).unwrap());
    let openings = dataset.openings().unwrap();
    assert_eq!(
        openings.iter().map(|o| o.purpose.why.as_str()).collect::<Vec<_>>(),
        ["first look", "second look"]
    );
    assert_eq!((&openings[1].digest, dataset.digest().unwrap()), (&digest, digest.clone()));
    let error = dataset.rows_to_learn(Split::Test).err().unwrap();
    assert!(error.to_string().ends_with("datasets/news is sealed"), "{error}");
    assert!(dataset.rows_to_learn(Split::Valid).unwrap().count() > 0);
    // Who takes a line out is found out.
    let path = folder.path().join("datasets/news.openings.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.split_inclusive('\n').skip(1).collect::<Vec<_>>().concat()).unwrap();
    let error = dataset.openings().unwrap_err().to_string();
    assert!(error.ends_with("line 1: the line before was changed or taken out"), "{error}");
}

#[test]
fn openings_at_once_each_leave_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = curated((0..40).map(doc).collect(), &CurateConfig::default(), folder.path());
    std::thread::scope(|scope| {
        for n in 0..8 {
            let dataset = &dataset;
            let purpose = Purpose { who: n.to_string(), what: "race".into(), why: "test".into() };
            scope.spawn(move || dataset.open_test(&purpose).unwrap().count());
        }
    });
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    dataset.openings().unwrap().into_iter().for_each(|o| *by.entry(o.purpose.who).or_default() += 1);
    assert_eq!(by.len(), 8);
}

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
