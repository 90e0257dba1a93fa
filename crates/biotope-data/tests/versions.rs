//! Versions: which one is meant, what lies between two, the way back, and who opened the test split.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/news.rs"]
mod news;

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Component, Document};
use biotope_data::versions::diff::{Diff, Difference, What, diff};
use biotope_data::{At, CurateConfig, Dataset, Purpose, Quarantine, Remote, Result, Split};
use news::{curated, doc};

/// Reasons of the quarantine, if it belongs to that version.
fn aside_of(dataset: &Dataset, folder: &Path) -> Option<Vec<String>> {
    let entries = Quarantine::of(&folder.join("quarantine/news"), &dataset.digest().unwrap()).unwrap();
    entries.map(|entries| entries.map(|entry| entry.unwrap().step).collect())
}

fn between(old: &Dataset, new: &Dataset, folder: &Path) -> Diff {
    let aside = Quarantine::of(&folder.join("quarantine/news"), &new.digest().unwrap()).unwrap();
    diff(old, new, aside.into_iter().flatten()).unwrap()
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
    let found = between(&old, &new, folder.path());
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
    assert!(aside_of(&old, folder.path()).is_none());
    assert_eq!(diff(&old, &old, []).unwrap().differences, []);
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
fn a_field_that_changed_names_the_step_or_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let docs: Vec<Document> = (0..40).map(doc).collect();
    let dated = |docs: &[Document]| -> Vec<Document> {
        let date = |doc: &Document| doc.published.clone().or(Some("2026-11-01".into()));
        docs.iter().map(|doc| Document { published: date(doc), ..doc.clone() }).collect()
    };
    let config = CurateConfig::default();
    let old = curated(dated(&docs), &config, folder.path());
    let mut changed = docs.clone();
    changed[0].label = Some("原油".into());
    changed[1].title = Some("标题 write to desk@news.example".into());
    changed[2].published = Some("2026-11-02".into());
    let mut edited = Document::new(docs[5].source.clone(), format!("{} 更正", docs[5].text));
    edited.label = docs[5].label.clone();
    let (was, is) = (docs[5].id, edited.id);
    changed[5] = edited;
    let new = curated(dated(&changed), &config, folder.path());
    let found = between(&old, &new, folder.path());
    let of =
        |found: &Diff, id| -> Difference { found.differences.iter().find(|d| d.id == id).unwrap().clone() };
    for (number, field) in [(0, "label"), (1, "title"), (2, "published")] {
        let difference = of(&found, docs[number].id);
        assert_eq!((difference.what, difference.step.as_str()), (What::Changed, "collect"), "{field}");
        assert!(difference.fields.contains(&field.to_owned()), "{difference:?}");
    }
    let edit = of(&found, is);
    assert_eq!((edit.what, edit.step.as_str()), (What::Changed, "collect"));
    assert_eq!(edit.why, format!("edited at its source, was {was}"));
    assert!(edit.fields.contains(&"text".to_owned()) && !edit.fields.contains(&"cluster".to_owned()));
    assert!(
        !found.counts.contains_key(&What::Added) && !found.counts.contains_key(&What::Removed),
        "{found:?}"
    );

    // Renamed by the configuration, while another label changed at the source.
    let rename = [("原油".to_owned(), "oil".to_owned())].into();
    let renaming = CurateConfig { rename, ..config.clone() };
    let mut again = changed.clone();
    again[3].label = Some("earn".into());
    again[6].label = Some("earn".into());
    let newer = curated(dated(&again), &renaming, folder.path());
    let found = between(&new, &newer, folder.path());
    assert_eq!(of(&found, docs[1].id).step, "rename");
    assert_eq!(of(&found, docs[6].id).step, "collect");
    assert_eq!(
        newer.document(docs[1].id).unwrap().unwrap().trail.last().unwrap().effect,
        "\"oil\", was \"原油\""
    );

    // An article that was edited to nothing.
    again[7] = Document { label: docs[7].label.clone(), ..Document::new(docs[7].source.clone(), "") };
    let last = curated(dated(&again), &renaming, folder.path());
    let gone = of(&between(&newer, &last, folder.path()), docs[7].id);
    assert_eq!((gone.what, gone.step.as_str()), (What::Removed, "limit-length"));
    assert!(gone.why.starts_with("edited at its source, then: "), "{}", gone.why);
}

#[test]
fn another_medium_is_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    let config = CurateConfig { steps: Vec::new(), ..CurateConfig::default() };
    let mut docs: Vec<Document> = (0..30).map(doc).collect();
    let old = curated(docs.clone(), &config, folder.path());
    docs[3].media = biotope_core::MediaType::Html;
    let found = between(&old, &curated(docs.clone(), &config, folder.path()), folder.path());
    let [only] = &found.differences[..] else { panic!("{found:?}") };
    assert_eq!(
        (only.id, only.step.as_str(), &only.fields),
        (docs[3].id, "collect", &vec!["media".to_owned()])
    );
}

#[test]
fn a_quarantine_speaks_of_its_own_version_alone() {
    let (folder, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut docs: Vec<Document> = (0..30).map(doc).collect();
    let first = curated(docs.clone(), &CurateConfig::default(), folder.path());
    docs[4].text = String::new();
    let second = curated(docs.clone(), &CurateConfig::default(), folder.path());
    assert_eq!(aside_of(&second, folder.path()), Some(vec!["limit-length".to_owned()]));
    assert_eq!(aside_of(&first, folder.path()), None);
    first.rollback().unwrap();
    let back = Dataset::open(first.path()).unwrap();
    assert_eq!(aside_of(&back, folder.path()), None);
    // Pulled over it.
    docs.truncate(25);
    let other = curated(docs.clone(), &CurateConfig::default(), there.path());
    let remote = Remote::new(&format!("file://{}/shared", there.path().display())).unwrap();
    remote.push(&other).unwrap();
    remote.pull(None, first.path()).unwrap();
    assert_eq!(aside_of(&Dataset::open(first.path()).unwrap(), folder.path()), None);
    // Curated again, it speaks of the content that this made, whatever the version's number.
    let again = curated((0..30).map(doc).collect(), &CurateConfig::default(), folder.path());
    assert_eq!((again.version(), aside_of(&again, folder.path())), (4, Some(vec![])));
}

#[test]
fn a_torn_line_is_mended_and_an_end_that_was_cut_off_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = curated((0..40).map(doc).collect(), &CurateConfig::default(), folder.path());
    let open = |why: &str| {
        let purpose = Purpose { who: "a".into(), what: "b".into(), why: why.into() };
        dataset.open_test(&purpose).map(Iterator::count)
    };
    let path = folder.path().join("datasets/news.openings.jsonl");
    open("first").unwrap();
    // The disk was full in the middle of a line, and of a character.
    let torn = [std::fs::read(&path).unwrap(), b"{\"when\":\"\xe5\xb0".to_vec()].concat();
    std::fs::write(&path, torn).unwrap();
    assert_eq!(dataset.openings().unwrap().len(), 1);
    open("second").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!((dataset.openings().unwrap().len(), text.lines().count()), (2, 2));

    let first = text.split_inclusive('\n').next().unwrap();
    std::fs::write(&path, first).unwrap();
    let error = open("third").unwrap_err().to_string();
    assert!(error.ends_with("it has 1 lines of the 2 that were written"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(
        dataset.openings().unwrap_err().to_string().ends_with("it has 0 lines of the 2 that were written")
    );
    // A last line that somebody wrote anew.
    std::fs::write(&path, text.replace("second", "2nd")).unwrap();
    let error = dataset.openings().unwrap_err().to_string();
    assert!(error.ends_with("line 2: it is not the one that was written"), "{error}");
    std::fs::write(&path, &text).unwrap();
    open("fourth").unwrap();
}
