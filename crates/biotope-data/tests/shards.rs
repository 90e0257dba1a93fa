//! Several machines curate one dataset, and one merges what they made: the bytes are those of one machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;

use std::path::Path;

use biotope_core::{Component, Document, Seed, Silent, Table};
use biotope_data::{
    CurateConfig, Dataset, Documents, Error, Rare, Result, Row, Shard, Source, Store, collect, curate,
    curate_shard, merge_shards,
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

/// 200 texts in two languages: every tenth a reprint, every fifteenth empty, every twelfth without a label.
fn corpus() -> Vec<Document> {
    let doc = |number: usize| {
        let original = if number % 10 == 9 { number - 8 } else { number };
        let mut text = if original % 2 == 0 {
            drawn::words(original, 60).join(" ")
        } else {
            let signs: Vec<char> = "小麦期货周一在芝加哥上涨交易员报告海外需求强劲".chars().collect();
            drawn::drawn(original, 90, &signs).into_iter().collect()
        };
        if number != original {
            text += " 13812345678";
        }
        if number.is_multiple_of(15) {
            text.clear();
        }
        let label = (number % 12 != 5).then(|| ["grain", "原油", "earn"][original % 3].to_owned());
        Document { label, ..Document::new(format!("https://news.example/{number}"), text) }
    };
    (0..200).map(doc).collect()
}

/// Rows as they are read back, the bytes of the version's files in order, and the quarantine.
fn made(store: &Store) -> (Vec<Row>, Vec<Vec<u8>>, String) {
    let path = store.dataset("news").unwrap();
    let dataset = Dataset::open(&path).unwrap();
    let rows = dataset.rows(None).map(Result::unwrap).collect();
    // A name holds the beginning of the content digest and the moment of writing.
    let digest = dataset.digest().unwrap()[..16].to_owned();
    let files = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().contains(&digest)).collect();
    files.sort();
    assert!(!files.is_empty());
    let aside = store.quarantine("news").unwrap().join("curate.jsonl");
    let bytes = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    (rows, bytes, std::fs::read_to_string(aside).unwrap())
}

fn store_of(folder: &Path, docs: Vec<Document>) -> Store {
    let store = Store::open(folder).unwrap();
    collect(&Given(docs), &store, "news", &Silent).unwrap();
    store
}

fn store(folder: &Path) -> Store {
    store_of(folder, corpus())
}

/// The usual configuration, and such as work on the corpus, on earlier versions, or with files and keys.
fn configs(folder: &Path) -> Vec<CurateConfig> {
    let mut lines = CurateConfig::default();
    (lines.lines.boilerplate, lines.lines.paragraphs) = (true, true);
    let dedup = |toml: &str| biotope_core::config::parse(&toml.parse().unwrap()).unwrap();
    std::fs::write(folder.join("labels.csv"), "url,label\nhttps://news.example/5,oil\n").unwrap();
    let file = Component::new("file").with("path", folder.join("labels.csv").display().to_string());
    vec![
        CurateConfig::default(),
        lines,
        CurateConfig { dedup: None, ..CurateConfig::default() },
        CurateConfig { dedup: Some(dedup("against = \"previous\"")), ..CurateConfig::default() },
        CurateConfig { labels: vec![file], rare: Rare::Drop, ..CurateConfig::default() },
    ]
}

#[test]
fn one_two_three_machines_make_the_same_bytes() {
    let files = tempfile::tempdir().unwrap();
    for config in &configs(files.path()) {
        same_bytes(config);
    }
}

fn same_bytes(config: &CurateConfig) {
    // An earlier version, then more documents.
    let grown = |folder: &Path| {
        let store = store_of(folder, corpus().split_off(80));
        curate(&store.raw("news").unwrap(), config, Seed(5), &store, "news", &Silent).unwrap();
        self::store(folder)
    };
    let alone = tempfile::tempdir().unwrap();
    let alone = grown(alone.path());
    let raw = alone.raw("news").unwrap();
    let expected = curate(&raw, config, Seed(5), &alone, "news", &Silent).unwrap();
    assert!(expected.written && expected.set_aside.len() >= 2, "{:?}", expected.set_aside);
    for count in [1, 2, 3] {
        let (folder, shares) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = grown(folder.path());
        let raw = store.raw("news").unwrap();
        let mut seen = 0;
        for index in (1..=count).rev() {
            let shard = Shard::new(index, count).unwrap();
            let report = curate_shard(&raw, config, Seed(5), shard, shares.path(), &Silent).unwrap();
            assert!(report.kept > 0 && report.set_aside > 0);
            seen += report.kept + report.set_aside;
        }
        assert_eq!(seen, 200);
        let merged = merge_shards(&raw, config, Seed(5), shares.path(), &store, "news", &Silent).unwrap();
        assert_eq!(merged, expected, "{count}");
        assert!(made(&store) == made(&alone), "{count} {config:?}");
    }
}

#[test]
fn shares_of_other_rows_files_and_keys_are_refused_by_what_differs() {
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (labels, key) = (files.path().join("labels.csv"), files.path().join("key"));
    let file = Component::new("file").with("path", "asset:labels.csv");
    let secret: Table = format!("file = {:?}", key.display().to_string()).parse().unwrap();
    let mask = Component::new("mask-personal-data").with("key", secret);
    let fetched = [("asset:labels.csv".to_owned(), labels.clone())].into();
    let config = CurateConfig {
        steps: vec![mask],
        labels: vec![file],
        rare: Rare::Drop,
        fetched,
        ..CurateConfig::default()
    };
    let write = |path: &Path, text: &str| std::fs::write(path, text).unwrap();
    write(&labels, "url,label\nhttps://news.example/5,grain\n");
    write(&key, "0123456789abcdef");
    let shares = folder.path().join("shares");
    let share = |index: u32, docs: Vec<Document>, config: &CurateConfig| {
        let other = tempfile::tempdir().unwrap();
        let raw = store_of(other.path(), docs).raw("news").unwrap();
        let shard = Shard::new(index, 2).unwrap();
        curate_shard(&raw, config, Seed(1), shard, &shares, &Silent).unwrap();
    };
    let store = store(folder.path());
    let raw = store.raw("news").unwrap();
    let merge = || merge_shards(&raw, &config, Seed(1), &shares, &store, "news", &Silent);
    let differs = || match merge().unwrap_err() {
        Error::Format { why, .. } => why.replace("share 2/2 was made with another: ", ""),
        other => panic!("{other}"),
    };
    // Another machine has the file elsewhere.
    let elsewhere = files.path().join("elsewhere.csv");
    std::fs::copy(&labels, &elsewhere).unwrap();
    let fetched = [("asset:labels.csv".to_owned(), elsewhere)].into();
    share(1, corpus(), &CurateConfig { fetched, ..config.clone() });
    share(2, corpus(), &config);
    let report = merge().unwrap();
    let about = Dataset::open(store.dataset("news").unwrap()).unwrap().about().unwrap();
    assert!(about["files"]["asset:labels.csv"].is_string() && report.documents > 0, "{about}");
    assert!(!about.to_string().contains(files.path().join("labels.csv").to_str().unwrap()), "{about}");

    let mut docs = corpus();
    docs[3].meta.insert("author".into(), "somebody".into());
    share(2, docs, &config);
    assert_eq!(differs(), "order, source or meta data of the documents");
    share(2, corpus().into_iter().rev().collect(), &config);
    assert_eq!(differs(), "order, source or meta data of the documents");
    share(2, corpus().split_off(1), &config);
    assert_eq!(differs(), "the collected documents, the number of records");
    write(&labels, "url,label\nhttps://news.example/5,oil\n");
    share(2, corpus(), &config);
    write(&labels, "url,label\nhttps://news.example/5,grain\n");
    assert_eq!(differs(), "the contents of \"asset:labels.csv\"");
    write(&key, "another key, long enough");
    share(2, corpus(), &config);
    write(&key, "0123456789abcdef");
    assert_eq!(differs(), "the masking key");
    share(2, corpus(), &config);
    assert!(!merge().unwrap().written);
}

#[test]
fn shares_that_do_not_fit_are_refused() {
    let (folder, shares) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, config) = (store(folder.path()), CurateConfig::default());
    let raw = store.raw("news").unwrap();
    let share = |index, seed| {
        let shard = Shard::new(index, 2).unwrap();
        curate_shard(&raw, &config, Seed(seed), shard, shares.path(), &Silent).unwrap()
    };
    let merge = || merge_shards(&raw, &config, Seed(1), shares.path(), &store, "news", &Silent);
    let why = || match merge().unwrap_err() {
        Error::Format { why, .. } => why,
        other => panic!("{other}"),
    };
    share(1, 1);
    assert_eq!(why(), "share 2/2 is missing or unfinished");
    let second = share(2, 3);
    assert_eq!(why(), "share 2/2 was made with another: the seed");
    share(2, 1);
    // A share that lost its end.
    let outcomes = second.folder.join("outcomes.jsonl");
    let text = std::fs::read_to_string(&outcomes).unwrap();
    std::fs::write(&outcomes, &text[..text.len() / 2]).unwrap();
    assert!(why().starts_with("EOF while parsing"), "{}", why());
    let whole_lines: Vec<&str> = text.split_inclusive('\n').take(3).collect();
    std::fs::write(&outcomes, whole_lines.concat()).unwrap();
    assert!(why().starts_with("no share holds record "), "{}", why());
    let wrong: Error = "4/3".parse::<Shard>().unwrap_err().into();
    assert_eq!(
        wrong.to_string(),
        "invalid shard: must be K/N with K from 1 to N and N at most 1000, got \"4/3\""
    );
    assert!("x".parse::<Shard>().is_err() && "0/0".parse::<Shard>().is_err());
}
