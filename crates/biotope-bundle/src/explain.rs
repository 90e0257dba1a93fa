//! Which words mattered: leave each out and watch the score (occlusion; Zeiler and Fergus 2014,
//! Li, Monroe and Jurafsky 2016, "Understanding neural networks through representation erasure").
//!
//! It asks nothing of a model but its scores, so it explains every architecture alike.

use biotope_core::{Document, RecordId};

use crate::{Answer, Error, Explanation, Result, words::Words};

/// Bytes of text that are looked at: words behind them are not weighed, and memory stays bounded.
const MOST_BYTES: usize = 24 * 1024;

/// Documents per call of the predictor.
const CHUNK: usize = 32;

/// What an occlusion calls: one answer per document, in order.
pub type Predict<'a> = dyn FnMut(&[Document]) -> Result<Vec<Answer>> + 'a;

/// Explains a clean document. The weight of a word is `score(all) − score(all but the word)`, where a
/// word goes out at every place at which it stands, whatever its case. Words are weighed in reading
/// order, title first, until `limit` distinct ones are seen; in Chinese and Japanese a word is a
/// character. A variant that the predictor refuses has no weight.
pub fn occlusion(
    doc: &Document,
    label: Option<usize>,
    limit: usize,
    predict: &mut Predict<'_>,
) -> Result<Explanation> {
    let doc = shortened(doc);
    let whole = match predict(std::slice::from_ref(&doc))?.pop() {
        Some(Answer::Predicted(whole)) => whole,
        Some(answer) => {
            return Ok(Explanation { answer, label: label.unwrap_or_default(), words: Vec::new() });
        }
        None => return Err(Error::Predictor("no answer for a document".into())),
    };
    let label = label.or_else(|| whole.best()).unwrap_or_default();
    let base = whole.scores.get(label).copied().unwrap_or_default();
    let words = Words::of(&doc, limit);
    let mut weights = Vec::with_capacity(words.len());
    for chunk in words.names().chunks(CHUNK) {
        let docs: Vec<Document> = chunk.iter().map(|word| words.without(&doc, word)).collect();
        for (word, answer) in chunk.iter().zip(predict(&docs)?) {
            let score = answer.prediction().and_then(|p| p.scores.get(label).copied());
            weights.extend(score.map(|score| (word.clone(), base - score)));
        }
    }
    weights.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then_with(|| a.0.cmp(&b.0)));
    Ok(Explanation { answer: Answer::Predicted(whole), label, words: weights })
}

/// The document with at most [`MOST_BYTES`] of text, under its own id.
fn shortened(doc: &Document) -> Document {
    let id: RecordId = doc.id;
    let text = doc.text[..doc.text.floor_char_boundary(MOST_BYTES)].to_owned();
    let (source, title, language) = (doc.source.clone(), doc.title.clone(), doc.language.clone());
    Document { id, source, title, language, text, media: doc.media, ..Document::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::Prediction;

    /// Scores by hand: "wheat" and 麦 are worth 0.5 each, "oil" costs 0.25.
    fn toy(docs: &[Document]) -> Vec<Answer> {
        let score = |doc: &Document| {
            let text = doc.full_text().to_lowercase();
            let has = |word| f64::from(u8::from(text.contains(word)));
            0.25 + 0.5 * has("wheat") + 0.5 * has("麦") - 0.25 * has("oil")
        };
        let answer = |doc: &Document| Prediction { id: doc.id, scores: vec![1.0 - score(doc), score(doc)] };
        docs.iter().map(|doc| Answer::Predicted(answer(doc))).collect()
    }

    fn explain(title: &str, text: &str, limit: usize) -> Explanation {
        let doc = Document { title: Some(title.into()), ..Document::new("t", text) };
        occlusion(&doc, Some(1), limit, &mut |docs| Ok(toy(docs))).unwrap()
    }

    #[test]
    fn the_weight_is_what_the_label_loses_without_the_word() {
        let explanation = explain("Wheat up", "Oil is down, wheat is not.", 20);
        assert_eq!(explanation.label, 1);
        assert_eq!(explanation.words[0], ("wheat".into(), 0.5));
        assert_eq!(explanation.words[1], ("oil".into(), -0.25));
        assert!(explanation.words[2..].iter().all(|(_, weight)| *weight == 0.0));
    }

    #[test]
    fn chinese_is_weighed_by_character() {
        let explanation = explain("小麦上涨", "出口增加", 20);
        assert_eq!(explanation.words[0], ("麦".into(), 0.5));
        assert_eq!(explanation.words.len(), 8);
    }

    #[test]
    fn no_more_words_than_asked_for_and_none_of_an_empty_text() {
        assert_eq!(explain("a b", "c d e f", 3).words.len(), 3);
        assert_eq!(explain("", "", 3).words, []);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let explanation = explain("", &"麦".repeat(100_000), 3);
        assert_eq!(explanation.words, [("麦".to_owned(), 0.5)]);
    }

    #[test]
    fn without_a_label_the_best_is_explained() {
        let doc = Document::new("t", "oil");
        let explanation = occlusion(&doc, None, 9, &mut |docs| Ok(toy(docs))).unwrap();
        assert_eq!(explanation.label, 0);
        assert_eq!(explanation.words, [("oil".to_owned(), 0.25)]);
    }

    #[test]
    fn a_refused_document_has_no_words() {
        let refuse = |docs: &[Document]| {
            let reason = crate::Reason::new("limit-length", "3 characters, at least 20 wanted");
            Ok(docs.iter().map(|_| Answer::Refused(reason.clone())).collect())
        };
        let explanation = occlusion(&Document::new("t", "oil"), None, 9, &mut { refuse }).unwrap();
        assert_eq!((explanation.answer.prediction(), explanation.words.len()), (None, 0));
    }
}
