//! Addresses of the web.

use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const URL: Recognizer = Recognizer {
    name: "url",
    kind: "URL",
    summary: "Web address with scheme or www.",
    source: "RFC 3986",
    words: &["website", "link", "url", "homepage", "网址", "网站", "链接"],
    find: Find::Scan(scan),
};

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    found.extend(
        view.page.links.iter().map(|(start, end)| Candidate::new(*start, *end, "scheme://host", 0.7).alone()),
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn whole_addresses_are_found() {
        finds("URL", &["My website is ^https://www.b.example/a?b=c^.", "网站^www.xinwen.example^，"]);
        ignores("URL", &["at 10:30 http:// or a.b"]);
    }
}
