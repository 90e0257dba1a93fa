//! The article of a page: text without navigation, advertisements and comments; title, author, date, language.

use biotope_core::{Config, Document, Invalid, MediaType};
use serde::{Deserialize, Serialize};
use trafilatura::ExtractionFocus;

use crate::extract::{self, Article, Reading};
use crate::step::{Reason, Step, Verdict};

/// What to lean towards where a page leaves doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Focus {
    /// Neither.
    Balanced,
    /// Rather too much than too little.
    Recall,
    /// Rather too little than too much: the best on news pages, and on short articles, by measurement.
    #[default]
    Precision,
}

/// Extracts the article of an HTML page; plain text passes as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtractArticle {
    /// What to lean towards.
    pub focus: Focus,
    /// Whether readers' comments belong to the text.
    pub comments: bool,
    /// Whether tables belong to the text.
    pub tables: bool,
    /// Fewest characters that make an article.
    pub min_chars: usize,
}

impl Default for ExtractArticle {
    fn default() -> Self {
        Self { focus: Focus::Precision, comments: false, tables: true, min_chars: 20 }
    }
}

impl Config for ExtractArticle {
    const NAME: &'static str = "extract-article";
    const SUMMARY: &'static str = "the article of a page: text, title, author, date, language";

    fn check(&self) -> Result<(), Invalid> {
        if self.min_chars > 0 { Ok(()) } else { Err(Invalid::new("min_chars", "must be positive", 0)) }
    }
}

impl ExtractArticle {
    fn reading(&self) -> Reading {
        let focus = match self.focus {
            Focus::Balanced => ExtractionFocus::Balanced,
            Focus::Recall => ExtractionFocus::FavorRecall,
            Focus::Precision => ExtractionFocus::FavorPrecision,
        };
        Reading { focus, comments: self.comments, tables: self.tables }
    }
}

impl Step for ExtractArticle {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn apply(&self, mut doc: Document) -> Verdict {
        if doc.media == MediaType::Text {
            return Verdict::Keep(doc);
        }
        let total = doc.text.chars().count();
        let found = extract::read(&doc.text, Some(&doc.source), self.reading());
        let kept = found.text.chars().count();
        if kept == 0 {
            return drop(doc, "no article on the page");
        }
        if kept < self.min_chars {
            return drop(doc, &format!("no article on the page: {kept} characters of text"));
        }
        let confidence = found.confidence;
        fill(&mut doc, found);
        doc.trace(Self::NAME, format!("kept {kept} of {total} characters, confidence {confidence:.2}"));
        Verdict::Keep(doc)
    }
}

/// Puts an article into a document: what the page says of itself goes first, but a date that the source gave stays.
fn fill(doc: &mut Document, found: Article) {
    doc.text = found.text;
    doc.media = MediaType::Text;
    doc.title = found.title.or(doc.title.take());
    doc.published = doc.published.take().or(found.published);
    doc.language =
        found.language.as_deref().map(language).filter(|tag| !tag.is_empty()).or(doc.language.take());
    let confidence = Some(format!("{:.3}", found.confidence));
    let meta = [
        ("author", found.author),
        ("site", found.site),
        ("section", found.section),
        ("canonical", found.canonical),
        ("confidence", confidence),
    ];
    for (key, value) in meta {
        if let Some(value) = value {
            doc.meta.entry(key.to_owned()).or_insert(value);
        }
    }
}

fn drop(doc: Document, why: &str) -> Verdict {
    Verdict::Drop(doc, Reason::new(ExtractArticle::NAME, why))
}

/// The tag without region, lower-case (`zh-CN` and `zh_Hans` are `zh`).
fn language(tag: &str) -> String {
    tag.split(['-', '_', ',']).next().unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><html lang="en-GB"><head><title>Wheat rises | The Daily Biotope</title>
        <meta property="og:title" content="Wheat rises on export hopes"><meta name="author" content="Ann Field">
        <meta property="article:published_time" content="1987-04-08T10:00:00Z"></head><body>
        <nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
        <div class="ad">Buy our newsletter now! Subscribe for cheap!</div>
        <article><h1>Wheat rises on export hopes</h1>
        <p>Wheat futures rose in Chicago on Monday after traders reported strong demand from abroad.</p>
        <p>Analysts said that the harvest would decide whether the rally could last into the autumn months.</p></article>
        <footer>Copyright 1987, all rights reserved. Contact us. Terms of use.</footer></body></html>"#;

    #[test]
    fn the_article_stays_and_the_rest_goes() {
        let doc = Document::page("https://news.example/wheat", PAGE);
        let id = doc.id;
        let doc = ExtractArticle::default().apply(doc).kept().unwrap();
        assert!(
            doc.text.starts_with("Wheat futures rose") && doc.text.ends_with("autumn months."),
            "{}",
            doc.text
        );
        for boilerplate in ["Home", "newsletter", "Copyright"] {
            assert!(!doc.text.contains(boilerplate), "{boilerplate}: {}", doc.text);
        }
        assert_eq!((doc.title.as_deref(), doc.id), (Some("Wheat rises on export hopes"), id));
        assert_eq!(
            (doc.language.as_deref(), doc.published.as_deref()),
            (Some("en"), Some("1987-04-08T10:00:00Z"))
        );
        assert_eq!(doc.meta["author"], "Ann Field");
        assert!(doc.trail[0].effect.starts_with("kept 18"), "{:?}", doc.trail);
    }

    #[test]
    fn a_chinese_page_is_extracted() {
        let body = "小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲。分析人士表示，收成将决定涨势能否持续到秋季。".repeat(3);
        let html = format!(
            "<html lang=zh-CN><head><title>小麦上涨</title></head><body><div class=nav><a href=/>首页</a> <a href=/ty>体育</a></div>\
             <div class=article><p>{body}</p><p>记者还了解到，港口库存正在下降，出口商对后市保持乐观。</p></div>\
             <div class=footer>版权所有 未经许可不得转载</div></body></html>"
        );
        let doc =
            ExtractArticle::default().apply(Document::page("https://xinwen.example/1", html)).kept().unwrap();
        assert!(doc.text.contains("海外需求强劲") && !doc.text.contains("首页"), "{}", doc.text);
        assert_eq!((doc.title.as_deref(), doc.language.as_deref()), (Some("小麦上涨"), Some("zh")));
    }

    #[test]
    fn a_page_without_an_article_is_dropped_with_a_reason() {
        for html in ["", "<html></html>", "<nav><a href=/>Home</a></nav>"] {
            let verdict = ExtractArticle::default().apply(Document::page("https://news.example", html));
            let why = &verdict.reason().expect(html).why;
            assert!(why.starts_with("no article on the page"), "{html}: {why}");
        }
    }

    #[test]
    fn a_short_article_counts_once() {
        let links = "<li><a href=/a>Some other title of the day</a></li>".repeat(5);
        let page = format!(
            "<html lang=en><head><title>National corp quarter | The Daily</title><meta property=og:title content='National corp quarter'>\
             </head><body><nav><ul><li><a href=/>Front page</a></li></ul></nav><div id=content><h1 class=headline>National corp quarter</h1>\
             <div class=article-body><p>Cts net revs note company began operating on february reuter.</p>\
             <div class='ad banner'><a href=/ads/1>Subscribe today and save half of the price</a></div></div>\
             <div class=share-buttons><a href=#>Share</a></div></div><div class=most-read><h4>Most read</h4><ol>{links}</ol></div>\
             <footer><p>All rights reserved. Imprint and terms of use</p></footer></body></html>"
        );
        let doc =
            ExtractArticle::default().apply(Document::page("https://news.example/1", page)).kept().unwrap();
        assert_eq!(doc.text, "Cts net revs note company began operating on february reuter.");
    }

    #[test]
    fn plain_text_passes() {
        let doc = Document::new("a", "<b>not HTML by its media type</b>");
        assert_eq!(ExtractArticle::default().apply(doc.clone()).kept().unwrap(), doc);
    }
}
