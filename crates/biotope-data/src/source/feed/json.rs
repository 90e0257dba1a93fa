//! JSON Feed 1.0 and 1.1 (jsonfeed.org/version/1.1).

use serde_json::Value;
use url::Url;

use super::{Entry, Feed, MAX_ENTRIES, date, text};

pub(super) fn parse(json: &str, base: Option<&Url>) -> Result<Feed, String> {
    let value: Value = serde_json::from_str(json).map_err(|error| format!("no feed: {error}"))?;
    let version = value["version"].as_str().is_some_and(|version| version.contains("jsonfeed.org"));
    let items = value["items"].as_array().filter(|_| version);
    let items = items.ok_or("no feed: neither a version of jsonfeed.org nor items")?;
    let entries = items.iter().take(MAX_ENTRIES).map(|item| entry(item, base)).collect();
    let title = string(&value["title"]).map(|title| text::plain(&title));
    Ok(Feed { title, language: string(&value["language"]), entries, broken: None })
}

fn entry(item: &Value, base: Option<&Url>) -> Entry {
    let link = ["url", "external_url"].iter().find_map(|key| string(&item[*key]));
    let link = link.and_then(|link| match base {
        Some(base) => base.join(&link).ok(),
        None => Url::parse(&link).ok(),
    });
    let dates = ["date_published", "date_modified"];
    let authors = item["authors"].as_array().cloned().unwrap_or_else(|| vec![item["author"].clone()]);
    let tags = item["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    Entry {
        id: string(&item["id"]),
        link,
        title: string(&item["title"]).map(|title| text::plain(&title)),
        summary: string(&item["summary"]),
        content: string(&item["content_html"]).or_else(|| string(&item["content_text"])),
        published: dates.iter().find_map(|key| date::normal(item[*key].as_str()?)),
        authors: authors.iter().filter_map(|author| string(&author["name"])).collect(),
        categories: tags.iter().filter_map(string).collect(),
        language: string(&item["language"]),
    }
}

/// A text or number that says something.
fn string(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}
