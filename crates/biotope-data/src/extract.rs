//! The article of a page: text, title, author, date, language, section, canonical address, site, and how sure that is.
//!
//! One pass over the markup drops what holds no text and bounds the rest, one parse makes the tree, and the tree
//! becomes a list of blocks. Two opinions say which blocks are the article: our own (where the sentences are, and what
//! the publisher's names say) and that of the `trafilatura` crate; `articleBody` in JSON-LD replaces the latter where
//! the page has it. Where they differ, structure decides; then headline, tails and furniture go.
//! How far the two agree is the confidence.

mod blocks;
mod input;
mod linked;
mod meta;
mod region;
mod select;
mod slim;
mod tree;
mod vote;
mod words;

pub use input::page;
use trafilatura::dom::Document;
use trafilatura::{ExtractionFocus, Options};

use crate::html;

/// How to read a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the other extractor leans towards.
    pub(crate) focus: ExtractionFocus,
    /// Whether readers' comments belong to the text.
    pub(crate) comments: bool,
    /// Whether tables belong to the text.
    pub(crate) tables: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { focus: ExtractionFocus::FavorPrecision, comments: false, tables: true }
    }
}

/// An article.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Article {
    /// The text, a line per paragraph, without the headline.
    pub text: String,
    /// Headline.
    pub title: Option<String>,
    /// Who wrote it; several are parted by `"; "`.
    pub author: Option<String>,
    /// When it appeared: RFC 3339 or `YYYY-MM-DD`.
    pub published: Option<String>,
    /// BCP 47 tag of the language, as found.
    pub language: Option<String>,
    /// Section of the site.
    pub section: Option<String>,
    /// Address that the page calls its own.
    pub canonical: Option<String>,
    /// Name of the site.
    pub site: Option<String>,
    /// How sure the text is, 0 to 1: the share of characters on which two extractors agree (Dice), less for texts of
    /// under 200 letters and for pages that were cut by a limit.
    pub confidence: f64,
}

/// Most work for the other extractor, whose time grows with size and depth: bytes of markup, the sum of all depths, and
/// tables within tables.
/// Pages have some ten thousand nodes and ten levels; beyond this ours is the only opinion, and the confidence is 0.
const BYTES: usize = 1 << 20;
const WORK: usize = 1_000_000;
const TABLES: usize = 12;

/// Stack of the thread that reads a page: the other extractor walks the tree by recursion.
const STACK: usize = 16 << 20;

/// The article of an HTML page, with the address it came from if that is known; without text there is no article.
///
/// ```
/// let page = "<html><body><h1>Wheat</h1><p>Wheat futures rose in Chicago on Monday, traders said.</p></body></html>";
/// let article = biotope_data::extract::article(page, None);
/// assert_eq!(article.text, "Wheat futures rose in Chicago on Monday, traders said.");
/// ```
pub fn article(page: &str, address: Option<&str>) -> Article {
    read(page, address, Reading::default())
}

/// As [`article`], as told.
pub(crate) fn read(page: &str, address: Option<&str>, reading: Reading) -> Article {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || extracted(page, address, reading));
        // A panic of the other extractor is a page without an article; no thread to be had is not the page's fault.
        worker.expect("the system gives a thread to read a page").join().unwrap_or_default()
    })
}

fn extracted(page: &str, address: Option<&str>, reading: Reading) -> Article {
    let slim = slim::slim(page);
    let dom = Document::parse(&slim.html);
    let tree = tree::Tree::new(&dom);
    let blocks = blocks::blocks(&tree);
    let head = meta::Head::new(&dom);
    let linked = linked::linked(&slim.linked);
    let is_bounded = slim.html.len() < BYTES && tree.work.0 < WORK && tree.work.1 < TABLES;
    let other = is_bounded
        .then(|| trafilatura::extract_document(dom, &options(address, reading)).unwrap_or_default());
    let other = other.unwrap_or_default();
    let their_text = html::text(&other.content_html);
    let (comments, guessed) = (other.comments_text, other.metadata);
    let meta = meta::meta(&head, &linked, guessed, &blocks);
    let theirs = vote::Chosen::new(
        linked.body.as_deref().filter(|body| is_whole(body, &their_text)).unwrap_or(&their_text),
    );
    let region = region::region(&tree, &blocks);
    let title = meta.title.as_deref().unwrap_or_default();
    let (lines, agreement) = select::select(&tree, &blocks, region, &theirs, title);
    let mut text = lines.join("\n");
    if words::size(&text) < SHORT {
        // Too little for two opinions: a notice of one line, or a page that a script fills.
        let others = [linked.body.unwrap_or_default(), their_text].map(|text| select::below(&text, title));
        let longest = others.into_iter().max_by(|a, b| words::size(a).total_cmp(&words::size(b)));
        text = longest.filter(|other| words::size(other) > words::size(&text)).unwrap_or(text);
    }
    let size = words::size(&text);
    let confidence = agreement * (size / 200.0).min(1.0) * if slim.cut { 0.5 } else { 1.0 };
    if reading.comments && !comments.trim().is_empty() {
        text = format!("{text}\n{}", comments.trim());
    }
    Article {
        text,
        title: meta.title,
        author: meta.author,
        published: meta.published,
        language: meta.language,
        section: meta.section,
        canonical: meta.canonical,
        site: meta.site,
        confidence: (confidence.clamp(0.0, 1.0) * 1000.0).round() / 1000.0,
    }
}

/// Size below which a text is no ground for two opinions.
const SHORT: f64 = 60.0;

/// Whether the body that a publisher gives to machines is the article and not its beginning.
fn is_whole(body: &str, text: &str) -> bool {
    let size = words::size(body);
    size >= 250.0 && size >= 0.75 * words::size(text)
}

fn options(address: Option<&str>, reading: Reading) -> Options {
    let mut options = Options::default().with_fallback(true).with_focus(reading.focus);
    options.exclude_comments = !reading.comments;
    options.exclude_tables = !reading.tables;
    options.original_url = address
        .and_then(|address| url::Url::parse(address).ok())
        .filter(|url| url.scheme().starts_with("http"));
    options
}
