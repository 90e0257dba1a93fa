//! In which language a text is written: by its script where that is enough, by its letter sequences where it is not.

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};

use crate::step::{Reason, Step, Verdict};

mod profile;
mod script;

use profile::Profile;
use script::Script;

/// Letters of the title and of the beginning of the text that are looked at.
const LETTERS: usize = 800;

/// Says in which language a document is written, and drops what is in none of `languages`.
///
/// Chinese, Japanese, Korean, Greek, Hebrew, Thai and other languages with a script of their own are told by counting characters. For
/// Latin, Cyrillic, Arabic and Devanagari letters, a naive Bayes model over sequences of two to four letters decides
/// (Cavnar and Trenkle 1994; the frequencies come from lingua's models). The answer is the document's `language`, its
/// confidence the meta entry `language_confidence`; a text without letters keeps the language that it came with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentifyLanguage {
    /// Languages that stay (BCP 47: `["en", "zh"]`); empty for all.
    pub languages: Vec<String>,
    /// Smallest confidence; with less, the language of the document is what the source said, if it said any, and a list
    /// of `languages` drops what remains unknown.
    pub min_confidence: f64,
}

impl Default for IdentifyLanguage {
    fn default() -> Self {
        Self { languages: Vec::new(), min_confidence: 0.5 }
    }
}

impl Config for IdentifyLanguage {
    const NAME: &'static str = "identify-language";
    const SUMMARY: &'static str = "language with confidence; keeps those that are asked for";

    fn check(&self) -> Result<(), Invalid> {
        if !(0.0..=1.0).contains(&self.min_confidence) {
            return Err(Invalid::new("min_confidence", "must be in 0..=1", self.min_confidence));
        }
        let known = known();
        match self.languages.iter().find(|language| !known.contains(&language.as_str())) {
            Some(wrong) => {
                let rule = format!("must be among {}", known.join(", "));
                Err(Invalid::new("languages", rule, format!("{wrong:?}")))
            }
            None => Ok(()),
        }
    }
}

/// All languages that can be told, sorted.
pub fn known() -> Vec<&'static str> {
    let mut known: Vec<&str> = Profile::get().languages().chain(script::alone()).collect();
    known.sort_unstable();
    known
}

/// A language (BCP 47) and how sure it is, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identified {
    /// Language tag.
    pub language: &'static str,
    /// Probability among the languages that are known.
    pub confidence: f64,
}

/// The language of a text, `None` if it has no letter of a known script.
///
/// ```
/// use biotope_data::steps::identify_language::identify;
/// let language = |text| identify(text).map(|found| found.language);
/// assert_eq!(language("Wheat prices rise on strong demand"), Some("en"));
/// assert_eq!(language("小麦期货周一上涨"), Some("zh"));
/// assert_eq!(language("Die Preise für Weizen steigen wieder"), Some("de"));
/// assert_eq!(language("12:30"), None);
/// ```
pub fn identify(text: &str) -> Option<Identified> {
    identify_parts(&[text])
}

fn identify_parts(parts: &[&str]) -> Option<Identified> {
    match script::of(parts)? {
        Script::Alone(language, share) => Some(Identified { language, confidence: share }),
        Script::Shared(script) => Profile::get().identify(parts, script, LETTERS),
    }
}

impl Step for IdentifyLanguage {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        let found = identify_parts(&[doc.title.as_deref().unwrap_or(""), &doc.text]);
        if let Some(found) = found.filter(|found| found.confidence >= self.min_confidence) {
            doc.trace(Self::NAME, format!("{}, confidence {:.2}", found.language, found.confidence));
            doc.meta.insert("language_confidence".into(), format!("{:.2}", found.confidence));
            doc.language = Some(found.language.to_owned());
        }
        let language = doc.language.as_deref().map_or("unknown", |tag| tag.split('-').next().unwrap_or(tag));
        if self.languages.is_empty() || self.languages.iter().any(|wanted| wanted == language) {
            return Verdict::Keep(doc);
        }
        let sure = found.map_or(String::new(), |found| {
            format!(" (best guess {}, {:.2})", found.language, found.confidence)
        });
        let why = format!("language {language}{sure}, kept are {}", self.languages.join(", "));
        Verdict::Drop(doc, Reason::new(Self::NAME, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headlines of our own, eight or so a language.
    const HEADLINES: &str = include_str!("identify_language/headlines.tsv");

    #[test]
    fn short_headlines_are_told() {
        let (mut all, mut right, mut wrong) = (0, 0, Vec::new());
        for line in HEADLINES.lines() {
            let (language, text) = line.split_once('\t').unwrap();
            let found = identify(text).unwrap();
            all += 1;
            if found.language == language {
                right += 1;
            } else {
                wrong.push(format!("{language} as {}: {text}", found.language));
            }
        }
        assert!(all > 150 && right * 100 >= all * 96, "{right} of {all}\n{}", wrong.join("\n"));
    }

    #[test]
    fn a_list_drops_the_rest_and_the_trail_tells() {
        let step =
            IdentifyLanguage { languages: vec!["en".into(), "zh".into()], ..IdentifyLanguage::default() };
        step.check().unwrap();
        let doc = step.apply(Document::new("a", "玉米价格连续三天下跌")).kept().unwrap();
        assert_eq!((doc.language.as_deref(), doc.meta["language_confidence"].as_str()), (Some("zh"), "1.00"));
        assert_eq!(doc.trail[0].effect, "zh, confidence 1.00");
        let verdict = step.apply(Document::new("a", "Le prix du blé augmente encore à la bourse de Paris"));
        let why = &verdict.reason().unwrap().why;
        assert!(why.starts_with("language fr (best guess fr, ") && why.ends_with("kept are en, zh"), "{why}");
        let verdict = step.apply(Document::new("a", "3:0"));
        assert_eq!(verdict.reason().unwrap().why, "language unknown, kept are en, zh");
        let said = Document { language: Some("en-GB".into()), ..Document::new("a", "3:0") };
        assert!(step.apply(said).kept().is_some());
        let wrong = IdentifyLanguage { languages: vec!["english".into()], ..step };
        assert!(wrong.check().unwrap_err().to_string().contains("must be among af, am, ar, be, bg, bn, ca,"));
    }
}
