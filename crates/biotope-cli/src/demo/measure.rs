//! What the newspaper knows and the river had to find out: extraction, duplicates, personal data.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::article::Article;

/// Counts of hits, false alarms and misses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hits {
    /// Found and true.
    pub tp: f64,
    /// Found and not true.
    pub fp: f64,
    /// True and not found.
    pub fn_: f64,
}

impl Hits {
    /// Share of what was found that is true; 1 if nothing was found.
    pub fn precision(self) -> f64 {
        ratio(self.tp, self.tp + self.fp)
    }

    /// Share of what is true that was found; 1 if there was nothing to find.
    pub fn recall(self) -> f64 {
        ratio(self.tp, self.tp + self.fn_)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(self) -> f64 {
        ratio(2.0 * self.tp, 2.0 * self.tp + self.fp + self.fn_)
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 1.0 } else { part / whole }
}

/// Overlap of 4-gram shingles of gold and extracted bodies, each page weighing the same, as the public
/// article-extraction benchmark counts it (words; single characters in Chinese).
pub fn extraction<'a>(pages: impl Iterator<Item = (&'a str, &'a str)>) -> Hits {
    pages.map(|(gold, found)| page_hits(gold, found)).fold(Hits::default(), |sum, page| Hits {
        tp: sum.tp + page.tp,
        fp: sum.fp + page.fp,
        fn_: sum.fn_ + page.fn_,
    })
}

fn page_hits(gold: &str, found: &str) -> Hits {
    let (gold, found) = (shingles(gold, 4), shingles(found, 4));
    let keys: BTreeSet<&Vec<String>> = gold.keys().chain(found.keys()).collect();
    let count =
        |of: &BTreeMap<Vec<String>, usize>, key: &Vec<String>| of.get(key).copied().unwrap_or(0) as f64;
    let mut hits = Hits::default();
    for key in keys {
        let (gold, found) = (count(&gold, key), count(&found, key));
        hits.tp += gold.min(found);
        hits.fp += (found - gold).max(0.0);
        hits.fn_ += (gold - found).max(0.0);
    }
    let sum = (hits.tp + hits.fp + hits.fn_).max(f64::MIN_POSITIVE);
    Hits { tp: hits.tp / sum, fp: hits.fp / sum, fn_: hits.fn_ / sum }
}

fn shingles(text: &str, n: usize) -> BTreeMap<Vec<String>, usize> {
    let tokens = tokens(text);
    let mut counts = BTreeMap::new();
    let short = tokens.len() < n;
    tokens.windows(n).for_each(|window| *counts.entry(window.to_vec()).or_insert(0) += 1);
    if short {
        counts.insert(tokens, 1);
    }
    counts
}

/// Words of letters and digits; each Han character is one of its own.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        let han = ('\u{4e00}'..='\u{9fff}').contains(&c);
        if (han || !c.is_alphanumeric()) && !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if han {
            tokens.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    tokens.extend(Some(word).filter(|word| !word.is_empty()));
    tokens
}

/// The pairs of articles that are duplicates in truth: planted reprints, and all pairs of originals whose
/// 5-gram shingle sets have a Jaccard similarity of at least `threshold`, by exact counting over the gold texts.
pub fn true_duplicates(articles: &[Article], threshold: f64) -> BTreeSet<(String, String)> {
    let planted = articles.iter().filter_map(|a| Some(ordered(a.reprint_of.as_ref()?, &a.slug)));
    let sets: Vec<BTreeSet<Vec<String>>> =
        articles.iter().map(|a| shingles(&a.gold(), 5).into_keys().collect()).collect();
    let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
    for pairs in postings(&sets).into_values().filter(|list| (2..200).contains(&list.len())) {
        for (at, a) in pairs.iter().enumerate() {
            pairs[at + 1..].iter().for_each(|b| *shared.entry((*a, *b)).or_insert(0) += 1);
        }
    }
    let similar = |((a, b), both): ((usize, usize), usize)| {
        let union = sets[a].len() + sets[b].len() - both;
        (both as f64 >= threshold * union as f64).then(|| ordered(&articles[a].slug, &articles[b].slug))
    };
    planted.chain(shared.into_iter().filter_map(similar)).collect()
}

fn postings(sets: &[BTreeSet<Vec<String>>]) -> HashMap<&Vec<String>, Vec<usize>> {
    let mut postings: HashMap<&Vec<String>, Vec<usize>> = HashMap::new();
    for (index, set) in sets.iter().enumerate() {
        for shingle in set {
            postings.entry(shingle).or_default().push(index);
        }
    }
    postings
}

/// A pair in its one spelling.
pub fn ordered(a: &str, b: &str) -> (String, String) {
    if a < b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

/// Pairs that fell into one cluster against the pairs that are duplicates in truth (closed over chains).
pub fn duplicates(found: &[Vec<String>], truth: &BTreeSet<(String, String)>) -> Hits {
    let found = pairs(found);
    let truth = pairs(&chains(truth));
    let tp = found.intersection(&truth).count() as f64;
    Hits { tp, fp: found.len() as f64 - tp, fn_: truth.len() as f64 - tp }
}

fn pairs(clusters: &[Vec<String>]) -> BTreeSet<(String, String)> {
    let of = |cluster: &Vec<String>| {
        let cluster = cluster.clone();
        (0..cluster.len()).flat_map(move |a| {
            let cluster = cluster.clone();
            (a + 1..cluster.len()).map(move |b| ordered(&cluster[a], &cluster[b]))
        })
    };
    clusters.iter().flat_map(of).collect()
}

/// Connected components of a set of pairs.
fn chains(edges: &BTreeSet<(String, String)>) -> Vec<Vec<String>> {
    let mut cluster_of: BTreeMap<&String, usize> = BTreeMap::new();
    let mut clusters: Vec<Vec<String>> = Vec::new();
    for (a, b) in edges {
        let (x, y) = (cluster_of.get(a).copied(), cluster_of.get(b).copied());
        let into = x.or(y).unwrap_or_else(|| {
            clusters.push(Vec::new());
            clusters.len() - 1
        });
        if let (Some(x), Some(y)) = (x, y)
            && x != y
        {
            let moved = std::mem::take(&mut clusters[y]);
            clusters[into].extend(moved);
            cluster_of.values_mut().filter(|c| **c == y).for_each(|c| *c = into);
        }
        for end in [a, b] {
            if cluster_of.insert(end, into).is_none() {
                clusters[into].push(end.clone());
            }
        }
    }
    clusters.into_iter().filter(|cluster| !cluster.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_page_scores_one_and_a_page_with_noise_less() {
        let gold = "one two three four five six";
        assert_eq!(extraction([(gold, gold)].into_iter()).f1(), 1.0);
        let noisy = extraction([(gold, "one two three four five six seven eight nine")].into_iter());
        assert_eq!((noisy.recall(), noisy.precision()), (1.0, 0.5));
        assert_eq!(extraction([(gold, "")].into_iter()).recall(), 0.0);
    }

    #[test]
    fn han_characters_are_tokens() {
        assert_eq!(tokens("Wheat涨了3次"), ["wheat", "涨", "了", "3", "次"]);
    }

    #[test]
    fn chains_close_and_pairs_count() {
        let truth = BTreeSet::from([ordered("a", "b"), ordered("c", "d"), ordered("b", "c")]);
        let all = vec!["a".to_owned(), "b".into(), "c".into(), "d".into()];
        assert_eq!(duplicates(&[all], &truth), Hits { tp: 6.0, fp: 0.0, fn_: 0.0 });
        assert_eq!(
            duplicates(&[vec!["a".into(), "b".into(), "x".into()]], &truth),
            Hits { tp: 1.0, fp: 2.0, fn_: 5.0 }
        );
    }

    #[test]
    fn natural_duplicates_are_found_by_exact_counting() {
        let article = |slug: &str, text: &str| Article {
            slug: slug.into(),
            title: "t".into(),
            paragraphs: vec![text.into()],
            ..Article::default()
        };
        let long = (0..60).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
        let near = long.replace("word59", "other");
        let paper = [
            article("a", &long),
            article("b", &near),
            article("c", "short and quite different text of its own"),
        ];
        assert_eq!(true_duplicates(&paper, 0.8), BTreeSet::from([ordered("a", "b")]));
    }
}
