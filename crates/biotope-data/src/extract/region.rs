//! The part of a page that holds the article.

use std::sync::LazyLock;

use regex::Regex;

use super::blocks::Block;
use super::tree::Tree;

/// Names that publishers give to the body of an article.
static BODY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)\b(?:article|story|entry|post|news|blog|page|main|rich|body|detail|art|single|content)[-_]{0,2}(?:body|content|text|txt|copy|main|detail|article)(?:[-_]?(?:body|content|text|inner|wrap|wrapper))?\b
        |\b(?:articlebody|storybody|entrytext|js_content|rich_media_content|trs_editor|ucapcontent|zoom|artibody|endtext|cnt-bd|js-article|story|post_art|text_area|left_zw|cnt_bd|art_context|article__body|body-copy|hentry|h-entry|e-content)\b",
    )
    .expect("the pattern is constant")
});

/// What a block gives to the elements around it, from the innermost that holds paragraphs outwards.
const SHARES: [f64; 4] = [1.0, 0.6, 0.35, 0.2];
/// How much more of the page's mass an element around the region has to hold to take its place.
const WIDER: f64 = 1.25;

/// How far up sections are looked for, and the mass of a full paragraph.
const LEVELS: usize = 6;
const FULL: f64 = 80.0;

/// The innermost element that holds the article.
pub(crate) fn region(tree: &Tree, blocks: &[Block]) -> usize {
    let mut scores = vec![0.0; tree.nodes.len()];
    for block in blocks.iter().filter(|block| block.mass() > 0.0) {
        let inner = std::iter::once(block.node).chain(tree.above(block.node));
        for (at, share) in inner.skip_while(|at| is_leaf(&tree.nodes[*at].tag)).zip(SHARES) {
            scores[at] += share * block.mass();
        }
    }
    let rank = |at: usize| scores[at] * told(tree, at);
    let best = (0..scores.len()).max_by(|a, b| rank(*a).total_cmp(&rank(*b)).then(b.cmp(a))).unwrap_or(0);
    let named = widened(tree, &masses(tree, blocks), best);
    joined(tree, blocks, named)
}

/// For every node the mass of the blocks in it.
fn masses(tree: &Tree, blocks: &[Block]) -> Vec<f64> {
    let mut mass = vec![0.0; tree.nodes.len()];
    for block in blocks {
        mass[block.node] += block.mass();
    }
    for at in (1..mass.len()).rev() {
        mass[tree.nodes[at].parent] += mass[at];
    }
    mass
}

/// How far the publisher's own names speak for an element.
fn told(tree: &Tree, at: usize) -> f64 {
    let node = &tree.nodes[at];
    if node.text.eq_ignore_ascii_case("articleBody") {
        1.6
    } else if matches!(node.tag.as_str(), "body" | "html" | "form") {
        1.0
    } else if BODY.is_match(&node.names) {
        1.3
    } else if node.tag == "article" {
        1.2
    } else {
        1.0
    }
}

/// An article in several parts: the element around them, if the publisher names it as the article.
fn widened(tree: &Tree, mass: &[f64], best: usize) -> usize {
    let is_wider =
        |at: &usize| told(tree, *at) > 1.0 && mass[*at] > WIDER * mass[best] && mass[*at] < 4.0 * mass[best];
    tree.above(best).filter(is_wider).last().unwrap_or(best)
}

/// The element around, if what it holds besides is more sections of the same article: parts with several full
/// paragraphs and no headline of their own. Lists of teasers have one paragraph each, comments are marked as such.
fn joined(tree: &Tree, blocks: &[Block], region: usize) -> usize {
    let (mut at, mut found) = (region, region);
    for _ in 0..LEVELS {
        let parent = tree.nodes[at].parent;
        if parent == at || tree.nodes[at].tag == "article" {
            break;
        }
        let here: f64 = blocks.iter().filter(|block| tree.holds(at, block.node)).map(Block::mass).sum();
        let (sections, rest) = beside(tree, blocks, parent, at);
        if sections > 0.15 * here && sections > 4.0 * rest {
            found = parent;
        } else if sections + rest > 0.05 * here {
            break;
        }
        at = parent;
    }
    found
}

/// The mass of sections, and of anything else, that an element holds beside one of its children.
fn beside(tree: &Tree, blocks: &[Block], parent: usize, at: usize) -> (f64, f64) {
    let (mut sections, mut rest) = (0.0, 0.0);
    for child in children(tree, parent).into_iter().filter(|child| *child != at) {
        let range = child..tree.nodes[child].end;
        let held = || blocks.iter().filter(|block| range.contains(&block.node));
        let mass: f64 = held().map(Block::mass).sum();
        let is_other =
            tree.nodes[range.clone()].iter().any(|node| matches!(node.tag.as_str(), "h1" | "article"));
        let is_section = is_leaf(&tree.nodes[child].tag) && mass >= FULL
            || held().filter(|b| b.mass() >= FULL).count() >= 2;
        *(if is_section && !is_other { &mut sections } else { &mut rest }) += mass;
    }
    (sections, rest)
}

/// Whether an element is a paragraph itself: a region holds paragraphs.
fn is_leaf(tag: &str) -> bool {
    matches!(
        tag,
        "p" | "li" | "blockquote" | "pre" | "a" | "span" | "font" | "h1" | "h2" | "h3" | "ul" | "ol" | "dl"
    )
}

fn children(tree: &Tree, at: usize) -> Vec<usize> {
    let (mut found, mut child) = (Vec::new(), at + 1);
    while child < tree.nodes[at].end {
        if !tree.nodes[child].tag.is_empty() {
            found.push(child);
        }
        child = tree.nodes[child].end;
    }
    found
}
