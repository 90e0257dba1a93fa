//! Which examples go into which batch: by token budget, without padding, from a seed alone.

use crate::Seed;
use crate::seed::shuffle;

/// How batches are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most tokens in a batch; a longer example gets a batch of its own.
    pub tokens: usize,
    /// Most examples in a batch.
    pub examples: usize,
}

/// The batches of one epoch: every example once, in an order that depends on `seed` and `epoch` only.
///
/// ```
/// use biotope_core::{Seed, pack::{Budget, epoch}};
/// let batches = epoch(&[3, 3, 3, 9], Budget { tokens: 6, examples: 8 }, Seed(1), 0);
/// assert!(batches.iter().all(|batch| batch.len() <= 2));
/// assert_eq!(batches.concat().len(), 4);
/// ```
pub fn epoch(lengths: &[usize], budget: Budget, seed: Seed, epoch: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    shuffle(&mut seed.stream(&format!("shuffle/{epoch}")), &mut order);
    cut(&order, lengths, budget)
}

/// Batches in the given order: for evaluation and serving.
pub fn in_order(lengths: &[usize], budget: Budget) -> Vec<Vec<usize>> {
    cut(&(0..lengths.len()).collect::<Vec<_>>(), lengths, budget)
}

fn cut(order: &[usize], lengths: &[usize], budget: Budget) -> Vec<Vec<usize>> {
    let mut batches: Vec<Vec<usize>> = Vec::new();
    let mut tokens = 0;
    for &index in order {
        let full = batches.last().is_none_or(|batch| {
            batch.len() >= budget.examples.max(1) || tokens + lengths[index] > budget.tokens
        });
        if full {
            batches.push(Vec::new());
            tokens = 0;
        }
        tokens += lengths[index];
        batches.last_mut().expect("a batch was just opened").push(index);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_example_once_and_no_batch_over_budget(
            lengths in prop::collection::vec(1usize..50, 0..80), tokens in 1usize..100, examples in 1usize..9, seed: u64,
        ) {
            let batches = epoch(&lengths, Budget { tokens, examples }, Seed(seed), 3);
            let mut seen = batches.concat();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                let sum: usize = batch.iter().map(|i| lengths[*i]).sum();
                prop_assert!(batch.len() <= examples && (sum <= tokens || batch.len() == 1));
            }
        }
    }

    #[test]
    fn epochs_differ_and_repeat() {
        let lengths = vec![1; 64];
        let budget = Budget { tokens: 8, examples: 8 };
        assert_eq!(epoch(&lengths, budget, Seed(1), 0), epoch(&lengths, budget, Seed(1), 0));
        assert_ne!(epoch(&lengths, budget, Seed(1), 0), epoch(&lengths, budget, Seed(1), 1));
    }
}
