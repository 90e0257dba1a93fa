//! The article of a page: text without navigation, advertisements and comments; title, author, date, language.

use biotope_core::{Config, Document, Invalid, MediaType};
use serde::{Deserialize, Serialize};
use trafilatura::{ExtractionFocus, Options, TrafilaturaError, extract};

use crate::step::{Reason, Step, Verdict};
use crate::{dates, html};

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
    fn options(&self, source: &str) -> Options {
        let focus = match self.focus {
            Focus::Balanced => ExtractionFocus::Balanced,
            Focus::Recall => ExtractionFocus::FavorRecall,
            Focus::Precision => ExtractionFocus::FavorPrecision,
        };
        let mut options = Options::default().with_fallback(true).with_focus(focus);
        options.exclude_comments = !self.comments;
        options.exclude_tables = !self.tables;
        options.original_url = url::Url::parse(source).ok().filter(|url| url.scheme().starts_with("http"));
        options
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
        let found = match extract(&doc.text, &self.options(&doc.source)) {
            Ok(found) => found,
            Err(TrafilaturaError::InsufficientContent { .. }) => return drop(doc, "no article on the page"),
            Err(error) => return drop(doc, &format!("no article on the page: {error}")),
        };
        let meta = found.metadata;
        set(&mut doc.title, &meta.title);
        let mut text = body(doc.title.as_deref().unwrap_or_default(), &html::text(&found.content_html));
        if self.comments && !found.comments_text.trim().is_empty() {
            text = format!("{text}\n{}", found.comments_text.trim());
        }
        let kept = text.chars().count();
        if kept < self.min_chars {
            return drop(doc, &format!("no article on the page: {kept} characters of text"));
        }
        if doc.published.is_none() {
            doc.published = meta.date.map(|date| date.to_string()).or_else(|| published(&doc.text));
        }
        doc.text = text;
        doc.media = MediaType::Text;
        set(&mut doc.language, &language(&meta.language));
        for (key, value) in
            [("author", meta.author), ("site", meta.sitename), ("section", meta.categories.join("; "))]
        {
            if !value.is_empty() {
                doc.meta.entry(key.to_owned()).or_insert(value);
            }
        }
        doc.trace(Self::NAME, format!("kept {kept} of {total} characters"));
        Verdict::Keep(doc)
    }
}

/// Lines at the beginning among which the headline is looked for.
const HEAD: usize = 3;
/// Shortest line, in characters, that is held against what stands before it, and longest text in which that is done.
const REPEAT: (usize, usize) = (24, 20_000);

/// The lines below the headline, each said once. Readers take title and text together, so the headline should not count
/// twice, and what stands above it is the site's name; and of a short article the extractor sometimes gives the
/// paragraphs again.
fn body(title: &str, text: &str) -> String {
    let headline = text.lines().take(HEAD).position(|line| line == title);
    let mut said = format!(" {title} ");
    let is_new = |line: &&str| {
        let is_held = line.chars().count() > REPEAT.0 && said.len() < REPEAT.1;
        let is_new = !(is_held && said.contains(&format!(" {line} ")));
        if is_new {
            said.push_str(line);
            said.push(' ');
        }
        is_new
    };
    text.lines().skip(headline.map_or(0, |at| at + 1)).filter(is_new).collect::<Vec<_>>().join("\n")
}

fn drop(doc: Document, why: &str) -> Verdict {
    Verdict::Drop(doc, Reason::new(ExtractArticle::NAME, why))
}

fn set(field: &mut Option<String>, value: &str) {
    if !value.trim().is_empty() {
        *field = Some(value.trim().to_owned());
    }
}

/// The date that a page declares: the extractor believes in none before 1995.
fn published(page: &str) -> Option<String> {
    let names = ["article:published_time", "datePublished", "pubdate", "publishdate", "date", "dc.date"];
    names.iter().find_map(|name| html::meta(page, name)).and_then(|date| dates::normal(&date, None))
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
    fn only_what_was_said_word_for_word_is_a_repeat() {
        let (one, two) = ("First of the paragraphs, long enough.", "Second of the paragraphs, long enough.");
        let text =
            format!("The Daily\nHead\n{one}\n{two}\n{one}\nHead {one} {two}\nThe {one}\nShort.\nShort.");
        assert_eq!(body("Head", &text), format!("{one}\n{two}\nThe {one}\nShort.\nShort."));
        let chinese = "小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲。";
        assert_eq!(body("", &format!("{chinese}\n{chinese}")), chinese);
    }

    #[test]
    fn plain_text_passes() {
        let doc = Document::new("a", "<b>not HTML by its media type</b>");
        assert_eq!(ExtractArticle::default().apply(doc.clone()).kept().unwrap(), doc);
    }
}
