//! Personal data in title and text, masked. What finds it and what becomes of it stands in [`crate::personal`].

use std::collections::BTreeMap;

use biotope_core::{Component, Config, Document};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::personal::{DetectorConfig, KeySource, Masker, MaskerConfig, mark, recognizers};
use crate::step::{Step, Verdict};

/// Masks personal data in title and text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaskPersonalData {
    /// `false` leaves e-mail addresses as they are, whatever `types` says.
    pub email: bool,
    /// `false` leaves phone numbers as they are, whatever `types` says.
    pub phone: bool,
    /// Kinds that are masked (`"CREDIT_CARD"`); `"*"` is all of them.
    pub types: Vec<String>,
    /// What is never masked, as it stands in the text (without case).
    pub allow: Vec<String>,
    /// Regular expressions; what one of them matches wholly is never masked.
    pub allow_patterns: Vec<String>,
    /// What becomes of finds: `{ use = "replace" }`, `mask`, `redact`, `pseudonym`, `encrypt` or `keep`.
    pub operator: Component,
    /// Other operators, by kind.
    pub operators: BTreeMap<String, Component>,
    /// Where the key of `pseudonym` and `encrypt` is: `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub key: KeySource,
    /// The score that finds of a kind need, where it is not 0.5.
    pub thresholds: BTreeMap<String, f32>,
    /// Further words, by kind, that speak for a find if they stand near it.
    pub words: BTreeMap<String, Vec<String>>,
}

impl Default for MaskPersonalData {
    fn default() -> Self {
        let MaskerConfig { operator, operators, key, detector } = MaskerConfig::default();
        let DetectorConfig { types, thresholds, words, allow, allow_patterns } = detector;
        Self {
            email: true,
            phone: true,
            types,
            allow,
            allow_patterns,
            operator,
            operators,
            key,
            thresholds,
            words,
        }
    }
}

impl Config for MaskPersonalData {
    const NAME: &'static str = "mask-personal-data";
    const SUMMARY: &'static str =
        "addresses, numbers and keys of persons become [EMAIL], [PHONE], [CREDIT_CARD] and so on";
}

impl MaskPersonalData {
    /// The step; reads the key if one is named.
    pub fn build(self) -> Result<MaskStep> {
        let mut types = self.types;
        if types.iter().any(|kind| kind == "*") {
            types = recognizers().entries().iter().map(|entry| entry.build.kind.to_owned()).collect();
        }
        types
            .retain(|kind| (self.email || kind != "EMAIL_ADDRESS") && (self.phone || kind != "PHONE_NUMBER"));
        let detector = DetectorConfig {
            types,
            thresholds: self.thresholds,
            words: self.words,
            allow: self.allow,
            allow_patterns: self.allow_patterns,
        };
        let config =
            MaskerConfig { operator: self.operator, operators: self.operators, key: self.key, detector };
        Ok(MaskStep { masker: Masker::new(&config)? })
    }
}

/// The step as it works.
#[derive(Debug)]
pub struct MaskStep {
    masker: Masker,
}

impl MaskStep {
    /// The masked text; adds to the counts by kind.
    fn mask(&self, text: &str, counts: &mut BTreeMap<String, usize>) -> String {
        let masked = self.masker.mask(text);
        for span in &masked.spans {
            *counts.entry(span.kind.clone().into_owned()).or_default() += 1;
        }
        masked.text
    }
}

impl Step for MaskStep {
    fn name(&self) -> &'static str {
        MaskPersonalData::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        let mut counts = BTreeMap::new();
        doc.text = self.mask(&doc.text, &mut counts);
        doc.title = doc.title.map(|title| self.mask(&title, &mut counts));
        if !counts.is_empty() {
            let name = |kind: &str| mark(kind).trim_matches(['[', ']']).to_lowercase();
            let told = |verb: &str, kept: bool| {
                let counts = counts.iter().filter(|(kind, _)| self.masker.keeps(kind) == kept);
                let parts: Vec<String> =
                    counts.map(|(kind, count)| format!("{count} {}", name(kind))).collect();
                (!parts.is_empty()).then(|| format!("{verb} {}", parts.join(", ")))
            };
            let told: Vec<String> = told("masked", false).into_iter().chain(told("kept", true)).collect();
            doc.trace(MaskPersonalData::NAME, told.join("; "));
        }
        Verdict::Keep(doc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask(text: &str) -> String {
        let step = MaskPersonalData::default().build().unwrap();
        step.apply(Document::new("a", text)).kept().unwrap().text
    }

    #[test]
    fn addresses_and_numbers_become_marks() {
        assert_eq!(mask("write to a@b.co, call +44 20 7946 0958"), "write to [EMAIL], call [PHONE]");
        assert_eq!(
            mask("身份证11010519491231002X，银行卡6222021234567890128"),
            "身份证[CN_RESIDENT_ID]，银行卡[CN_BANK_CARD]"
        );
        let names =
            "Mr John Smith of 12 High Street, born on 1 May 1980, wrote at https://n.example on 1987-04-08";
        assert_eq!(mask(names), names);
    }

    #[test]
    fn a_kind_that_is_switched_off_stays_even_among_all() {
        let step = MaskPersonalData { email: false, types: vec!["*".into()], ..MaskPersonalData::default() };
        let doc = step.build().unwrap().apply(Document::new("a", "a@b.co, call +44 20 7946 0958"));
        assert_eq!(doc.kept().unwrap().text, "a@b.co, call [PHONE]");
    }

    #[test]
    fn the_trail_counts_by_kind() {
        let doc = Document {
            title: Some("tips: a@b.co".into()),
            ..Document::new("a", "call 13812345678 or a@c.co")
        };
        let doc = MaskPersonalData::default().build().unwrap().apply(doc).kept().unwrap();
        assert_eq!(
            (doc.title.as_deref(), doc.text.as_str()),
            (Some("tips: [EMAIL]"), "call [PHONE] or [EMAIL]")
        );
        assert_eq!(doc.trail[0].effect, "masked 2 email, 1 phone");
        let operators = [("PHONE_NUMBER".to_owned(), Component::new("keep"))].into();
        let step = MaskPersonalData { operators, ..MaskPersonalData::default() }.build().unwrap();
        let doc = step.apply(Document::new("a", "call 13812345678 or a@c.co")).kept().unwrap();
        assert_eq!(doc.trail[0].effect, "masked 1 email; kept 1 phone");
    }

    #[test]
    fn a_recipe_chooses_kinds_and_operators() {
        let table = "phone = false\nallow = [\"press@paper.example\"]\noperators.CREDIT_CARD = { use = \"mask\", keep_last = 4 }";
        let config: MaskPersonalData = biotope_core::config::from_table(&table.parse().unwrap()).unwrap();
        let text = "call 13812345678, a@b.co, press@paper.example, 4111 1111 1111 1111";
        let doc = config.build().unwrap().apply(Document::new("a", text)).kept().unwrap();
        assert_eq!(doc.text, "call 13812345678, [EMAIL], press@paper.example, **** **** **** 1111");
    }

    #[test]
    fn how_a_wrong_kind_looks() {
        let config = MaskPersonalData { types: vec!["CREDITCARD".into()], ..MaskPersonalData::default() };
        let error = config.build().unwrap_err();
        assert_eq!(error.to_string(), "invalid types: must name known kinds, got \"CREDITCARD\"");
        assert_eq!(error.hint().as_deref(), Some("did you mean \"CREDIT_CARD\"?"));
    }

    proptest! {
        #[test]
        fn twice_is_once(text in "[a-z0-9@. +()\\-元电话]{0,60}") {
            let once = mask(&text);
            prop_assert_eq!(mask(&once), once);
        }
    }
}
