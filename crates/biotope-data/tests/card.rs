//! The card of a dataset counts what is there, in Markdown and as a page.

#[path = "support/drawn.rs"]
mod drawn;

use biotope_core::{Component, Document, Seed, Silent};
use biotope_data::card::DatasetCard;
use biotope_data::{CurateConfig, Dataset, Documents, Purpose, Result, Source, Split, Store, curate_from};

/// Articles of two houses in two languages, some with personal data, one empty.
struct Paper;

impl Source for Paper {
    fn documents(&self) -> Result<Documents<'_>> {
        let doc = |number: usize| {
            let chinese = number.is_multiple_of(3);
            let mut text = if chinese {
                let signs: Vec<char> = "小麦期货周一在芝加哥上涨交易员报告海外需求强劲".chars().collect();
                drawn::drawn(number, 90, &signs).into_iter().collect()
            } else {
                drawn::words(number, 60).join(" ")
            };
            match number {
                5 => text.clear(),
                7 => text += " write to desk@news.example or call 13812345678",
                _ => {}
            }
            let host = if chinese { "新闻.example" } else { "news.example" };
            let mut doc = Document::new(format!("https://{host}/{number}"), text);
            doc.label = Some(if chinese { "粮|食" } else { "<b>grain" }.into());
            doc.language = Some(if chinese { "zh" } else { "en" }.into());
            doc.published = number.is_multiple_of(2).then(|| format!("2026-{:02}-03", 1 + number % 9));
            if number.is_multiple_of(10) {
                doc.meta.insert("license".into(), "CC_BY `4` ![x](y)*".into());
            }
            Ok(doc)
        };
        Ok(Box::new((0..60).map(doc)))
    }

    fn describe(&self) -> String {
        "paper".into()
    }
}

#[test]
fn a_card_counts_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let split = Component::new("stratified").with("test", 0.2);
    let config = CurateConfig { split, ..CurateConfig::default() };
    curate_from(&Paper, &config, Seed(1), &store, "新闻", &Silent).unwrap();
    let dataset = Dataset::open(store.dataset("新闻").unwrap()).unwrap();
    let purpose = Purpose { who: "a".into(), what: "b".into(), why: "c".into() };
    drop(dataset.open_test(&purpose).unwrap());
    let card = DatasetCard::of(&dataset, "新闻", "cc-by-4.0").unwrap();
    assert_eq!((card.rows, card.openings, card.set_aside.clone().unwrap()["limit-length"]), (59, Some(1), 1));
    assert_eq!((card.languages["zh"], card.languages["en"]), (20, 39));
    assert_eq!(card.sources, [("news.example".to_owned(), 39), ("新闻.example".to_owned(), 20)]);
    assert_eq!(card.licences, [("CC_BY `4` ![x](y)*".to_owned(), 6)]);
    assert_eq!(card.personal_rows, 1);
    assert_eq!(card.personal.values().sum::<u64>(), 2, "{:?}", card.personal);
    assert_eq!(card.splits[&Split::Test], 12);
    assert_eq!(card.months["undated"], 29);
    assert_eq!((card.length.quantiles[2], card.length.bins.iter().map(|b| b.1).sum::<u64>()), {
        let mut lengths: Vec<u64> =
            dataset.rows(None).map(|row| row.unwrap().doc.text.chars().count() as u64).collect();
        lengths.sort_unstable();
        (lengths[29], 59)
    });

    let markdown = card.markdown();
    let front = markdown.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap().0;
    assert!(front.contains("language: [\"en\", \"zh\"]") && front.contains("size_categories: [\"n<1K\"]"));
    assert!(front.contains(&card.files[0]), "{front}");
    assert!(markdown.contains("| 粮\\|食 |") && markdown.contains("| &lt;b>grain |"), "{markdown}");
    assert!(markdown.contains(r"CC\_BY \`4\` \!\[x\](y)\*"), "{markdown}");
    assert!(markdown.contains("[[steps]]"), "{markdown}");
    assert!(!markdown.contains("desk@") && !card.html().contains("desk@"));

    let html = card.html();
    assert!(html.contains("<svg") && html.contains("&lt;b&gt;grain") && !html.contains("<b>grain"));
    assert_eq!(card, DatasetCard::of(&dataset, "新闻", "cc-by-4.0").unwrap());
}

#[test]
fn a_card_of_an_older_version_knows_what_was_set_aside_and_a_damaged_record_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let config = CurateConfig::default();
    curate_from(&Paper, &config, Seed(1), &store, "news", &Silent).unwrap();
    let plain = CurateConfig { steps: Vec::new(), ..config };
    curate_from(&Paper, &plain, Seed(1), &store, "news", &Silent).unwrap();
    let path = store.dataset("news").unwrap();
    let first = Dataset::open_at(&path, 0).unwrap();
    let card = DatasetCard::of(&first, "news", "other").unwrap();
    assert_eq!(card.set_aside, Some([("limit-length".to_owned(), 1)].into()));
    let newest = DatasetCard::of(&Dataset::open(&path).unwrap(), "news", "other").unwrap();
    assert_eq!(newest.set_aside, Some([].into()));
    assert!(
        newest.markdown().contains("Nothing was set aside.")
            && newest.html().contains("Nothing was set aside.")
    );
    let unknown = DatasetCard { set_aside: None, ..newest };
    assert!(unknown.markdown().contains("Not known") && unknown.html().contains("Not known"));

    std::fs::write(store.root().join("datasets/news.openings.jsonl"), "{\"when\": 3}\n").unwrap();
    let card = DatasetCard::of(&first, "news", "other").unwrap();
    assert_eq!(card.openings, None);
    assert!(
        card.markdown().contains("record of openings is damaged") && card.html().contains("record damaged")
    );
}
