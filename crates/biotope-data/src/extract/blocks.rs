//! The text blocks of a page: paragraphs, headings, items, as a reader sees them.

use super::tree::Tree;
use super::words;

/// A run of text that stands on lines of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    /// Innermost block element around it.
    pub(crate) node: usize,
    /// First text node.
    pub(crate) first: usize,
    /// The text, white space run together.
    pub(crate) text: String,
    /// Characters of text that are not white space, and those among them that are links.
    pub(crate) chars: usize,
    /// Characters within links.
    pub(crate) linked: usize,
    /// Whether an element around it marks it as something else than an article's text.
    pub(crate) is_aside: bool,
    /// Whether it is not shown, or can be no article by its element.
    pub(crate) is_never: bool,
}

impl Block {
    /// The share of its characters that are links.
    pub(crate) fn link_share(&self) -> f64 {
        if self.chars == 0 { 0.0 } else { self.linked as f64 / self.chars as f64 }
    }

    /// How much it speaks for an article: its length if it reads like a sentence, a fraction if not. A Chinese character
    /// weighs as much as two and a half Latin letters.
    pub(crate) fn mass(&self) -> f64 {
        let size = words::size(&self.text);
        if self.is_aside || self.link_share() > 0.5 || size < 25.0 {
            return 0.0;
        }
        let sentence = if words::is_sentence(&self.text) { 1.0 } else { 0.25 };
        size * sentence * (1.0 - self.link_share())
    }
}

/// Elements that do not begin a line.
const INLINE: [&str; 30] = [
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
    "i", "ins", "kbd", "label", "mark", "q", "s", "small", "span", "strike", "strong", "sub", "sup", "time",
    "tt", "u",
];

/// Elements that hold no text of an article, wherever they stand.
const NEVER: [&str; 14] = [
    "nav",
    "footer",
    "aside",
    "figcaption",
    "button",
    "input",
    "dialog",
    "menu",
    "legend",
    "option",
    "rp",
    "rt",
    "title",
    "head",
];

/// Cuts a page into blocks.
pub(crate) fn blocks(tree: &Tree) -> Vec<Block> {
    let mut found = Vec::new();
    let mut now = Block::default();
    let mut ends: Vec<usize> = Vec::new();
    let (aside, never) = asides(tree);
    for (at, node) in tree.nodes.iter().enumerate() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
            flush(&mut found, &mut now);
        }
        if node.tag.is_empty() {
            add(tree, &mut now, at, aside[at], never[at]);
        } else if node.tag == "br" {
            // One break is a blank, two are a paragraph.
            if now.text.ends_with('\n') { flush(&mut found, &mut now) } else { now.text.push('\n') }
        } else if matches!(node.tag.as_str(), "td" | "th") {
            now.text.push(' ');
        } else if !INLINE.contains(&node.tag.as_str()) {
            flush(&mut found, &mut now);
            ends.push(node.end);
        }
    }
    flush(&mut found, &mut now);
    found
}

fn add(tree: &Tree, block: &mut Block, at: usize, is_aside: bool, is_never: bool) {
    let text = &tree.nodes[at].text;
    let chars = text.chars().filter(|c| !c.is_whitespace()).count();
    if chars == 0 {
        if !block.text.is_empty() && !block.text.ends_with(char::is_whitespace) {
            block.text.push(' ');
        }
        return;
    }
    if is_aside && block.chars > 0 && !block.is_aside {
        return; // A hidden word or a button within a paragraph.
    }
    if block.chars == 0 {
        (block.first, block.is_aside, block.is_never) = (at, is_aside, is_never);
        block.node = tree.above(at).find(|up| !INLINE.contains(&tree.nodes[*up].tag.as_str())).unwrap_or(0);
    } else if block.is_aside && !is_aside {
        (block.chars, block.linked, block.is_aside, block.is_never, block.first) = (0, 0, false, false, at);
        block.text.clear();
    }
    // Only `<br>` breaks a line.
    block.text.extend(text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }));
    block.chars += chars;
    if tree.above(at).take_while(|up| *up >= block.node).any(|up| tree.nodes[up].tag == "a") {
        block.linked += chars;
    }
}

fn flush(found: &mut Vec<Block>, now: &mut Block) {
    let mut block = std::mem::take(now);
    if block.chars > 0 {
        let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        block.text =
            block.text.lines().map(line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
        found.push(block);
    }
}

/// For every node whether it belongs to something else than the article, and whether nobody can see it there.
fn asides(tree: &Tree) -> (Vec<bool>, Vec<bool>) {
    let letters = sums(tree);
    let total = letters[0].max(1);
    let mut aside = vec![false; tree.nodes.len()];
    let mut never = vec![false; tree.nodes.len()];
    for at in 1..tree.nodes.len() {
        let node = &tree.nodes[at];
        // What holds most of the page's sentences is the article, whatever it is called.
        let is_spared =
            node.tag.is_empty() || letters[at] * 2 > total || node.text.eq_ignore_ascii_case("articleBody");
        let is_never = !is_spared && (node.is_hidden || NEVER.contains(&node.tag.as_str()));
        let is_named = !is_spared && words::is_aside(&node.tag, &node.names);
        never[at] = never[node.parent] || is_never;
        aside[at] = aside[node.parent] || never[at] || is_named;
    }
    (aside, never)
}

/// For every node the letters of the long texts in it.
fn sums(tree: &Tree) -> Vec<usize> {
    let mut sums = vec![0; tree.nodes.len()];
    for at in (0..tree.nodes.len()).rev() {
        let node = &tree.nodes[at];
        if node.tag.is_empty() && words::is_sentence(&node.text) {
            sums[at] += words::size(&node.text) as usize;
        }
        if at > 0 {
            sums[node.parent] += sums[at];
        }
    }
    sums
}
