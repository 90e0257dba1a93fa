//! From files to a versioned dataset: what is kept, what is set aside, and that it comes out the same every time.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;
#[path = "support/given.rs"]
mod given;

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Component, Document, Seed, Silent, Table};
use biotope_data::dedup::{DedupConfig, cluster};
use biotope_data::split::Split;
use biotope_data::{
    Cleared, CurateConfig, CurateReport, Dataset, Error, Quarantine, Rare, Result, Store, collect, curate,
    curate_from,
};
use given::Given;

const CHINESE: &str =
    "小麦期货周一在芝加哥上涨此前交易员报告海外需求强劲分析人士表示收成将决定能否持续到秋季港口库存下降";

/// A text of its own for every number.
fn text(number: usize, chinese: bool) -> String {
    if chinese {
        drawn::drawn(number, 120, &CHINESE.chars().collect::<Vec<_>>()).into_iter().collect()
    } else {
        drawn::words(number, 80).join(" ")
    }
}

fn doc(number: usize, label: &str, day: &str) -> Document {
    let doc = Document::new(format!("https://news.example/{number}"), text(number, number % 2 == 1));
    Document { label: Some(label.into()), published: Some(day.into()), ..doc }
}

/// 60 documents of two labels over 60 days, with a reprint of every tenth.
fn corpus() -> Vec<Document> {
    let day = |n: usize| format!("1987-{:02}-{:02}", 3 + n / 30, 1 + n % 30);
    let mut docs: Vec<Document> =
        (0..60).map(|n| doc(n, if n % 3 == 0 { "grain" } else { "原油" }, &day(n))).collect();
    for n in (0..60).step_by(10) {
        let mut copy = doc(n, docs[n].label.clone().unwrap().as_str(), &day(59));
        copy.text = format!("{} (reprint)", copy.text);
        copy.id = biotope_core::RecordId::of(&[b"reprint", copy.text.as_bytes()]);
        docs.push(copy);
    }
    docs
}

fn run(docs: Vec<Document>, config: &CurateConfig, folder: &Path) -> Result<(CurateReport, Store)> {
    let store = Store::open(folder)?;
    collect(&Given(docs), &store, "news", &Silent)?;
    let report = curate(&store.raw("news")?, config, Seed(42), &store, "news", &Silent)?;
    Ok((report, store))
}

#[test]
fn duplicates_go_into_quarantine_and_splits_are_filled() {
    let folder = tempfile::tempdir().unwrap();
    let (report, store) = run(corpus(), &CurateConfig::default(), folder.path()).unwrap();
    assert_eq!((report.seen, report.documents, report.clusters), (66, 60, 6));
    assert_eq!(report.set_aside, BTreeMap::from([("duplicate".to_owned(), 6)]));
    assert_eq!(report.splits, BTreeMap::from([(Split::Train, 48), (Split::Valid, 6), (Split::Test, 6)]));
    let dataset = Dataset::open(store.dataset("news").unwrap()).unwrap();
    let labels = dataset.labels().unwrap();
    assert_eq!(
        labels.iter().map(|l| (l.label.as_str(), l.rows[&Split::Test])).collect::<Vec<_>>(),
        [("grain", 2), ("原油", 4)]
    );
    assert_eq!(dataset.rows(Split::Train).count(), 48);
    let aside = Quarantine::read(&store.quarantine("news").unwrap()).unwrap();
    assert!(aside[0].why.starts_with("near-duplicate (similarity 0.9"), "{}", aside[0].why);
    assert!(aside[0].why.ends_with(&doc(0, "", "").id.to_string()));
}

#[test]
fn the_digest_is_the_same_for_any_number_of_threads_and_a_second_run_writes_nothing() {
    let mut digests = Vec::new();
    for threads in [1, 2, 5] {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (report, store) =
            pool.install(|| run(corpus(), &CurateConfig::default(), folder.path())).unwrap();
        assert_eq!((report.version, report.written), (0, true));
        let raw = store.raw("news").unwrap();
        let again = curate(&raw, &CurateConfig::default(), Seed(42), &store, "news", &Silent).unwrap();
        assert_eq!((again.version, again.written, &again.digest), (0, false, &report.digest));
        digests.push(report.digest);
    }
    assert_eq!(digests[0], digests[1]);
    assert_eq!(digests[0], digests[2]);
}

#[test]
fn a_protected_test_split_stays_whole_and_train_loses_what_leaks() {
    // The same text twice in the future, and its near-duplicate in the past.
    let mut docs = corpus();
    docs.truncate(60);
    let twin = |number: usize, source: &str, day: &str| {
        let mut doc = Document { source: source.into(), ..doc(number, "grain", day) };
        doc.id = biotope_core::RecordId::of(&[source.as_bytes(), doc.text.as_bytes()]);
        doc
    };
    docs.push(twin(45, "a", "1987-04-20"));
    docs.push(twin(45, "b", "1987-03-05"));
    docs.push(twin(3, "c", "1987-03-09"));
    let split = Component::new("time").with("test_from", "1987-04-08").with("protect_test", true);
    let folder = tempfile::tempdir().unwrap();
    let (report, store) =
        run(docs.clone(), &CurateConfig { split, ..CurateConfig::default() }, folder.path()).unwrap();
    // Days 37 to 59 and one twin are all there.
    assert_eq!(report.splits[&Split::Test], 23 + 1);
    let aside = Quarantine::read(&store.quarantine("news").unwrap()).unwrap();
    let why: BTreeMap<&str, &str> =
        aside.iter().map(|entry| (entry.source.as_str(), entry.why.as_str())).collect();
    assert_eq!(why.len(), 2);
    assert!(why["b"].starts_with("near-duplicate of a test document"), "{why:?}");
    assert!(why["c"].starts_with("copy of"), "{why:?}");
    // Without protection the earliest of the three stays, and it is in the past.
    let split = Component::new("time").with("test_from", "1987-04-08");
    let folder = tempfile::tempdir().unwrap();
    let (report, _) = run(docs, &CurateConfig { split, ..CurateConfig::default() }, folder.path()).unwrap();
    assert_eq!(report.splits[&Split::Test], 22);
}

#[test]
fn versions_can_be_opened_and_the_history_tells_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let (first, store) = run(corpus(), &CurateConfig::default(), folder.path()).unwrap();
    let mut more = corpus();
    more.push(doc(99, "grain", "1987-03-03"));
    let (second, _) = run(more, &CurateConfig::default(), folder.path()).unwrap();
    assert_eq!((first.version, second.version), (0, 1));
    let path = store.dataset("news").unwrap();
    let rows = |dataset: Dataset| dataset.rows(None).map(|row| row.unwrap().doc.id).collect::<Vec<_>>();
    assert_eq!(rows(Dataset::open_at(&path, 0).unwrap()).len(), 60);
    assert_eq!(rows(Dataset::open(&path).unwrap()).len(), 61);
    let history = Dataset::open(&path).unwrap().history().unwrap();
    let told: Vec<_> = history.iter().map(|v| (v.version, v.rows, v.digest.clone().unwrap())).collect();
    assert_eq!(told, [(1, Some(61), second.digest), (0, Some(60), first.digest)]);
    assert_eq!(history[0].about["seed"], 42);
    let error = Dataset::open_at(&path, 7).unwrap_err();
    assert!(error.to_string().ends_with("datasets/news with version 7"), "{error}");
}

#[test]
fn old_versions_are_cleared_but_for_the_newest_and_those_that_somebody_needs() {
    let folder = tempfile::tempdir().unwrap();
    for more in 0..5 {
        let mut docs = corpus();
        docs.extend((0..more).map(|n| doc(90 + n, "grain", "1987-03-03")));
        run(docs, &CurateConfig::default(), folder.path()).unwrap();
    }
    let path = folder.path().join("datasets/news");
    let rows = |version| Dataset::open_at(&path, version).map(|dataset| dataset.rows(None).count());
    let newest = Dataset::open(&path).unwrap();
    assert_eq!(newest.clear_old_versions(0, &[].into()).unwrap(), Cleared::default());
    let cleared = newest.clear_old_versions(2, &[1].into()).unwrap();
    assert_eq!((cleared.versions, cleared.files), (vec![0, 2], 2));
    assert!(cleared.bytes > 1000);
    assert_eq!([1, 3, 4].map(|version| rows(version).unwrap()), [61, 63, 64]);
    let error = rows(2).unwrap_err();
    assert!(error.to_string().ends_with("datasets/news was cleared away"), "{error}");
    let history: Vec<_> = newest.history().unwrap().iter().map(|v| (v.version, v.cleared)).collect();
    assert_eq!(history, [(4, false), (3, false), (2, true), (1, false), (0, true)]);
    // Again, with fewer; and never the newest, even if an older one asks.
    assert_eq!(newest.clear_old_versions(2, &[1].into()).unwrap(), Cleared::default());
    assert_eq!(newest.clear_old_versions(1, &[].into()).unwrap().versions, [1, 3]);
    assert_eq!(rows(4).unwrap(), 64);
    let same = Dataset::open(&path).unwrap();
    run(corpus(), &CurateConfig::default(), folder.path()).unwrap();
    assert_eq!(same.clear_old_versions(1, &[].into()).unwrap(), Cleared::default());
    assert_eq!([rows(4).unwrap(), rows(5).unwrap()], [64, 60]);
}

#[test]
fn a_run_that_dies_leaves_the_former_version() {
    let folder = tempfile::tempdir().unwrap();
    let (first, store) = run(corpus(), &CurateConfig::default(), folder.path()).unwrap();
    let mut writer = biotope_data::Writer::curated(store.dataset("news").unwrap()).unwrap();
    for row in Dataset::open(store.dataset("news").unwrap()).unwrap().rows(None) {
        writer.push(row.unwrap()).unwrap();
    }
    drop(writer);
    let dataset = Dataset::open(store.dataset("news").unwrap()).unwrap();
    assert_eq!((dataset.version(), dataset.rows(None).count() as u64), (0, first.documents));
    let files = std::fs::read_dir(dataset.path()).unwrap().count();
    assert_eq!(files, 3, "one part, the log and the lock");
}

#[test]
fn a_class_with_one_example_is_named_or_set_aside() {
    let mut docs = corpus();
    docs.push(doc(77, "coffee", "1987-03-03"));
    let folder = tempfile::tempdir().unwrap();
    let error = run(docs.clone(), &CurateConfig::default(), folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "class \"coffee\" has 1 of the 2 examples it needs");
    let config = CurateConfig { rare: Rare::Drop, ..CurateConfig::default() };
    let (report, _) = run(docs.clone(), &config, folder.path()).unwrap();
    assert_eq!((report.documents, report.set_aside["rare-class"]), (60, 1));
    let rename = BTreeMap::from([("coffee".to_owned(), "grain".to_owned())]);
    let (report, _) = run(docs, &CurateConfig { rename, ..CurateConfig::default() }, folder.path()).unwrap();
    assert_eq!(report.documents, 61);
}

#[test]
fn nothing_at_all_is_an_error_with_figures() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let error = collect(&Given(Vec::new()), &store, "news", &Silent).unwrap_err();
    assert_eq!(error.to_string(), "no documents in memory: 0 seen, 0 set aside");
    let unlabelled = vec![Document::new("a", "a text without a label, which is of no use here")];
    let error = curate_from(&Given(unlabelled), &CurateConfig::default(), Seed(1), &store, "news", &Silent)
        .unwrap_err();
    assert_eq!(error.to_string(), "no documents in memory: 1 seen, 1 set aside");
    assert!(matches!(
        Dataset::open(store.dataset("news").unwrap()),
        Err(Error::NoDataset { version: None, .. })
    ));
}

#[test]
fn a_store_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store");
    std::fs::write(&file, "a file where the folder should be").unwrap();
    let error = Store::open(&file).unwrap_err();
    assert!(error.to_string().starts_with("cannot make folder "), "{error}");
}

/// A disk that is full: a folder of a megabyte in memory. Needs the right to mount, so it speaks only where it may.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_the_former_version_and_gives_advice() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| {
        std::process::Command::new("mount")
            .args(args)
            .arg(folder.path())
            .output()
            .is_ok_and(|out| out.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        return;
    }
    let small = run(corpus(), &CurateConfig::default(), folder.path()).map(|(report, _)| report.version);
    let noise = |n: usize| {
        let bytes: Vec<u8> =
            (0..2_000).flat_map(|k| *blake3::hash(format!("{n}/{k}").as_bytes()).as_bytes()).collect();
        let text: String = bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
        Document { label: Some("grain".into()), ..Document::new(format!("s{n}"), text) }
    };
    let large = run((0..100).map(noise).collect(), &CurateConfig::default(), folder.path());
    let kept =
        Dataset::open(folder.path().join("datasets/news.raw")).map(|dataset| dataset.rows(None).count());
    std::process::Command::new("umount").arg(folder.path()).status().unwrap();
    assert_eq!(small.unwrap(), 0);
    let error = large.err().unwrap();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(error.hint().unwrap().starts_with("free some space"), "{:?}", error.hint());
    assert!(kept.is_ok());
}

#[test]
fn a_recipe_reads_as_one_would_write_it() {
    let table: Table = "dedup = { threshold = 0.9 }\nmin_class = 3\nsteps = [{ use = \"normalize-text\", form = \"nfkc\" }]\n\
                        split = { use = \"time\", test_from = \"1987-04-08\" }"
        .parse()
        .unwrap();
    let config: CurateConfig = biotope_core::config::parse(&table).unwrap();
    config.check().unwrap();
    assert_eq!(config.dedup.as_ref().unwrap().threshold, 0.9);
    let again: CurateConfig = biotope_core::config::parse(&biotope_core::config::to_table(&config)).unwrap();
    assert_eq!(again, config);
    let off: CurateConfig = biotope_core::config::parse(&"dedup = false".parse().unwrap()).unwrap();
    assert_eq!(off.dedup, None);
    let wrong = CurateConfig { split: Component::new("time").with("test_from", "soon"), ..config };
    assert_eq!(
        wrong.check().unwrap_err().to_string(),
        "invalid split.test_from: must be a date, got \"soon\""
    );
}

/// Every pair at or above the threshold is found, and no other, in English and in Chinese.
#[test]
fn near_duplicates_are_found_as_by_comparing_all_with_all() {
    let edit = |text: &str, every: usize| -> String {
        let chinese = !text.is_ascii();
        let units: Vec<String> = if chinese {
            text.chars().map(String::from).collect()
        } else {
            text.split(' ').map(str::to_owned).collect()
        };
        let swap = |(n, unit): (usize, &String)| {
            if n % every == every - 1 { "改".to_owned() } else { unit.clone() }
        };
        units.iter().enumerate().map(swap).collect::<Vec<_>>().join(if chinese { "" } else { " " })
    };
    let mut texts = Vec::new();
    for number in 0..40 {
        let text = text(number, number % 2 == 1);
        texts.push(edit(&text, 25 + number));
        texts.push(edit(&text, 10 + number));
        texts.push(text);
    }
    let config = DedupConfig::default();
    let sketcher = biotope_data::dedup::Sketcher::new(&config);
    let sets: Vec<std::collections::BTreeSet<u64>> =
        texts.iter().map(|text| sketcher.sketch(text).shingles.into_iter().collect()).collect();
    let mut expected = Vec::new();
    for a in 0..texts.len() {
        for b in a + 1..texts.len() {
            let shared = sets[a].intersection(&sets[b]).count() as f64;
            if shared / (sets[a].len() + sets[b].len()) as f64 >= 0.8 / 1.8 - 1e-12 {
                expected.push((a as u32, b as u32));
            }
        }
    }
    let ids = texts.iter().map(|text| (biotope_core::RecordId::of(&[text.as_bytes()]), text.clone()));
    let clusters = cluster(ids, &config).unwrap();
    let found: Vec<(u32, u32)> = clusters.pairs().iter().map(|pair| (pair.a, pair.b)).collect();
    assert!(expected.len() >= 20, "{}", expected.len());
    assert_eq!(found, expected);
}
