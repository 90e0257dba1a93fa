//! `biotope extract`: the article of a page.

use std::fs::File;

use anyhow::{Context, Result, bail};
use biotope::data::build_source;
use biotope::data::extract::{Article, article, page};
use biotope_core::Component;
use serde_json::json;

use crate::args::{Args, ExtractArgs};
use crate::output;

/// Prints the article of each page; the answer is no if one has none.
pub(crate) fn extract(args: &Args, wanted: &ExtractArgs) -> Result<bool> {
    let mut all = true;
    for name in &wanted.pages {
        let (html, address) = read(name, wanted.allow_private)?;
        let found = article(&html, address.as_deref());
        all &= !found.text.is_empty();
        if args.json {
            output::line(&told(name, &found).to_string());
        } else if found.text.is_empty() {
            output::note(&format!("{name}: no article on the page"));
        } else {
            output::line(&found.text);
        }
    }
    Ok(all)
}

/// The page, and its address if it came from the web.
fn read(name: &str, allow_private: bool) -> Result<(String, Option<String>)> {
    if name.starts_with("http://") || name.starts_with("https://") {
        return fetched(name, allow_private).map(|html| (html, Some(name.to_owned())));
    }
    let html = if name == "-" { page(std::io::stdin().lock()) } else { File::open(name).and_then(page) };
    Ok((html.with_context(|| format!("cannot read the page {name}"))?, None))
}

/// One page, as collection would fetch it: robots.txt, limits and all.
fn fetched(address: &str, allow_private: bool) -> Result<String> {
    let source = Component::new("web")
        .with("start", vec![address.to_owned()])
        .with("max_pages", 1)
        .with("allow_private", allow_private);
    match build_source(&source)?.documents()?.next() {
        Some(doc) => Ok(doc?.text),
        None => bail!("{address} gave no page"),
    }
}

fn told(name: &str, found: &Article) -> serde_json::Value {
    json!({
        "page": name,
        "text": found.text,
        "title": found.title,
        "author": found.author,
        "date": found.published,
        "language": found.language,
        "section": found.section,
        "canonical": found.canonical,
        "site": found.site,
        "confidence": found.confidence,
    })
}
