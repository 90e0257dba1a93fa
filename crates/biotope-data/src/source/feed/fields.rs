//! Which element says what, in all dialects.

/// Something an element can say of a feed or an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    Link,
    Id,
    Summary,
    Content,
    /// Date of publication.
    Published,
    /// Any other date: good if there is no better one.
    Changed,
    Author,
    /// The name inside of an author.
    AuthorName,
    Category,
    Language,
}

/// A vocabulary whose elements are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS, Atom, CDF and everything without a prefix.
    Plain,
    /// Dublin Core, elements and terms.
    Dublin,
    /// RSS content module.
    Content,
    /// iTunes and media RSS: good if nothing else speaks.
    Media,
    /// The many others: not for us.
    Other,
}

impl Space {
    /// What a namespace means.
    pub(super) fn of_uri(uri: &str) -> Self {
        let uri = uri.trim().to_ascii_lowercase();
        if uri.contains("purl.org/rss/1.0/modules/content") {
            return Self::Content;
        }
        let dublin = ["purl.org/dc/", "purl.org/rss/1.0/modules/dc"];
        if dublin.iter().any(|part| uri.contains(part)) {
            return Self::Dublin;
        }
        if uri.contains("itunes.com/dtds") || uri.contains("search.yahoo.com/mrss") {
            return Self::Media;
        }
        let plain = [
            "purl.org/atom/ns",
            "w3.org/2005/atom",
            "netscape.com/rdf/simple",
            "rss2",
            "rss/2.0",
            "rdf-syntax-ns",
        ];
        let rss = uri.ends_with("purl.org/rss/1.0/") || uri.ends_with("my.netscape.com/publish/formats/rss");
        if rss || plain.iter().any(|part| uri.contains(part)) || uri.contains("1999/xhtml") {
            return Self::Plain;
        }
        Self::Other
    }

    /// What a prefix means if nobody declared it.
    pub(super) fn of_prefix(prefix: &str) -> Self {
        match prefix {
            "" | "atom" | "a" | "a10" | "rss" | "rdf" | "xhtml" => Self::Plain,
            "dc" | "dcterms" => Self::Dublin,
            "content" => Self::Content,
            "itunes" | "media" => Self::Media,
            _ => Self::Other,
        }
    }
}

impl Space {
    /// Whose word counts more.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Plain | Self::Content => 3,
            Self::Dublin => 2,
            Self::Media | Self::Other => 1,
        }
    }
}

/// What an element of an entry (or of the feed itself) says. Names are lower-case.
pub(super) fn field(space: Space, name: &str) -> Option<Field> {
    use Space::{Content, Dublin, Media, Plain};
    Some(match (space, name) {
        (Plain | Dublin | Media, "title") => Field::Title,
        (Plain, "link") => Field::Link,
        (Plain, "guid" | "id") => Field::Id,
        (Plain | Dublin | Media, "description" | "abstract" | "summary" | "subtitle")
        | (Plain, "tagline") => Field::Summary,
        (Plain, "content" | "body" | "fullitem") | (Content, "encoded") => Field::Content,
        (Plain, "pubdate" | "published" | "issued") | (Dublin, "issued") => Field::Published,
        (Plain, "updated" | "lastbuilddate") | (Plain | Dublin, "date" | "modified" | "created") => {
            Field::Changed
        }
        (Plain | Dublin | Media, "author") | (Dublin, "creator") => Field::Author,
        (Plain, "category") | (Dublin, "subject") => Field::Category,
        (Plain | Dublin, "language") => Field::Language,
        _ => return None,
    })
}
