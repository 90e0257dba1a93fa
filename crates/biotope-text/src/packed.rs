//! Packed batches on the host: the numbers of several documents end to end, nothing padded.

use biotope_core::Features;
use biotope_core::pack::{Budget, in_order};

/// One batch. `offsets` has one entry more than there are members: member `i` owns `offsets[i]..offsets[i + 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// Which of the given features are in it.
    pub members: Vec<usize>,
    /// Token ids, or rows of a bag.
    pub ids: Vec<u32>,
    /// The weight of each row of a bag; empty for tokens.
    pub weights: Vec<f32>,
    /// Where each member begins, and where the last ends.
    pub offsets: Vec<usize>,
}

/// Batches in the given order, none over the budget unless one member alone is.
///
/// ```
/// use biotope_core::{Features, pack::Budget};
/// let features = [vec![5, 6], vec![7], vec![8, 9]].map(Features::Tokens);
/// let packed: Vec<_> = biotope_text::batches(&features, Budget { tokens: 3, examples: 8 }).collect();
/// assert_eq!((&packed[0].ids[..], &packed[0].offsets[..]), (&[5, 6, 7][..], &[0, 2, 3][..]));
/// assert_eq!(packed[1].members, [2]);
/// ```
pub fn batches(features: &[Features], budget: Budget) -> impl Iterator<Item = Packed> + '_ {
    let lengths: Vec<usize> = features.iter().map(Features::len).collect();
    in_order(&lengths, budget).into_iter().map(|members| pack(features, members))
}

/// As [`batches`], for members in any order: an epoch of [`biotope_core::pack::epoch`].
pub fn pack(features: &[Features], members: Vec<usize>) -> Packed {
    let mut packed = Packed { members, ids: Vec::new(), weights: Vec::new(), offsets: vec![0] };
    for member in &packed.members {
        match &features[*member] {
            Features::Tokens(tokens) => packed.ids.extend(tokens),
            Features::Bag { rows, weights } => {
                packed.ids.extend(rows);
                packed.weights.extend(weights);
            }
        }
        packed.offsets.push(packed.ids.len());
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bags_keep_their_weights() {
        let bag = |row: u32| Features::Bag { rows: vec![row, row + 1], weights: vec![0.5, row as f32] };
        let packed: Vec<_> = batches(&[bag(1), bag(4)], Budget { tokens: 9, examples: 9 }).collect();
        let expected = Packed {
            members: vec![0, 1],
            ids: vec![1, 2, 4, 5],
            weights: vec![0.5, 1.0, 0.5, 4.0],
            offsets: vec![0, 2, 4],
        };
        assert_eq!(packed, [expected]);
        assert_eq!(batches(&[], Budget { tokens: 9, examples: 9 }).count(), 0);
    }
}
