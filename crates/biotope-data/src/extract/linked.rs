//! What a page says of itself in JSON-LD (schema.org `NewsArticle` and its kin).

use serde_json::Value;

/// The fields of an article that a publisher gives to machines.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Linked {
    pub(crate) headline: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) published: Option<String>,
    pub(crate) section: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) publisher: Option<String>,
    pub(crate) body: Option<String>,
}

/// Deepest value that is looked at.
const DEPTH: usize = 8;
/// Most objects that are looked at.
const OBJECTS: usize = 2000;

/// The article among the blocks of a page, if one of them describes one.
pub(crate) fn linked(blocks: &[String]) -> Linked {
    let mut found = Linked::default();
    for block in blocks {
        let plain: String = block.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let plain =
            plain.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>").trim_end_matches(';');
        if let Ok(value) = serde_json::from_str::<Value>(plain) {
            walk(&value, 0, &mut 0, &mut found);
        }
    }
    found
}

fn walk(value: &Value, depth: usize, seen: &mut usize, found: &mut Linked) {
    *seen += 1;
    if depth > DEPTH || *seen > OBJECTS {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, depth + 1, seen, found)),
        Value::Object(map) => {
            if is_article(value) {
                read(value, found);
            }
            for key in ["@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item"] {
                if let Some(inner) = map.get(key) {
                    walk(inner, depth + 1, seen, found);
                }
            }
        }
        _ => {}
    }
}

fn is_article(value: &Value) -> bool {
    let names = names(&value["@type"]);
    names.iter().any(|name| {
        let name = name.rsplit(['/', ':']).next().unwrap_or(name);
        name.ends_with("Article")
            || name.ends_with("BlogPosting")
            || matches!(name, "Report" | "Review" | "LiveBlogPosting")
    })
}

/// Of each field, the first article that says something is believed.
fn read(value: &Value, found: &mut Linked) {
    let fill = |field: &mut Option<String>, key: &str| {
        if field.is_none() {
            let said = names(&value[key]).into_iter().find(|text| !text.trim().is_empty());
            *field = said.map(|text| plain(&text));
        }
    };
    fill(&mut found.headline, "headline");
    fill(&mut found.published, "datePublished");
    fill(&mut found.section, "articleSection");
    fill(&mut found.language, "inLanguage");
    fill(&mut found.publisher, "publisher");
    fill(&mut found.body, "articleBody");
    if found.authors.is_empty() {
        found.authors =
            names(&value["author"]).iter().map(|name| plain(name)).filter(|name| is_name(name)).collect();
    }
}

/// A string, a list of strings, or the names of objects.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => {
            items.iter().take(32).filter(|item| !item.is_array()).flat_map(names).collect()
        }
        Value::Object(map) => map.get("name").filter(|name| !name.is_object()).map(names).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() < 120 && !text.contains("://")
}

/// Without tags and entities.
fn plain(text: &str) -> String {
    if text.contains(['<', '&']) { crate::html::text(text) } else { text.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_found_in_a_graph() {
        let block = r#"{"@context":"https://schema.org","@graph":[{"@type":"WebSite","name":"Other"},{"@type":["NewsArticle"],
            "headline":"Wheat &amp; corn","author":[{"@type":"Person","name":"Ann Field"},"Bo Lee"],"datePublished":"2026-01-02T03:04:05Z",
            "articleSection":["Markets"],"inLanguage":"en","publisher":{"name":"The Daily"},"articleBody":"One.\nTwo."}]}"#;
        let found = linked(&["not json".into(), block.into()]);
        assert_eq!(found.headline.as_deref(), Some("Wheat & corn"));
        assert_eq!(found.authors, ["Ann Field", "Bo Lee"]);
        assert_eq!(
            (found.section.as_deref(), found.publisher.as_deref()),
            (Some("Markets"), Some("The Daily"))
        );
        assert_eq!(found.published.as_deref(), Some("2026-01-02T03:04:05Z"));
    }

    #[test]
    fn deep_values_end() {
        let deep =
            format!("{}{{\"@type\":\"Article\",\"headline\":\"x\"}}{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(linked(&[deep, "[".repeat(100_000)]), Linked::default());
        let chinese = linked(&[r#"{"@type":"NewsArticle","headline":"小麦上涨","author":"田地"}"#.into()]);
        assert_eq!(
            (chinese.headline.as_deref(), chinese.authors),
            (Some("小麦上涨"), vec!["田地".to_owned()])
        );
    }
}
