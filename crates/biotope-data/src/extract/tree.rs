//! The parsed page as a flat list in document order: a subtree is a range.

use trafilatura::dom::{Document, NodeId};

/// An element, or a run of text.
#[derive(Debug)]
pub(crate) struct Node {
    /// Name of the element; empty for text.
    pub(crate) tag: String,
    /// Lower-case `class`, `id` and `role`, between blanks.
    pub(crate) names: String,
    /// The text, or what is said of the element by `itemprop`.
    pub(crate) text: String,
    /// Whether it is not shown.
    pub(crate) is_hidden: bool,
    /// The element around it.
    pub(crate) parent: usize,
    /// One past its last descendant.
    pub(crate) end: usize,
}

/// A page in document order.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Its nodes; the first is the root.
    pub(crate) nodes: Vec<Node>,
    /// The sum of their depths, and how deep tables lie in tables: what another extractor's work grows with.
    pub(crate) work: (usize, usize),
}

impl Tree {
    /// Reads a parsed page.
    pub(crate) fn new(dom: &Document) -> Self {
        let root = dom.body().unwrap_or_else(|| dom.root());
        let mut nodes: Vec<Node> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut stack = vec![(root, 0)];
        let (mut depths, mut tables) = (0, 0);
        while let Some((id, depth)) = stack.pop() {
            close(&mut nodes, &mut open, depth);
            depths += depth;
            if dom.tag_name(id) == "table" {
                tables = tables.max(open.iter().filter(|at| nodes[**at].tag == "table").count());
            }
            let parent = open.last().copied().unwrap_or(0);
            let is_text = dom.is_text(id);
            if !is_text && !dom.is_element(id) && depth > 0 {
                continue;
            }
            open.push(nodes.len());
            nodes.push(if is_text { text_node(dom, id, parent) } else { element(dom, id, parent) });
            if !is_text {
                stack.extend(dom.child_nodes(id).into_iter().rev().map(|child| (child, depth + 1)));
            }
        }
        close(&mut nodes, &mut open, 0);
        Self { nodes, work: (depths, tables) }
    }

    /// Elements around a node, innermost first.
    pub(crate) fn above(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        let next = |at: usize| if at == 0 { None } else { Some(self.nodes[at].parent) };
        std::iter::successors(next(node), move |at| next(*at))
    }

    /// Whether `inner` lies within `outer`, or is it.
    pub(crate) fn holds(&self, outer: usize, inner: usize) -> bool {
        (outer..self.nodes[outer].end).contains(&inner)
    }
}

/// Ends the elements at and below a depth.
fn close(nodes: &mut [Node], open: &mut Vec<usize>, depth: usize) {
    let end = nodes.len();
    for at in open.drain(depth.min(open.len())..) {
        nodes[at].end = end;
    }
}

fn text_node(dom: &Document, id: NodeId, parent: usize) -> Node {
    let text = dom.text_content(id);
    Node { tag: String::new(), names: String::new(), text, is_hidden: false, parent, end: 0 }
}

fn element(dom: &Document, id: NodeId, parent: usize) -> Node {
    let get = |name| dom.get_attribute(id, name);
    let of = |name| get(name).unwrap_or_default();
    let names =
        format!(" {} {} {} {} ", of("class"), of("id"), of("role"), of("data-component")).to_lowercase();
    let style: String = of("style").chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    let is_hidden = get("hidden").is_some()
        || style.contains("display:none")
        || style.contains("visibility:hidden")
        || of("aria-hidden") == "true";
    Node { tag: dom.tag_name(id).to_owned(), names, text: of("itemprop"), is_hidden, parent, end: 0 }
}
