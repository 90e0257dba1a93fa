//! Which blocks are the article: two opinions, then the edges.

use std::collections::HashSet;

use super::blocks::Block;
use super::tree::Tree;
use super::vote::Chosen;
use super::words;

/// What is known of a block besides itself.
#[derive(Clone, Copy, Debug, Default)]
struct Opinion {
    /// Our region holds it, and nothing marks it as something else.
    ours: bool,
    /// The other extractor chose it.
    theirs: bool,
}

/// What one opinion has to hold of the other, in characters, for both to count: below that one of them has failed.
const FAILED: f64 = 0.2;
/// How much larger ours may be before it is taken to hold more than the article.
const LARGER: f64 = 1.9;
/// Below this share of theirs, ours has missed the article.
const MISSED: f64 = 0.4;
/// Least size of a paragraph that only one of the two chose, at the edges.
const PARAGRAPH: f64 = 60.0;

/// The lines of the article, and how far the two opinions agree (0 to 1, by characters).
pub(crate) fn select(
    tree: &Tree,
    blocks: &[Block],
    region: usize,
    theirs: &Chosen,
    title: &str,
) -> (Vec<String>, f64) {
    let opinion = |block: &Block| {
        let is_text = !block.is_never && !words::is_furniture(&block.text);
        Opinion {
            ours: is_text && tree.holds(region, block.node) && !block.is_aside && block.link_share() < 0.6,
            theirs: is_text && theirs.holds(&block.text),
        }
    };
    let opinions: Vec<Opinion> = blocks.iter().map(opinion).collect();
    let mass = |wanted: &dyn Fn(&Opinion) -> bool| -> f64 {
        blocks.iter().zip(&opinions).filter(|(_, o)| wanted(o)).map(|(b, _)| b.chars as f64).sum()
    };
    let (both, ours, his) = (mass(&|o| o.ours && o.theirs), mass(&|o| o.ours), mass(&|o| o.theirs));
    let agreement = if ours + his > 0.0 { 2.0 * both / (ours + his) } else { 0.0 };
    let mut kept: Vec<usize> = if his < FAILED * ours {
        pick(&opinions, |o| o.ours)
    } else if ours > LARGER * his || ours < MISSED * his {
        pick(&opinions, |o| o.theirs)
    } else {
        merged(tree, blocks, &opinions, his > 1.5 * ours)
    };
    edges(tree, blocks, &mut kept, title);
    (lines(blocks, &kept), agreement)
}

fn pick(opinions: &[Opinion], wanted: impl Fn(&Opinion) -> bool) -> Vec<usize> {
    (0..opinions.len()).filter(|at| wanted(&opinions[*at])).collect()
}

/// What both chose, and what one chose if it stands among that and reads like a sentence.
fn merged(tree: &Tree, blocks: &[Block], opinions: &[Opinion], is_small: bool) -> Vec<usize> {
    let is_both = |o: &Opinion| o.ours && o.theirs;
    let first = opinions.iter().position(is_both).unwrap_or(0);
    let last = opinions.iter().rposition(is_both).unwrap_or(opinions.len().saturating_sub(1));
    let tag = |block: &Block| tree.nodes[block.node].tag.as_str();
    let is_heading = |block: &Block| matches!(tag(block), "h2" | "h3" | "h4");
    let look = |block: &Block| (tag(block), tree.nodes[block.node].names.as_str());
    let full = |at: &usize| blocks[*at].mass() > PARAGRAPH;
    let looks: HashSet<_> =
        pick(opinions, is_both).into_iter().filter(full).map(|at| look(&blocks[at])).collect();
    let is_wanted = |at: usize| {
        let block = &blocks[at];
        let is_sentence = || words::is_sentence(&block.text);
        match (opinions[at].ours, opinions[at].theirs) {
            (true, true) => true,
            (true, false) if at < first => is_sentence() && words::size(&block.text) > PARAGRAPH,
            (true, false) if at > last => {
                (is_sentence() || is_heading(block)) && kin(tree, block) == kin(tree, &blocks[last])
            }
            (true, false) => (is_sentence() || is_heading(block)) && block.link_share() < 0.5,
            (false, true) if (first..=last).contains(&at) => is_sentence(),
            (false, true) => full(&at) && (is_small || looks.contains(&look(block))),
            (false, false) => false,
        }
    };
    (0..blocks.len()).filter(|at| is_wanted(*at)).collect()
}

/// The element that holds a paragraph, or the list of an item.
fn kin(tree: &Tree, block: &Block) -> usize {
    let is_part = |at: &usize| {
        matches!(tree.nodes[*at].tag.as_str(), "p" | "li" | "ul" | "ol" | "blockquote" | "h2" | "h3" | "h4")
    };
    std::iter::once(block.node).chain(tree.above(block.node)).find(|at| !is_part(at)).unwrap_or(0)
}

/// Cuts off what stands above the text and below it.
fn edges(tree: &Tree, blocks: &[Block], kept: &mut Vec<usize>, title: &str) {
    let chars = |range: &[usize]| -> f64 { range.iter().map(|at| blocks[*at].chars as f64).sum() };
    let total = chars(kept);
    below_headline(tree, blocks, kept, title, total);
    if let Some(end) = tail(blocks, kept, total) {
        kept.truncate(end);
    }
    if kept.iter().filter(|at| words::ends(&blocks[**at].text)).count() >= 2 {
        while kept
            .last()
            .is_some_and(|at| !words::ends(&blocks[*at].text) && words::size(&blocks[*at].text) < 150.0)
        {
            kept.pop();
        }
    }
    let first = kept.iter().position(|at| words::is_sentence(&blocks[*at].text)).unwrap_or(0);
    if chars(&kept[..first]) < 0.1 * total {
        kept.drain(..first);
    }
}

/// Drops the headline and what stands above it.
fn below_headline(tree: &Tree, blocks: &[Block], kept: &mut Vec<usize>, title: &str, total: f64) {
    let title = letters(title);
    let (mut before, mut cut) = (0.0, 0);
    for (place, at) in kept.iter().enumerate() {
        if before > 0.15 * total {
            break;
        }
        let own = letters(&blocks[*at].text);
        let is_title =
            own.len() > 3 && (own == title || own.len() * 10 > title.len() * 6 && title.contains(&own));
        if tree.nodes[blocks[*at].node].tag == "h1" || is_title {
            cut = place + 1;
        }
        before += blocks[*at].chars as f64;
    }
    if cut < kept.len() {
        kept.drain(..cut);
    }
}

/// How many blocks stand before a line, chosen or not, that begins what is no longer the article: one that says so, in
/// the second half, with little behind it or little that reads like text.
fn tail(blocks: &[Block], kept: &[usize], total: f64) -> Option<usize> {
    // Characters from here on that end like sentences, and all.
    let mut behind = vec![(0.0, 0.0); kept.len() + 1];
    for place in (0..kept.len()).rev() {
        let block = &blocks[kept[place]];
        let chars = block.chars as f64;
        let (ended, all) = behind[place + 1];
        behind[place] = (ended + if words::ends(&block.text) { chars } else { 0.0 }, all + chars);
    }
    (1..kept.len()).find(|place| {
        let (ended, all) = behind[*place];
        let is_little = all < 0.12 * total || (all < 0.4 * total && ended < 0.5 * all);
        is_little && (kept[place - 1] + 1..=kept[*place]).any(|at| words::is_tail(&blocks[at].text))
    })
}

/// Shortest line, in characters, that is held against what stands before it, and longest text in which that is done.
const REPEAT: (usize, usize) = (24, 400_000);

/// The lines of the chosen blocks, without furniture, each said once: some pages give their paragraphs twice.
fn lines(blocks: &[Block], kept: &[usize]) -> Vec<String> {
    let (mut said, mut size) = (HashSet::new(), 0);
    let mut found = Vec::new();
    for line in kept.iter().flat_map(|at| blocks[*at].text.lines()) {
        let is_held = line.chars().count() > REPEAT.0 && size < REPEAT.1;
        if words::is_furniture(line) || (is_held && !said.insert(line)) {
            continue;
        }
        size += line.len();
        found.push(line.to_owned());
    }
    found
}

/// The lines of a plain text, without the headline and what stands above it among the first three, and without furniture.
pub(crate) fn below(text: &str, title: &str) -> String {
    let headline = text.lines().take(3).position(|line| !title.is_empty() && line.trim() == title);
    let lines = text.lines().skip(headline.map_or(0, |at| at + 1)).map(str::trim);
    let (mut said, mut found) = (HashSet::new(), Vec::new());
    for line in lines.filter(|line| !line.is_empty() && !words::is_furniture(line)) {
        if line.chars().count() <= REPEAT.0 || said.insert(line) {
            found.push(line);
        }
    }
    found.join("\n")
}

/// Letters and digits, lower-case.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
