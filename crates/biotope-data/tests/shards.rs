//! Several machines curate one dataset, and one merges what they made: the bytes are those of one machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;

use std::path::Path;

use biotope_core::{Document, Seed, Silent};
use biotope_data::{
    CurateConfig, Dataset, Documents, Error, Result, Row, Shard, Source, Store, collect, curate,
    curate_shard, merge_shards,
};

/// Documents from memory, a bad record among them.
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

/// Rows and quarantine as they are read back.
fn made(store: &Store) -> (Vec<Row>, String) {
    let dataset = Dataset::open(store.dataset("news").unwrap()).unwrap();
    let rows = dataset.rows(None).map(Result::unwrap).collect();
    let aside = store.quarantine("news").unwrap().join("curate.jsonl");
    (rows, std::fs::read_to_string(aside).unwrap())
}

fn store(folder: &Path) -> Store {
    let store = Store::open(folder).unwrap();
    collect(&Given(corpus()), &store, "news", &Silent).unwrap();
    store
}

#[test]
fn one_two_three_machines_make_the_same_bytes() {
    let (alone, config) = (tempfile::tempdir().unwrap(), CurateConfig::default());
    let alone = store(alone.path());
    let raw = alone.raw("news").unwrap();
    let expected = curate(&raw, &config, Seed(5), &alone, "news", &Silent).unwrap();
    assert!(expected.set_aside.len() >= 3, "{:?}", expected.set_aside);
    for count in [1, 2, 3] {
        let (folder, shares) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = store(folder.path());
        let raw = store.raw("news").unwrap();
        let mut seen = 0;
        for index in (1..=count).rev() {
            let shard = Shard::new(index, count).unwrap();
            let report = curate_shard(&raw, &config, Seed(5), shard, shares.path(), &Silent).unwrap();
            assert!(report.kept > 0 && report.set_aside > 0);
            seen += report.kept + report.set_aside;
        }
        assert_eq!(seen, 200);
        let merged = merge_shards(&raw, &config, Seed(5), shares.path(), &store, "news", &Silent).unwrap();
        assert_eq!(merged, expected, "{count}");
        assert_eq!(made(&store), made(&alone), "{count}");
    }
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
    assert_eq!(why(), "share 2/2 was made from other documents, by another configuration, seed or version");
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
