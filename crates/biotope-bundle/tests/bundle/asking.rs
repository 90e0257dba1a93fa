//! Predictions of an opened bundle.

use biotope_bundle::{Answer, Bundle, Predictor};
use biotope_core::Document;
use biotope_core::pack::Budget;
use biotope_nn::{Batch, Example, Mode, decode};
use candle_core::Device;

use crate::support::{Made, TEXTS, zoo};

fn docs() -> Vec<Document> {
    TEXTS.iter().map(|text| Document::new("test", *text)).collect()
}

#[test]
fn every_architecture_predicts_as_before_it_was_saved_to_the_bit() {
    for (component, text) in zoo() {
        let made = Made::new(component, &text);
        made.save("1").unwrap();
        let bundle = Bundle::open(made.folder("1")).unwrap();
        let docs = docs();
        let examples: Vec<Example> = docs
            .iter()
            .map(|doc| Example { id: doc.id, features: made.featurizer.features(doc).unwrap(), target: None })
            .collect();
        let batch = Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu).unwrap();
        let output = made.model.forward(&batch, Mode::Eval).unwrap();
        let expected = decode(&made.task, &output.logits, &batch.ids).unwrap();
        assert_eq!(bundle.predict_clean(&docs).unwrap(), expected, "{}", made.component.name);
        let answers = bundle.predict(&docs).unwrap();
        assert_eq!(
            answers.iter().filter_map(Answer::prediction).collect::<Vec<_>>(),
            expected.iter().collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_budget_changes_batches_and_not_answers() {
    for (component, text) in zoo() {
        let made = Made::new(component, &text);
        made.save("1").unwrap();
        let bundle = Bundle::open(made.folder("1")).unwrap();
        let all = bundle.predict_clean(&docs()).unwrap();
        let alone = bundle.with_budget(Budget { tokens: 1, examples: 1 }).predict_clean(&docs()).unwrap();
        for (a, b) in all.iter().zip(&alone) {
            let apart = a.scores.iter().zip(&b.scores).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(apart < 1e-6, "{}: {apart}", made.component.name);
        }
    }
}

#[test]
fn a_page_goes_through_the_steps_and_may_be_refused() {
    let made = Made::linear();
    made.save("1").unwrap();
    let bundle = Bundle::open(made.folder("1")).unwrap();
    let docs = [
        Document::new("a", "Wheat   exports\u{a0}rise"),
        Document::new("b", "no"),
        Document::new("c", "Wheat exports rise"),
    ];
    let answers = bundle.predict(&docs).unwrap();
    let Answer::Refused(reason) = &answers[1] else { panic!("{:?} should have been refused", answers[1]) };
    assert_eq!(reason.step, "limit-length");
    let scores = |index: usize| &answers[index].prediction().unwrap().scores;
    assert_eq!(scores(0), scores(2), "the steps make both the same");
    assert_eq!(answers[0].prediction().unwrap().id, docs[0].id);
    assert_eq!(bundle.clean(&docs[1]).unwrap_err(), *reason);
}

#[test]
fn an_empty_list_an_empty_text_and_ten_megabytes() {
    let mut made = Made::linear();
    made.steps = Vec::new();
    made.save("1").unwrap();
    let bundle = Bundle::open(made.folder("1")).unwrap();
    assert_eq!(bundle.predict(&[]).unwrap(), []);
    assert!(bundle.predict(&[Document::new("a", "")]).unwrap()[0].prediction().is_some());
    let answers = bundle.predict(&[Document::new("a", "小麦".repeat(2_000_000))]).unwrap();
    let Answer::Refused(reason) = &answers[0] else { panic!("12 MB should have been refused") };
    assert!(reason.why.starts_with("text of 12000000 bytes"), "{}", reason.why);
}

#[test]
fn an_explanation_weighs_words_by_leaving_them_out() {
    for (component, text) in zoo() {
        let made = Made::new(component, &text);
        made.save("1").unwrap();
        let bundle = Bundle::open(made.folder("1")).unwrap();
        let doc = Document::new("a", TEXTS[0]);
        let explanation = bundle.explain(&doc, Some(1), 50).unwrap();
        assert_eq!((explanation.label, explanation.words.len()), (1, 8), "{}", made.component.name);
        let (word, weight) = &explanation.words[0];
        let without =
            TEXTS[0].split(' ').filter(|other| other.to_lowercase() != *word).collect::<Vec<_>>().join(" ");
        let whole = explanation.answer.prediction().unwrap().scores[1];
        let rest = bundle.predict(&[Document::new("a", without)]).unwrap()[0].prediction().unwrap().scores[1];
        assert!((whole - rest - weight).abs() < 1e-6, "{}: {word} {weight}", made.component.name);
        let refused = bundle.explain(&Document::new("a", "no"), None, 50).unwrap();
        assert!(refused.words.is_empty() && refused.answer.prediction().is_none());
    }
}
