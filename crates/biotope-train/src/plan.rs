//! Which batches make which update: from lengths and seed alone.

use biotope_core::Seed;
use biotope_core::pack::{self, Budget};
use biotope_nn::Example;

/// Passes over its examples that a run made until its best weights, and that it had planned.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Passes {
    /// Until its weights were best; 0 if it was never measured.
    pub best: f64,
    /// By the plan: the epochs, or fewer where `max_steps` says so.
    pub planned: f64,
}

#[derive(Debug)]
pub(crate) struct Plan {
    lengths: Vec<usize>,
    budget: Budget,
    accumulate: usize,
    seed: Seed,
    /// Updates of each epoch.
    updates: Vec<u64>,
    /// Updates that the schedule is laid out for.
    pub(crate) steps: u64,
    /// Updates after which the run ends: all of these, unless another run chose fewer.
    pub(crate) end: u64,
    /// The batches of one epoch, made when first asked for.
    current: Option<(u64, Vec<Vec<usize>>)>,
}

impl Plan {
    pub(crate) fn new(examples: &[Example], config: &crate::TrainConfig, seed: Seed) -> Self {
        let lengths = lengths(examples);
        let (budget, accumulate) = (config.budget(), config.accumulate);
        let count = |epoch| pack::epoch(&lengths, budget, seed, epoch).len().div_ceil(accumulate) as u64;
        let updates: Vec<u64> = (0..config.epochs).map(count).collect();
        let all = updates.iter().sum();
        let steps = if config.max_steps > 0 { config.max_steps.min(all) } else { all };
        Self { lengths, budget, accumulate, seed, updates, steps, end: steps, current: None }
    }

    /// The same passes over other examples: laid out for `planned` of them, ended after `best`.
    pub(crate) fn again(
        examples: &[Example],
        config: &crate::TrainConfig,
        seed: Seed,
        passes: Passes,
    ) -> Self {
        let plan = Self::new(examples, &crate::TrainConfig { max_steps: 0, ..config.clone() }, seed);
        let (steps, end) = (plan.step_at(passes.planned), plan.step_at(passes.best));
        Self { steps, end, ..plan }
    }

    /// Passes over the examples that so many updates make.
    pub(crate) fn passes_at(&self, step: u64) -> f64 {
        let (mut passes, mut left) = (0.0, step);
        for of in &self.updates {
            let done = left.min(*of);
            passes += done as f64 / *of as f64;
            left -= done;
        }
        passes
    }

    /// The update that comes nearest to so many passes; the first at least.
    fn step_at(&self, passes: f64) -> u64 {
        let part =
            |(epoch, of): (usize, &u64)| ((passes - epoch as f64).clamp(0.0, 1.0) * *of as f64).round();
        (self.updates.iter().enumerate().map(part).sum::<f64>() as u64).max(1)
    }

    /// The batches of the next update, and where the run stands after it (epoch, position); empty at the end.
    pub(crate) fn next(&mut self, epoch: u64, position: usize) -> (Vec<Vec<usize>>, (u64, usize)) {
        if epoch >= self.updates.len() as u64 {
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

#[cfg(test)]
mod tests {
    use biotope_core::{Features, RecordId};

    use super::*;
    use crate::TrainConfig;

    fn examples(count: usize) -> Vec<Example> {
        let features = || Features::Tokens(vec![1, 2]);
        (0..count).map(|_| Example { id: RecordId::default(), features: features(), target: None }).collect()
    }

    fn plan(count: usize, max_steps: u64) -> Plan {
        let config = TrainConfig { epochs: 3, batch_size: 4, max_steps, ..TrainConfig::default() };
        Plan::new(&examples(count), &config, Seed(1))
    }

    fn again(count: usize, first: &Plan, best: u64) -> (u64, u64) {
        let passes = Passes { best: first.passes_at(best), planned: first.passes_at(first.steps) };
        let config = TrainConfig { epochs: 3, batch_size: 4, max_steps: 7, ..TrainConfig::default() };
        let plan = Plan::again(&examples(count), &config, Seed(1), passes);
        (plan.steps, plan.end)
    }

    #[test]
    fn more_examples_take_more_updates_for_the_same_passes() {
        let first = plan(40, 0); // 10 updates an epoch
        assert_eq!((first.steps, first.end, first.passes_at(20)), (30, 30, 2.0));
        assert_eq!(again(44, &first, 20), (33, 22), "an end of an epoch stays one");
        assert_eq!(again(44, &first, 15), (33, 17), "5 of 10 updates are 5.5 of 11, rounded up");
        assert_eq!(again(40, &first, 1), (30, 1));
        let short = plan(40, 25);
        assert_eq!(again(44, &short, 25), (28, 28), "2.5 passes: `max_steps` speaks of the first run");
        assert_eq!(again(4, &short, 1), (3, 1), "one update at least");
    }
}
