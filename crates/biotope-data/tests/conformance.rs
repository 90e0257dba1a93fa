//! What every entry of every registry keeps to.

use biotope_core::{Component, Document, Registry, Table, config};
use biotope_data::{Verdict, build_source, build_step, labels, sources, splits, steps};

fn names<B: Clone>(registry: &Registry<B>) -> Vec<&'static str> {
    registry.entries().iter().map(|entry| entry.name).collect()
}

/// Names are sorted and kebab-case, summaries are there, and unknown keys are refused with advice.
fn check<B: Clone>(registry: &Registry<B>, build: impl Fn(&B, &Table) -> Option<biotope_data::Error>) {
    let mut sorted = names(registry);
    sorted.sort_unstable();
    assert_eq!(names(registry), sorted);
    for entry in registry.entries() {
        assert!(
            entry.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{}",
            entry.name
        );
        assert!(!entry.summary.is_empty(), "{}", entry.name);
        let defaults = (entry.defaults)();
        let key = defaults.keys().next().unwrap_or_else(|| panic!("{} has no option", entry.name)).clone();
        let mut wrong = Table::new();
        wrong.insert(format!("{key}x"), true.into());
        let error = build(&entry.build, &wrong).unwrap_or_else(|| panic!("{} takes any key", entry.name));
        assert_eq!(
            error.to_string(),
            format!("invalid {key}x: is not a known key, got \"{key}x\""),
            "{}",
            entry.name
        );
        assert!(error.hint().is_some(), "{}", entry.name);
    }
}

#[test]
fn sources_keep_to_the_contract() {
    let expected = ["csv", "feed", "json-lines", "parquet", "sql", "text-folder", "warc", "web"];
    let built = expected.into_iter().filter(|name| *name != "sql" || cfg!(feature = "sql"));
    assert_eq!(names(&sources()), built.collect::<Vec<_>>());
    check(&sources(), |build, table| build(table).err());
    for entry in sources().entries() {
        let error =
            build_source(&Component::new(entry.name)).err().expect("a source without a place is refused");
        assert!(matches!(error, biotope_data::Error::Invalid(_)), "{error}");
    }
}

#[test]
fn splits_keep_to_the_contract() {
    assert_eq!(names(&splits()), ["given", "k-fold", "source", "stratified", "time"]);
    check(&splits(), |build, table| build(table).err());
}

#[test]
fn labels_keep_to_the_contract() {
    assert_eq!(names(&labels()), ["file", "meta", "url"]);
    check(&labels(), |build, table| (build.open)(table).err());
}

/// Documents that steps meet: pages, texts, nothing, noise, English and Chinese.
fn documents() -> Vec<Document> {
    let article = "<html><body><article><p>Wheat futures rose on Monday after strong demand from abroad, traders said. \
                   Call 555-123-4567.</p></article></body></html>";
    let texts = [
        "",
        " ",
        "Wheat & oats &amp; 13812345678",
        "小麦期货周一上涨\u{200b}，交易员说。",
        "\0\u{fffd}\u{202e}x",
        "a@b.co",
    ];
    let mut docs: Vec<Document> = texts.iter().map(|text| Document::new("s", *text)).collect();
    docs.extend(
        ["", "<", "<p>", article, "<html><body>小麦</body></html>"].map(|html| Document::page("s", html)),
    );
    docs
}

#[test]
fn steps_keep_to_the_contract() {
    assert_eq!(
        names(&steps()),
        [
            "extract-article",
            "filter-c4",
            "filter-fineweb",
            "filter-gopher-quality",
            "filter-gopher-repetition",
            "filter-terms",
            "filter-urls",
            "identify-language",
            "limit-length",
            "mask-personal-data",
            "normalize-text",
            "repair-unicode",
        ]
    );
    check(&steps(), |build, table| build(table).err());
    for entry in steps().entries() {
        let step = build_step(&Component::new(entry.name)).unwrap();
        assert_eq!(step.name(), entry.name);
        let defaults = Component { name: entry.name.into(), options: (entry.defaults)() };
        let filled_in = build_step(&defaults).unwrap();
        for doc in documents() {
            let (id, source) = (doc.id, doc.source.clone());
            let verdict = step.apply(doc.clone());
            assert_eq!(verdict, step.apply(doc.clone()), "{} is not pure", entry.name);
            assert_eq!(verdict, filled_in.apply(doc.clone()), "{} differs with its defaults", entry.name);
            let (Verdict::Keep(after) | Verdict::Drop(after, _)) = &verdict;
            assert_eq!((after.id, &after.source), (id, &source), "{} renames documents", entry.name);
            if let Some(reason) = verdict.reason() {
                assert_eq!(reason.step, entry.name);
                assert!(!reason.why.is_empty());
            }
            let Some(once) = verdict.kept() else { continue };
            let Some(twice) = step.apply(once.clone()).kept() else {
                panic!("{} drops what it kept", entry.name)
            };
            assert_eq!(
                (twice.text, twice.title),
                (once.text, once.title),
                "{} twice is not once",
                entry.name
            );
        }
    }
}

#[test]
fn the_default_steps_travel_as_a_table() {
    let steps = biotope_data::CurateConfig::default().steps;
    let pipeline = biotope_data::Pipeline::open(&steps).unwrap();
    let mut table = Table::new();
    table.insert("steps".into(), toml::Value::try_from(pipeline.components()).unwrap());
    let text = toml::to_string(&table).unwrap();
    let read: Vec<Component> = text.parse::<Table>().unwrap()["steps"].clone().try_into().unwrap();
    assert_eq!(read, steps);
    assert!(config::to_table(&biotope_data::CurateConfig::default()).contains_key("steps"));
}
