//! Work on the corpus: duplicates by any number of threads and any budget, lines of a site, paragraphs, leaks.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;
#[path = "support/given.rs"]
mod given;

use std::path::Path;

use biotope_core::{Component, Document, Seed, Silent};
use biotope_data::dedup::{Against, DedupConfig, LeakRule};
use biotope_data::split::Split;
use biotope_data::{CurateConfig, CurateReport, Dataset, Error, Quarantine, Result, Store, curate_from};
use given::Given;

const CHINESE: &str =
    "小麦期货周一在芝加哥上涨此前交易员报告海外需求强劲分析人士表示收成将决定能否持续到秋季港口库存下降";

fn text(number: usize) -> String {
    if number % 2 == 1 {
        drawn::drawn(number, 150, &CHINESE.chars().collect::<Vec<_>>()).into_iter().collect()
    } else {
        drawn::words(number, 90).join(" ")
    }
}

fn doc(source: &str, text: &str, label: &str) -> Document {
    Document { label: Some(label.into()), ..Document::new(source, text) }
}

/// Originals and reprints with one word in thirty changed.
fn corpus() -> Vec<Document> {
    let reprint = |n: usize| text(n).replace("wheat", "oats").replace('小', "大");
    let original =
        (0..300).map(|n| doc(&format!("https://a.example/{n}"), &text(n), ["grain", "原油"][n % 2]));
    let copies = (0..300)
        .step_by(4)
        .map(|n| doc(&format!("https://b.example/{n}"), &reprint(n), ["grain", "原油"][n % 2]));
    original.chain(copies).collect()
}

fn plain() -> CurateConfig {
    CurateConfig { steps: vec![Component::new("normalize-text")], ..CurateConfig::default() }
}

fn run(docs: Vec<Document>, config: &CurateConfig, folder: &Path) -> Result<CurateReport> {
    curate_from(&Given(docs), config, Seed(7), &Store::open(folder)?, "news", &Silent)
}

fn aside(folder: &Path) -> Vec<(String, String, String)> {
    let all = Quarantine::read(&folder.join("quarantine/news")).unwrap();
    all.into_iter().map(|entry| (entry.source, entry.step, entry.why)).collect()
}

#[test]
fn threads_and_budgets_change_nothing() {
    let mut results = Vec::new();
    for (threads, memory_mb) in [(1, 256), (2, 256), (4, 256), (2, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = plain();
        config.lines.boilerplate = true;
        config.lines.paragraphs = true;
        config.dedup = Some(DedupConfig { memory_mb, ..DedupConfig::default() });
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let report = pool.install(|| run(corpus(), &config, folder.path())).unwrap();
        let quarantine = std::fs::read(folder.path().join("quarantine/news/curate.jsonl")).unwrap();
        results.push((report.digest, report.clusters, quarantine));
    }
    assert!(results[0].1 > 15, "{}", results[0].1);
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn the_one_that_stays_says_for_how_many_and_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut docs = corpus();
    docs.push(doc("https://c.example/1", &docs[0].text.clone(), "grain"));
    docs.iter_mut().take(1).for_each(|doc| doc.published = Some("1987-03-01".into()));
    run(docs, &plain(), folder.path()).unwrap();
    let rows: Vec<_> = Dataset::open(folder.path().join("datasets/news")).unwrap().rows(None).collect();
    let first =
        rows.iter().map(|row| row.as_ref().unwrap()).find(|row| row.doc.source == "https://a.example/0");
    let effect = &first.unwrap().doc.trail.last().unwrap().effect;
    assert!(effect.ends_with("others that are the same: the earliest published"), "{effect}");
}

#[test]
fn one_address_is_one_document_if_the_texts_agree_somewhat() {
    let folder = tempfile::tempdir().unwrap();
    let mut docs = corpus();
    docs.truncate(40);
    let half: Vec<&str> = docs[2].text.split(' ').take(70).collect();
    docs.push(doc(
        "http://www.a.example/2/?utm_source=x",
        &format!("{} updated since", half.join(" ")),
        "grain",
    ));
    docs.push(doc(
        "https://a.example/4#top",
        "Another text altogether stands at the same address today.",
        "grain",
    ));
    let report = run(docs, &plain(), folder.path()).unwrap();
    assert_eq!(report.documents, 41);
    let aside = aside(folder.path());
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].0, "http://www.a.example/2/?utm_source=x");
    assert!(aside[0].2.starts_with("near-duplicate (similarity 0.7"), "{aside:?}");
}

#[test]
fn what_contains_a_test_document_is_set_aside_or_stops_the_run() {
    let split = Component::new("time").with("test_from", "1987-04-01");
    let dated = |doc: Document, day: &str| Document { published: Some(day.into()), ..doc };
    let mut docs: Vec<Document> = corpus().into_iter().take(60).map(|doc| dated(doc, "1987-03-02")).collect();
    for number in [400, 401] {
        let test = doc(&format!("test{number}"), &text(number), "grain");
        docs.push(dated(test, "1987-04-02"));
        let digest = format!("{}\n{}\n{}", text(number + 10), text(number), text(number + 20));
        docs.push(dated(doc(&format!("digest{number}"), &digest, "grain"), "1987-03-03"));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut config = CurateConfig { split, ..plain() };
    run(docs.clone(), &config, folder.path()).unwrap();
    let set_aside = aside(folder.path());
    let told: Vec<_> = set_aside.iter().map(|(source, step, _)| (source.as_str(), step.as_str())).collect();
    assert_eq!(told, [("digest400", "leak"), ("digest401", "leak")]);
    assert!(set_aside[1].2.starts_with("contains 100 % of a test document, "), "{set_aside:?}");
    config.dedup.as_mut().unwrap().leaks = LeakRule::Error;
    let error = run(docs, &config, folder.path()).unwrap_err();
    assert!(matches!(error, Error::Leak { count: 2, .. }), "{error}");
}

#[test]
fn lines_of_a_site_and_repeated_paragraphs_go_before_duplicates_are_sought() {
    let folder = tempfile::tempdir().unwrap();
    let page = |n: usize| {
        let text = format!("首页 > 财经\n{}\nSubscribe to our newsletter", text(n));
        doc(&format!("https://a.example/{n}"), &text, ["grain", "原油"][n % 2])
    };
    let mut config = plain();
    config.lines.boilerplate = true;
    let report = run((0..30).map(page).collect(), &config, folder.path()).unwrap();
    assert_eq!(report.documents, 30);
    for row in Dataset::open(folder.path().join("datasets/news")).unwrap().rows(None) {
        let doc = row.unwrap().doc;
        assert!(!doc.text.contains("首页") && !doc.text.contains("Subscribe"), "{}", doc.text);
        assert_eq!(doc.trail.last().unwrap().step, "boilerplate");
    }
}

/// The same documents of a version, with what was added, whether its sketches were kept or have to be made again.
#[test]
fn new_documents_are_held_against_the_former_version() {
    let mut config = plain();
    config.dedup = Some(DedupConfig { against: Against::Previous, ..DedupConfig::default() });
    let mut digests = Vec::new();
    for keep_sketches in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let first = run(corpus(), &config, folder.path()).unwrap();
        let path = folder.path().join("datasets/news");
        let split_of = |source: &str| {
            let rows = Dataset::open(&path).unwrap().rows(None);
            rows.map(Result::unwrap).find(|row| row.doc.source == source).map(|row| row.split)
        };
        let test = Dataset::open(&path).unwrap().rows(Split::Test).next().unwrap().unwrap().doc;
        let old = Dataset::open(&path).unwrap().rows(Split::Train).next().unwrap().unwrap().doc;
        assert_eq!(std::fs::read_dir(path.join("_sketches")).unwrap().count(), 1);
        if !keep_sketches {
            std::fs::remove_dir_all(path.join("_sketches")).unwrap();
        }
        let new = vec![
            doc("https://c.example/copy", &old.text, "grain"),
            doc("https://c.example/quote", &format!("{} 再版", test.text), "grain"),
            doc("https://c.example/new", &text(900), "grain"),
            doc("https://c.example/新", &text(901), "原油"),
        ];
        let second = run(new.clone(), &config, folder.path()).unwrap();
        assert_eq!((second.seen, second.documents, second.version), (4, first.documents + 2, 1));
        let aside = aside(folder.path());
        assert_eq!(aside[0].2, format!("copy of {} of an earlier version", old.id));
        assert_eq!(aside[1].2, format!("near-duplicate of a test document, {}", test.id));
        assert_eq!((split_of(&old.source), split_of(&test.source)), (Some(Split::Train), Some(Split::Test)));
        assert!(split_of("https://c.example/新").is_some());
        let again = run(new, &config, folder.path()).unwrap();
        assert_eq!((again.version, again.written, &again.digest), (1, false, &second.digest));
        digests.push(second.digest);
    }
    assert_eq!(digests[0], digests[1]);
}
