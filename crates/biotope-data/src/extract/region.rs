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
    let masses: Vec<(usize, f64)> = blocks.iter().map(|block| (block.node, block.mass())).collect();
    let mut scores = vec![0.0; tree.nodes.len()];
    for (node, mass) in masses.iter().filter(|(_, mass)| *mass > 0.0) {
        let inner = std::iter::once(*node).chain(tree.above(*node));
        for (at, share) in inner.skip_while(|at| is_leaf(&tree.nodes[*at].tag)).zip(SHARES) {
            scores[at] += share * mass;
        }
    }
    let ranked = scores.iter().enumerate().filter(|(_, score)| **score > 0.0);
    let ranked = ranked.map(|(at, score)| (at, score * told(tree, at)));
    let best = ranked.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let held = held(tree, &masses);
    joined(tree, &held, widened(tree, &held, best.map_or(0, |(at, _)| at)))
}

/// What an element holds.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    /// The mass of its blocks.
    mass: f64,
    /// How many of them are full paragraphs.
    full: usize,
    /// How many headlines and articles of their own.
    heads: usize,
}

/// For every node what it holds.
fn held(tree: &Tree, masses: &[(usize, f64)]) -> Vec<Held> {
    let mut held = vec![Held::default(); tree.nodes.len()];
    for (node, mass) in masses {
        held[*node].mass += mass;
        held[*node].full += usize::from(*mass >= FULL);
    }
    for at in (1..held.len()).rev() {
        held[at].heads += usize::from(matches!(tree.nodes[at].tag.as_str(), "h1" | "article"));
        let (inner, outer) = (held[at], &mut held[tree.nodes[at].parent]);
        outer.mass += inner.mass;
        outer.full += inner.full;
        outer.heads += inner.heads;
    }
    held
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
fn widened(tree: &Tree, held: &[Held], best: usize) -> usize {
    let is_wider = |at: &usize| {
        let share = held[*at].mass / held[best].mass.max(1.0);
        told(tree, *at) > 1.0 && share > WIDER && share < 4.0
    };
    tree.above(best).filter(is_wider).last().unwrap_or(best)
}

/// The element around, if what it holds besides is more sections of the same article: parts with several full
/// paragraphs and no headline of their own. Lists of teasers have one paragraph each, comments are marked as such.
fn joined(tree: &Tree, held: &[Held], region: usize) -> usize {
    let (mut at, mut found) = (region, region);
    for _ in 0..LEVELS {
        let parent = tree.nodes[at].parent;
        if parent == at || tree.nodes[at].tag == "article" {
            break;
        }
        let sections: f64 = children(tree, parent)
            .filter(|child| *child != at && is_section(tree, held, *child))
            .map(|child| held[child].mass)
            .sum();
        let rest = held[parent].mass - held[at].mass - sections;
        if sections > 0.15 * held[at].mass && sections > 4.0 * rest {
            found = parent;
        } else if sections + rest > 0.05 * held[at].mass {
            break;
        }
        at = parent;
    }
    found
}

/// Whether an element beside the region is a part of the same article.
fn is_section(tree: &Tree, held: &[Held], at: usize) -> bool {
    let is_paragraph = is_leaf(&tree.nodes[at].tag) && held[at].mass >= FULL;
    held[at].heads == 0 && (is_paragraph || held[at].full >= 2)
}

/// Whether an element is a paragraph itself: a region holds paragraphs.
fn is_leaf(tag: &str) -> bool {
    matches!(
        tag,
        "p" | "li" | "blockquote" | "pre" | "a" | "span" | "font" | "h1" | "h2" | "h3" | "ul" | "ol" | "dl"
    )
}

/// The elements directly within one.
fn children(tree: &Tree, at: usize) -> impl Iterator<Item = usize> + '_ {
    let end = tree.nodes[at].end;
    let within = move |child: usize| Some(child).filter(|child| *child < end);
    std::iter::successors(within(at + 1), move |child| within(tree.nodes[*child].end))
        .filter(|child| !tree.nodes[*child].tag.is_empty())
}
