//! Title, author, date and the rest: what the page declares, then what stands above its text.

use std::sync::LazyLock;

use regex::Regex;
use trafilatura::Metadata;
use trafilatura::dom::{Document, NodeId};

use super::blocks::Block;
use super::linked::Linked;

/// What is known of an article besides its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Meta {
    pub(crate) title: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) published: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) section: Option<String>,
    pub(crate) canonical: Option<String>,
    pub(crate) site: Option<String>,
}

/// What `<head>` says, read once.
#[derive(Debug, Default)]
pub(crate) struct Head {
    tags: Vec<(String, String)>,
    canonical: Option<String>,
    language: Option<String>,
    title: Option<String>,
    headline: Option<String>,
}

static WHEN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"((?:19|20)\d{2})\s*[-年/.]\s*(\d{1,2})\s*[-月/.]\s*(\d{1,2})\s*日?(?:\s*(\d{1,2})[:：时](\d{2}))?",
    )
    .expect("the pattern is constant")
});
static WHO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:作者|本报记者|见习记者|记者|撰文|采写)\s*[:：丨|/\s]\s*([\p{Han}·]{2,8}(?:[\s、]+[\p{Han}·]{2,4}){0,3})").expect("the pattern is constant")
});

impl Head {
    /// Reads a parsed page.
    pub(crate) fn new(dom: &Document) -> Self {
        let all = |tag| dom.get_elements_by_tag_name(dom.root(), tag);
        let get = |id: NodeId, name| {
            dom.get_attribute(id, name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let mut tags = Vec::new();
        for id in all("meta").into_iter().take(400) {
            let name = get(id, "property").or_else(|| get(id, "name")).or_else(|| get(id, "itemprop"));
            if let (Some(name), Some(content)) = (name, get(id, "content")) {
                tags.push((name.to_lowercase(), content));
            }
        }
        let is_canonical =
            |id: &NodeId| get(*id, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical"));
        let canonical = all("link").into_iter().find(is_canonical).and_then(|id| get(id, "href"));
        let language = all("html").into_iter().find_map(|id| get(id, "lang"));
        let text = |id: &NodeId| Some(one_line(&dom.text_content(*id))).filter(|text| !text.is_empty());
        let title = all("title").iter().find_map(text);
        let headlines: Vec<String> = all("h1").iter().filter_map(text).collect();
        // Of several the one that the title of the page repeats.
        let is_said = |line: &&String| title.as_deref().is_some_and(|title| title.contains(line.as_str()));
        let headline = headlines
            .iter()
            .find(is_said)
            .or_else(|| headlines.first().filter(|_| headlines.len() == 1))
            .cloned();
        Self { tags, canonical, language, title, headline }
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find_map(|name| self.tags.iter().find(|(key, _)| key == name))
            .map(|(_, content)| content.clone())
    }
}

/// Everything that is known, the most reliable first.
pub(crate) fn meta(head: &Head, linked: &Linked, guessed: Metadata, blocks: &[Block]) -> Meta {
    let given = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let site = head
        .first(&["og:site_name", "application-name"])
        .or(linked.publisher.clone())
        .or(given(guessed.sitename));
    let title = title(head, linked, given(guessed.title), site.as_deref());
    let top = top(blocks, title.as_deref());
    let joined = Some(linked.authors.join("; ")).filter(|names| !names.is_empty());
    let who = || WHO.captures(&top).map(|found| found[1].to_owned());
    let declared = head.first(&[
        "article:published_time",
        "datepublished",
        "publishdate",
        "pubdate",
        "og:published_time",
        "og:release_date",
        "weibo: article:create_at",
        "parsely-pub-date",
        "sailthru.date",
        "date",
        "dc.date",
        "dc.date.issued",
        "dcterms.created",
    ]);
    let published = linked.published.clone().or(declared);
    let guess = || when(&top).or_else(|| guessed.date.map(|date| date.to_string()));
    let section = linked.section.clone().or_else(|| {
        head.first(&["article:section", "og:article:section", "section", "columnname", "parsely-section"])
    });
    Meta {
        title,
        author: joined.or_else(|| given(guessed.author)).or_else(who).map(|name| one_line(&name)),
        published: published.as_deref().and_then(normal_date).or_else(guess),
        language: given(guessed.language).or(head.language.clone()).or(linked.language.clone()),
        section: section.or_else(|| given(guessed.categories.join("; "))),
        canonical: head
            .canonical
            .clone()
            .or_else(|| head.first(&["og:url"]))
            .filter(|url| url.starts_with("http")),
        site,
    }
}

/// The headline without the name of the site.
fn title(head: &Head, linked: &Linked, guess: Option<String>, site: Option<&str>) -> Option<String> {
    let declared = linked
        .headline
        .clone()
        .or_else(|| head.first(&["og:title", "twitter:title", "articletitle", "dc.title"]));
    let title = declared.or(guess).or_else(|| head.title.clone())?;
    let title = one_line(&title);
    // A headline on the page that the title repeats is the title without ornaments.
    if let Some(line) =
        head.headline.as_deref().filter(|line| line.chars().count() > 3 && title.starts_with(line))
    {
        return Some(line.to_owned());
    }
    let tail = |mark: &str| {
        title.rsplit_once(mark).filter(|(_, tail)| site.is_some_and(|site| tail.trim() == site.trim()))
    };
    let cut = [" | ", " - ", " – ", " — ", "_", "-", "|"].iter().find_map(|mark| tail(mark));
    Some(cut.map_or(title.clone(), |(front, _)| front.trim().to_owned()))
}

/// The short lines around the headline, where author and date stand.
fn top(blocks: &[Block], title: Option<&str>) -> String {
    let at =
        blocks.iter().position(|block| title.is_some_and(|title| block.text.contains(title))).unwrap_or(0);
    blocks
        .iter()
        .skip(at.saturating_sub(2))
        .take(10)
        .filter(|block| block.text.len() < 300)
        .map(|block| block.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

/// A date written with digits, as on Chinese pages: `2026年1月2日 03:04`.
fn when(text: &str) -> Option<String> {
    let found = WHEN.captures(text)?;
    let number = |at: usize| found.get(at).and_then(|part| part.as_str().parse::<u32>().ok());
    let (year, month, day) = (number(1)?, number(2)?, number(3)?);
    let date = format!("{year:04}-{month:02}-{day:02}");
    match (number(4), number(5)) {
        (Some(hour), Some(minute)) => normal_date(&format!("{date} {hour:02}:{minute:02}")),
        _ => normal_date(&date),
    }
}

/// A date in any spelling that [`crate::dates`] reads, or with its digits as on Chinese pages.
fn normal_date(text: &str) -> Option<String> {
    crate::dates::normal(text.trim(), None).or_else(|| when_plain(text))
}

fn when_plain(text: &str) -> Option<String> {
    let found = WHEN.captures(text)?;
    let date = format!("{}-{:0>2}-{:0>2}", &found[1], &found[2], &found[3]);
    crate::dates::normal(&date, None)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
