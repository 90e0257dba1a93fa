//! What every entry of the registry must hold.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::{Component, Document, Features, pack::Budget};
use biotope_text::{Featurizer, batches, featurizers, open_featurizer, train_featurizer};
use proptest::prelude::*;

/// News that nobody printed, in two languages.
fn corpus() -> Vec<String> {
    let subjects =
        ["wheat", "crude oil", "the central bank", "a tanker", "café owners", "the ministry's envoy"];
    let verbs = ["rose", "fell", "announced a merger", "left the port", "raised its rate", "déjà vu"];
    let chinese =
        ["小麦价格上涨", "原油价格下跌", "中央银行提高利率", "油轮离开港口", "公司宣布合并", "部长访问欧洲"];
    (0..90)
        .map(|at| {
            let (subject, verb) = (subjects[at % 6], verbs[at * at % 6]);
            match at % 3 {
                0 => format!("{subject} {verb}, analysts said on day {at}."),
                1 => format!("{}，{}。第{at}天", chinese[at / 3 % 6], chinese[at / 6 % 6]),
                _ => format!("{subject} {verb}；{}😀 ＮＥＷＳ {at}", chinese[at / 3 % 6]),
            }
        })
        .collect()
}

/// A small one of each kind; `pretrained` opens what `wordpiece` saved to `folder`.
fn components(folder: &Path) -> Vec<Component> {
    let mut all: Vec<Component> =
        featurizers().entries().iter().map(|entry| Component::new(entry.name)).collect();
    for component in &mut all {
        let small: &[(&str, i64)] = match component.name.as_str() {
            "bpe" => &[("vocab_size", 400)],
            "ngrams" => &[("bits", 16), ("char_min", 3), ("char_max", 4)],
            "pretrained" => &[],
            "unigram" => &[("vocab_size", 200)],
            _ => &[("vocab_size", 250)],
        };
        for (key, value) in small {
            component.options.insert((*key).to_owned(), (*value).into());
        }
    }
    train(&Component::new("wordpiece").with("vocab_size", 250)).save(folder).unwrap();
    let path = folder.to_str().unwrap();
    for component in all.iter_mut().filter(|component| component.name == "pretrained") {
        *component = component.clone().with("path", path);
    }
    all.push(Component::new("word").with("vocab_size", 250).with("han_bigrams", true));
    all.push(Component::new("wordpiece").with("vocab_size", 250).with("add_special", false));
    all
}

fn train(component: &Component) -> Box<dyn Featurizer> {
    train_featurizer(component, &mut corpus().into_iter())
        .unwrap_or_else(|error| panic!("{}: {error}", component.name))
}

fn each(check: impl Fn(&str, &Component, &dyn Featurizer)) {
    let folder = tempfile::tempdir().unwrap();
    for component in components(folder.path()) {
        check(&component.name, &component, train(&component).as_ref());
    }
}

fn files(featurizer: &dyn Featurizer) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    featurizer.save(folder.path()).unwrap();
    let entries = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    entries.map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap())).collect()
}

fn with_length(component: &Component, max_length: i64) -> Component {
    component.clone().with("max_length", max_length)
}

const TEXTS: &[&str] = &[
    "",
    " \n\t\u{3000}",
    "。，！",
    "😀",
    "\u{0}\u{FFFD}\u{200B}",
    "[CLS] [SEP] [PAD] [UNK] <unk>",
    "wheat prices rose",
    "小麦价格上涨",
    "混合 mixed 文本 text",
    "e\u{301}\u{301}\u{301} Ａ ㍿ ﬁ",
    "Ωμέγα कखग ไทย 한국어 かな",
];

#[test]
fn the_list_is_alphabetic_and_every_default_is_valid() {
    let registry = featurizers();
    let names: Vec<_> = registry.entries().iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["bpe", "ngrams", "pretrained", "unigram", "word", "wordpiece"]);
    for name in names.iter().filter(|name| **name != "pretrained") {
        let defaults = (registry.get(name).unwrap().defaults)();
        let featurizer = train(&Component { name: (*name).to_owned(), options: defaults.clone() });
        assert_eq!(featurizer.component().options, defaults);
    }
}

#[test]
fn training_twice_gives_the_same_bytes_on_one_thread_and_on_three() {
    each(|name, component, first| {
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let expected = files(first);
        for threads in [1, 3] {
            let again = pool(threads).install(|| files(train(component).as_ref()));
            assert!(expected == again, "{name} differs on {threads} threads");
        }
    });
}

#[test]
fn what_was_saved_opens_as_the_same_and_saves_as_the_same() {
    each(|name, _, featurizer| {
        let folder = tempfile::tempdir().unwrap();
        featurizer.save(folder.path()).unwrap();
        let opened = open_featurizer(folder.path()).unwrap();
        assert_eq!(opened.component(), featurizer.component());
        assert_eq!(opened.vocab_size(), featurizer.vocab_size(), "{name}");
        assert!(files(opened.as_ref()) == files(featurizer), "{name}");
        for text in corpus().iter().map(String::as_str).chain(TEXTS.iter().copied()) {
            let (a, b) = (featurizer.text_features(text).unwrap(), opened.text_features(text).unwrap());
            assert_eq!(a, b, "{name}: {text:?}");
        }
    });
}

#[test]
fn no_text_is_empty_and_every_id_is_in_the_vocabulary() {
    each(|name, _, featurizer| {
        for text in TEXTS {
            let features = featurizer.text_features(text).unwrap();
            assert!(!features.is_empty(), "{name}: {text:?}");
            match features {
                Features::Tokens(ids) => {
                    assert!(
                        ids.iter().all(|id| (*id as usize) < featurizer.vocab_size()),
                        "{name}: {text:?}"
                    );
                    assert!(!ids.contains(&0), "{name} pads, or takes a text's [PAD] for one: {text:?}");
                }
                Features::Bag { rows, weights } => {
                    assert!(rows.iter().all(|row| (*row as usize) < featurizer.vocab_size()));
                    assert!(rows.is_sorted_by(|a, b| a < b) && rows.len() == weights.len());
                    let length: f32 = weights.iter().map(|w| w * w).sum();
                    assert!(length == 0.0 || (length - 1.0).abs() < 1e-5, "{text:?}: {length}");
                }
            }
        }
    });
}

#[test]
fn what_an_empty_text_gives() {
    each(|name, component, featurizer| {
        let special = component.options.get("add_special").is_none_or(|value| value.as_bool() == Some(true));
        let expected = match name {
            "ngrams" => Features::Bag { rows: vec![0], weights: vec![0.0] },
            "word" => Features::Tokens(vec![1]),
            _ if special => Features::Tokens(vec![2, 3]),
            _ => Features::Tokens(vec![1]),
        };
        assert_eq!(featurizer.text_features("").unwrap(), expected, "{name}");
    });
}

#[test]
fn the_length_counts_special_tokens() {
    each(|name, component, _| {
        let featurizer = train(&with_length(component, 5));
        let text = "wheat and crude oil rose 小麦价格上涨 again and again";
        let Features::Tokens(ids) = featurizer.text_features(text).unwrap() else { return };
        assert_eq!(ids.len(), 5, "{name}");
        let specials = ids[0] == 2 && ids[4] == 3;
        let added = name != "word" && component.options.get("add_special").is_none();
        assert_eq!(specials, added, "{name}: {ids:?}");
    });
}

#[test]
fn chinese_is_cut_without_spaces() {
    each(|name, _, featurizer| {
        let features = featurizer.text_features("小麦价格上涨").unwrap();
        assert!(features.len() >= 3, "{name}: {features:?}");
        if let Features::Tokens(ids) = features {
            let unknown = ids.iter().filter(|id| **id == 1).count();
            assert_eq!(unknown, 0, "{name}: {ids:?}");
        }
    });
}

#[test]
fn ten_megabytes_cost_no_more_than_their_head() {
    let text = "小麦 wheat rose ".repeat(600_000);
    assert!(text.len() > 10 << 20);
    let blank = " ".repeat(10 << 20);
    each(|name, _, featurizer| {
        let whole = featurizer.features(&Document::new("big", text.as_str())).unwrap();
        let most = featurizer.component().options["max_length"].as_integer().unwrap() as usize;
        assert!(name == "ngrams" || whole.len() == most, "{name}: {}", whole.len());
        assert!(!featurizer.text_features(&blank).unwrap().is_empty());
    });
}

#[test]
fn many_documents_give_what_each_gives_on_any_number_of_threads() {
    let docs: Vec<Document> = corpus().into_iter().map(|text| Document::new("c", text)).collect();
    each(|name, _, featurizer| {
        let one_by_one: Vec<Features> = docs.iter().map(|doc| featurizer.features(doc).unwrap()).collect();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| featurizer.features_all(&docs)).unwrap(), one_by_one, "{name}");
        }
        let budget = Budget { tokens: 100, examples: 7 };
        let packed: Vec<_> = batches(&one_by_one, budget).collect();
        assert!(packed.iter().all(|batch| batch.ids.len() <= 100 || batch.members.len() == 1));
        let members: Vec<usize> = packed.iter().flat_map(|batch| batch.members.clone()).collect();
        assert_eq!(members, (0..docs.len()).collect::<Vec<_>>(), "{name}");
    });
}

#[test]
fn a_title_is_read_with_its_text() {
    each(|name, _, featurizer| {
        let doc = Document { title: Some("Wheat".to_owned()), ..Document::new("t", "rose") };
        assert_eq!(
            featurizer.features(&doc).unwrap(),
            featurizer.text_features("Wheat\nrose").unwrap(),
            "{name}"
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_saved_word_vocabulary_cuts_alike_in_the_tokenizers_library(text in "(\\PC|[ \\t\\n.,，。小麦oilOIL]){0,60}") {
        thread_local! { static PAIR: (Box<dyn Featurizer>, tokenizers::Tokenizer) = {
            let ours = train(&Component::new("word").with("vocab_size", 250));
            let folder = tempfile::tempdir().unwrap();
            ours.save(folder.path()).unwrap();
            (ours, tokenizers::Tokenizer::from_file(folder.path().join("tokenizer.json")).unwrap())
        } }
        PAIR.with(|(ours, theirs)| {
            let ids = theirs.encode(text.as_str(), true).unwrap().get_ids().to_vec();
            let ids = if ids.is_empty() { vec![1] } else { ids };
            assert_eq!(ours.text_features(&text).unwrap(), Features::Tokens(ids), "{text:?}");
        });
    }

    #[test]
    fn any_text_has_tokens_within_the_length(text in "\\PC{0,200}") {
        thread_local! { static ALL: Vec<Box<dyn Featurizer>> = {
            let folder = tempfile::tempdir().unwrap();
            components(folder.path()).iter().map(|component| train(&with_length(component, 16))).collect()
        } }
        ALL.with(|all| for featurizer in all {
            let features = featurizer.text_features(&text).unwrap();
            let most = if matches!(features, Features::Bag { .. }) { usize::MAX } else { 16 };
            assert!((1..=most).contains(&features.len()), "{text:?}: {features:?}");
        });
    }
}
