//! Which batches make which update: from lengths and seed alone.

use biotope_core::Seed;
use biotope_core::pack::{self, Budget};
use biotope_nn::Example;

#[derive(Debug)]
pub(crate) struct Plan {
    lengths: Vec<usize>,
    budget: Budget,
    accumulate: usize,
    seed: Seed,
    epochs: u64,
    /// Updates in the whole run.
    pub(crate) steps: u64,
    /// The batches of one epoch, made when first asked for.
    current: Option<(u64, Vec<Vec<usize>>)>,
}

impl Plan {
    pub(crate) fn new(examples: &[Example], config: &crate::TrainConfig, seed: Seed) -> Self {
        let lengths = lengths(examples);
        let (budget, accumulate, epochs) = (config.budget(), config.accumulate, config.epochs);
        let updates = |epoch| pack::epoch(&lengths, budget, seed, epoch).len().div_ceil(accumulate) as u64;
        let all: u64 = (0..epochs).map(updates).sum();
        let steps = if config.max_steps > 0 { all.min(config.max_steps) } else { all };
        Self { lengths, budget, accumulate, seed, epochs, steps, current: None }
    }

    /// The batches of the next update, and where the run stands after it (epoch, position); empty at the end.
    pub(crate) fn next(&mut self, epoch: u64, position: usize) -> (Vec<Vec<usize>>, (u64, usize)) {
        if epoch >= self.epochs {
            return (Vec::new(), (epoch, position));
        }
        let accumulate = self.accumulate;
        let batches = self.batches(epoch);
        let end = (position + accumulate).min(batches.len());
        let after = if end == batches.len() { (epoch + 1, 0) } else { (epoch, end) };
        (batches[position.min(end)..end].to_vec(), after)
    }

    /// Tokens of a batch.
    pub(crate) fn tokens(&self, batch: &[usize]) -> usize {
        batch.iter().map(|index| self.lengths[*index]).sum()
    }

    fn batches(&mut self, epoch: u64) -> &[Vec<usize>] {
        if self.current.as_ref().is_none_or(|(known, _)| *known != epoch) {
            self.current = Some((epoch, pack::epoch(&self.lengths, self.budget, self.seed, epoch)));
        }
        self.current.as_ref().map_or(&[], |(_, batches)| batches)
    }
}

pub(crate) fn lengths(examples: &[Example]) -> Vec<usize> {
    examples.iter().map(|example| example.features.len()).collect()
}
