//! The reader for RSS, RDF, Atom and CDF: one pass over the events, with the open elements on a stack.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::capture::{Attributes, Capture, author, unescape};
use super::fields::{Field, Space, field};
use super::{Entry, Feed, MAX_ENTRIES, date, text};

/// Deepest nesting.
const MAX_DEPTH: usize = 256;
/// Elements before the feed's own: what a broken server puts in front.
const MAX_JUNK: usize = 64;
/// Entities that a feed may declare, and bytes of each.
const MAX_ENTITIES: (usize, usize) = (256, 1_000);
/// Bytes that all uses of declared entities may come to; what is behind them stays as it is written.
const MAX_EXPANDED: usize = 1 << 20;

pub(super) fn parse(xml: &str, base: Option<&Url>) -> Result<Feed, String> {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    config.expand_empty_elements = true;
    let mut state = State::new(base);
    loop {
        let step = reader.read_event().map_err(|error| error.to_string());
        match step.and_then(|event| state.on(&event)) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => {
                state.feed.broken = Some(format!("{why}, after {} bytes", reader.buffer_position()));
                break;
            }
        }
    }
    state.finish()
}

/// An open element.
struct Open {
    name: String,
    base: Option<Url>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// The feed itself: its children speak of it.
    Feed,
    /// An entry: its children speak of the entry.
    Entry,
    Other,
}

struct State {
    start: Option<Url>,
    spaces: HashMap<String, Space>,
    entities: HashMap<String, String>,
    /// Bytes that declared entities have come to so far.
    expanded: usize,
    stack: Vec<Open>,
    seen: usize,
    /// Whether the feed's own element was met.
    begun: bool,
    feed: Feed,
    /// How good the title, link and date so far are, of the feed and of the entry.
    feed_ranks: Ranks,
    entry: Option<(Entry, Ranks)>,
    capture: Option<Capture>,
}

#[derive(Clone, Copy, Default)]
struct Ranks {
    title: u8,
    summary: u8,
    link: u8,
    date: u8,
    content: u8,
}

impl State {
    fn new(base: Option<&Url>) -> Self {
        Self {
            start: base.cloned(),
            spaces: HashMap::new(),
            entities: HashMap::new(),
            expanded: 0,
            stack: Vec::new(),
            seen: 0,
            begun: false,
            feed: Feed::default(),
            feed_ranks: Ranks::default(),
            entry: None,
            capture: None,
        }
    }

    /// Whether the reading goes on.
    fn on(&mut self, event: &Event<'_>) -> Result<bool, String> {
        match event {
            Event::Start(start) => self.open(start)?,
            Event::End(end) => self.close(&end.name().0.to_ascii_lowercase()),
            Event::Text(text) => self.text(text),
            Event::CData(text) => self.text(text),
            Event::GeneralRef(name) => self.entity(name),
            Event::DocType(declared) => self.declare(declared),
            Event::Eof => return Ok(false),
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
        Ok(self.feed.entries.len() < MAX_ENTRIES)
    }

    fn base(&self) -> Option<&Url> {
        self.stack.iter().rev().find_map(|open| open.base.as_ref()).or(self.start.as_ref())
    }

    fn join(&self, link: &str) -> Option<Url> {
        match self.base() {
            Some(base) => base.join(link.trim()).ok(),
            None => Url::parse(link.trim()).ok(),
        }
    }

    fn is_inside(&self, kind: Kind) -> bool {
        self.stack.iter().any(|open| open.kind == kind)
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(format!("elements are nested deeper than {MAX_DEPTH}"));
        }
        self.seen += 1;
        let full = start.name().0.to_ascii_lowercase();
        let (prefix, name) = full.split_once(':').unwrap_or(("", &full));
        let space = self.spaces.get(prefix).copied().unwrap_or_else(|| Space::of_prefix(prefix));
        if matches!(name, "item" | "entry") && space == Space::Plain {
            self.end_unclosed();
        }
        let attributes = self.attributes(start);
        let base = attributes.get("xml:base").and_then(|base| self.join(base));
        let kind = if self.capture.is_some() { Kind::Other } else { self.kind(space, name) };
        if kind == Kind::Other && !self.begun && self.seen > MAX_JUNK {
            return Err("no feed begins".into());
        }
        if kind == Kind::Entry {
            self.end_entry();
            self.entry = Some(self.begin(&attributes, base.as_ref()));
        }
        self.begun |= kind == Kind::Feed;
        if kind == Kind::Feed && self.feed.language.is_none() {
            self.feed.language = attributes.get("xml:lang").map(str::to_owned);
        }
        let parent = self.stack.last().map_or(Kind::Other, |open| open.kind);
        self.stack.push(Open { name: full.clone(), base, kind });
        match &mut self.capture {
            Some(capture) => capture.nested(&full, name, start.attributes_raw()),
            None if parent != Kind::Other && kind == Kind::Other => {
                let field = field(space, name);
                let (depth, text) = (self.stack.len(), String::new());
                self.capture =
                    field.map(|field| Capture { field, space, depth, text, attributes, ended: None });
            }
            None => {}
        }
        Ok(())
    }

    /// An entry that begins inside of a headline or date means that the one before was never closed.
    fn end_unclosed(&mut self) {
        let short = |capture: &Capture| !matches!(capture.field, Field::Summary | Field::Content);
        let entry = self.stack.iter().rposition(|open| open.kind == Kind::Entry);
        if let Some(at) = entry.filter(|_| self.capture.as_ref().is_some_and(short)) {
            let name = self.stack[at].name.clone();
            self.close(&name);
        }
    }

    fn kind(&self, space: Space, name: &str) -> Kind {
        if space != Space::Plain {
            return Kind::Other;
        }
        match name {
            "rss" | "feed" | "rdf" | "channel" if !self.is_inside(Kind::Entry) => Kind::Feed,
            "item" | "entry" if self.is_inside(Kind::Feed) && !self.is_inside(Kind::Entry) => Kind::Entry,
            _ => Kind::Other,
        }
    }

    /// The attributes of an element; declarations of prefixes are remembered wherever they stand.
    fn attributes(&mut self, start: &BytesStart<'_>) -> Attributes {
        let mut all = HashMap::new();
        for attribute in start.html_attributes().with_checks(false).flatten().take(64) {
            let key = attribute.key.0.to_ascii_lowercase();
            let value = unescape(&attribute.value);
            if let Some(prefix) = key.strip_prefix("xmlns").map(|rest| rest.trim_start_matches(':')) {
                let known = self.spaces.len() < MAX_ENTITIES.0 && !prefix.is_empty();
                if known {
                    self.spaces.insert(prefix.to_owned(), Space::of_uri(&value));
                }
            }
            all.insert(key, value);
        }
        Attributes(all)
    }

    /// An entry of which nothing is known but its attributes (CDF, RSS 1.0).
    fn begin(&self, attributes: &Attributes, base: Option<&Url>) -> (Entry, Ranks) {
        let join =
            |link: &str| base.or_else(|| self.base()).map_or_else(|| Url::parse(link), |b| b.join(link));
        let mut entry = Entry { language: attributes.get("xml:lang").map(str::to_owned), ..Entry::default() };
        let mut ranks = Ranks::default();
        if let Some(about) = attributes.get("rdf:about") {
            (entry.id, entry.link, ranks.link) = (Some(about.to_owned()), join(about).ok(), 1);
        }
        if let Some(link) = attributes.get("href") {
            (entry.link, ranks.link) = (join(link).ok(), 3);
        }
        if let Some(date) = attributes.get("lastmod").and_then(date::normal) {
            (entry.published, ranks.date) = (Some(date), 1);
        }
        (entry, ranks)
    }

    /// Closes the innermost element of that name with all that was left open in it; an end without a beginning is nothing.
    fn close(&mut self, full: &str) {
        let Some(at) = self.stack.iter().rposition(|open| open.name == full) else { return };
        while self.stack.len() > at {
            let depth = self.stack.len();
            if let Some(capture) = self.capture.take_if(|capture| capture.depth >= depth) {
                self.say(capture);
            } else if let Some(capture) = &mut self.capture {
                capture.nested_end(&self.stack[depth - 1].name);
            }
            if self.stack.pop().is_some_and(|open| open.kind == Kind::Entry) {
                self.end_entry();
            }
        }
    }

    fn end_entry(&mut self) {
        if let Some((entry, _)) = self.entry.take().filter(|(entry, _)| *entry != Entry::default()) {
            self.feed.entries.push(entry);
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(capture) = &mut self.capture {
            capture.text.push_str(text);
        }
    }

    fn entity(&mut self, name: &str) {
        let Some(capture) = &mut self.capture else { return };
        // Inside of markup `&lt;` stays what it is; in escaped markup it is a tag's beginning.
        let markup = self.stack.len() > capture.depth || capture.attributes.get("type") == Some("xhtml");
        let stays = markup && matches!(name, "lt" | "gt" | "amp");
        let declared = || {
            let value = self.entities.get(name)?;
            self.expanded += value.len();
            (self.expanded <= MAX_EXPANDED).then(|| value.clone())
        };
        let known = if stays { None } else { text::entity(name).or_else(declared) };
        match known {
            Some(text) => capture.text.push_str(&text),
            None => capture.text.extend(["&", name, ";"]),
        }
    }

    /// Entities that the feed itself declares. None is expanded in another one, and [`MAX_EXPANDED`] limits what all
    /// uses of them come to, for a use of three bytes may stand for a thousand.
    fn declare(&mut self, declared: &str) {
        for part in declared.split("<!ENTITY").skip(1).take(MAX_ENTITIES.0) {
            let mut words = part.trim_start().splitn(2, char::is_whitespace);
            let (Some(name), Some(rest)) = (words.next(), words.next()) else { continue };
            let rest = rest.trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else { continue };
            if let Some(value) = rest[1..].split(quote).next().filter(|value| value.len() <= MAX_ENTITIES.1) {
                self.entities.insert(name.to_owned(), unescape(value));
            }
        }
    }

    /// A field is complete.
    fn say(&mut self, capture: Capture) {
        let (field, space) = (capture.field, capture.space);
        let (text, attributes) = capture.into_parts();
        let link = self.link(field, &text, &attributes);
        let language = attributes.get("xml:lang").map(str::to_owned);
        let Some((entry, ranks)) = &mut self.entry else {
            return self.say_of_feed(field, space, &text);
        };
        let said = text.trim();
        let better = |old: &mut u8, new: u8| {
            new > *old && {
                *old = new;
                true
            }
        };
        match field {
            Field::Title if !said.is_empty() && better(&mut ranks.title, space.rank()) => {
                entry.title = Some(text::plain(said));
                entry.language = language.or(entry.language.take());
            }
            Field::Link | Field::Id => {
                if field == Field::Id && !said.is_empty() {
                    entry.id = Some(said.to_owned());
                }
                if let Some((link, _)) = link.filter(|(_, rank)| better(&mut ranks.link, *rank)) {
                    entry.link = Some(link);
                }
            }
            Field::Summary if !said.is_empty() && better(&mut ranks.summary, space.rank()) => {
                entry.summary = Some(said.to_owned());
            }
            Field::Content => {
                let said = if said.is_empty() { attributes.get("src").unwrap_or_default() } else { said };
                if !said.is_empty() && better(&mut ranks.content, 1 + u8::from(space == Space::Content)) {
                    entry.content = Some(said.to_owned());
                }
            }
            Field::Published | Field::Changed => {
                let rank = 1 + u8::from(space == Space::Dublin) + 2 * u8::from(field == Field::Published);
                if let Some(date) = date::normal(said).filter(|_| better(&mut ranks.date, rank)) {
                    entry.published = Some(date);
                }
            }
            Field::Author | Field::AuthorName if space != Space::Media || entry.authors.is_empty() => {
                push(&mut entry.authors, &author(said));
            }
            Field::Category => {
                let label = attributes.get("label").or(attributes.get("term"));
                push(&mut entry.categories, label.unwrap_or(&text::plain(said)));
            }
            Field::Language if !said.is_empty() => entry.language = Some(said.to_owned()),
            _ => {}
        }
    }

    fn say_of_feed(&mut self, field: Field, space: Space, text: &str) {
        let said = text.trim();
        match field {
            Field::Title if space.rank() > self.feed_ranks.title => {
                self.feed_ranks.title = space.rank();
                self.feed.title = Some(text::plain(said)).filter(|title| !title.is_empty());
            }
            Field::Language if !said.is_empty() => self.feed.language = Some(said.to_owned()),
            _ => {}
        }
    }

    /// The address that a link or id names, and how good it is.
    fn link(&self, field: Field, text: &str, attributes: &Attributes) -> Option<(Url, u8)> {
        if field == Field::Id {
            let permanent = attributes.get("ispermalink") != Some("false") && text.trim().starts_with("http");
            return self.join(text).filter(|_| permanent).map(|link| (link, 2));
        }
        if field != Field::Link {
            return None;
        }
        let rank = match attributes.get("rel").unwrap_or("alternate") {
            "alternate" if attributes.get("type").is_none_or(|kind| kind.contains("html")) => 4,
            "alternate" => 3,
            "self" | "enclosure" | "edit" | "replies" | "hub" | "next" | "prev" | "license" => return None,
            _ => 1,
        };
        let href = attributes.get("href").or(Some(text.trim()).filter(|text| !text.is_empty()))?;
        self.join(href).map(|link| (link, rank))
    }

    fn finish(mut self) -> Result<Feed, String> {
        self.stack.clear();
        if let Some(capture) = self.capture.take() {
            self.say(capture);
        }
        self.end_entry();
        let empty = self.feed.entries.is_empty() && self.feed.title.is_none();
        match &self.feed.broken {
            Some(why) if empty => Err(format!("no feed: {why}")),
            _ if self.begun => Ok(self.feed),
            _ => Err("no feed: no element of RSS, Atom or CDF".into()),
        }
    }
}

fn push(list: &mut Vec<String>, value: &str) {
    let value = value.trim();
    if !value.is_empty() && list.len() < 64 && !list.iter().any(|known| known == value) {
        list.push(value.to_owned());
    }
}
