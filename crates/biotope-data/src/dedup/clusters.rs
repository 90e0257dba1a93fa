//! Connected components of pairs, each with a representative.

use biotope_core::RecordId;
use jiff::Timestamp;

use crate::union::Union;

/// Two documents (by their numbers, `a < b`) that are the same, and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Number of the first.
    pub a: u32,
    /// Number of the second.
    pub b: u32,
    /// True Jaccard similarity of their shingle sets; 1 for exact copies.
    pub similarity: f64,
}

/// Which document belongs to which cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    ids: Vec<RecordId>,
    representative: Vec<u32>,
    /// Members of each cluster, at the place of its representative.
    sizes: Vec<u32>,
    pairs: Vec<Pair>,
}

impl Clusters {
    /// Every document for itself.
    pub fn alone(ids: Vec<RecordId>) -> Self {
        let (representative, sizes) = ((0..ids.len() as u32).collect(), vec![1; ids.len()]);
        Self { ids, representative, sizes, pairs: Vec::new() }
    }

    /// Components of `pairs`; one of the `former` first ones represents, then the earliest by `dates`, then the first.
    pub(crate) fn build(
        ids: Vec<RecordId>,
        pairs: Vec<Pair>,
        dates: Option<&[Option<Timestamp>]>,
        former: u32,
    ) -> Self {
        let mut union = Union::new(ids.len());
        for pair in &pairs {
            union.join(pair.a, pair.b);
        }
        let rank = |index: u32| {
            let date = dates.map(|dates| dates[index as usize].unwrap_or(Timestamp::MAX));
            (index >= former, date, index)
        };
        let mut best: Vec<u32> = (0..ids.len() as u32).collect();
        for index in 0..ids.len() as u32 {
            let root = union.root(index) as usize;
            if rank(index) < rank(best[root]) {
                best[root] = index;
            }
        }
        let representative: Vec<u32> =
            (0..ids.len() as u32).map(|index| best[union.root(index) as usize]).collect();
        let mut sizes = vec![0; ids.len()];
        for root in &representative {
            sizes[*root as usize] += 1;
        }
        Self { ids, representative, sizes, pairs }
    }

    /// Number of documents.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Ids in the order in which documents were added.
    pub fn ids(&self) -> &[RecordId] {
        &self.ids
    }

    /// Number of the document that represents the cluster of document `index`.
    pub fn representative(&self, index: usize) -> usize {
        self.representative[index] as usize
    }

    /// Cluster id of document `index`: the id of its representative.
    pub fn cluster(&self, index: usize) -> RecordId {
        self.ids[self.representative(index)]
    }

    /// Members of the cluster of document `index`.
    pub fn size(&self, index: usize) -> usize {
        self.sizes[self.representative(index)] as usize
    }

    /// Number of clusters with more than one member.
    pub fn groups(&self) -> u64 {
        self.sizes.iter().filter(|size| **size > 1).count() as u64
    }

    /// Number of clusters, singletons included.
    pub fn count(&self) -> usize {
        self.representative.iter().enumerate().filter(|(index, root)| *index == **root as usize).count()
    }

    /// The pairs that tie clusters together, verified, ascending: exact copies each with their first, near
    /// duplicates among the first ones. Two members of a cluster need not be a pair themselves.
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// Whether two documents are in one cluster: what recall and precision are measured on.
    pub fn same(&self, a: usize, b: usize) -> bool {
        self.representative[a] == self.representative[b]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: u8) -> Vec<RecordId> {
        (0..count).map(|n| RecordId::of(&[&[n]])).collect()
    }

    #[test]
    fn a_chain_is_one_cluster_and_the_earliest_represents_it() {
        let pair = |a, b| Pair { a, b, similarity: 0.9 };
        let day = |text: &str| crate::dates::moment(text);
        let dates = [None, day("1987-03-02"), day("1987-03-01"), None];
        let clusters = Clusters::build(ids(4), vec![pair(0, 1), pair(1, 2)], Some(&dates), 0);
        assert_eq!((0..4).map(|i| clusters.representative(i)).collect::<Vec<_>>(), [2, 2, 2, 3]);
        assert_eq!((clusters.count(), clusters.same(0, 2), clusters.same(0, 3)), (2, true, false));
        let first = Clusters::build(ids(4), vec![pair(0, 1), pair(1, 2)], None, 0);
        let known = Clusters::build(ids(4), vec![pair(0, 1), pair(1, 2)], Some(&dates), 1);
        assert_eq!(known.representative(2), 0);
        assert_eq!(first.representative(2), 0);
    }
}
