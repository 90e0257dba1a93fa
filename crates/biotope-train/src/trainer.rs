//! The door: what is trained, who listens, what comes out.

use std::fmt;

use biotope_core::{Config, Seed, Task};
use biotope_nn::{Example, Model, Params};

use crate::run::Run;
use crate::{Callback, Error, Event, Flow, Measured, Passes, Reason, Result, RunDir, TrainConfig};

/// Trains a model.
///
/// Everything is decided by configuration, seed and data; the clock is for reports only.
pub struct Trainer<'a> {
    pub(crate) config: TrainConfig,
    pub(crate) seed: Seed,
    pub(crate) model: &'a dyn Model,
    pub(crate) params: &'a Params,
    pub(crate) task: &'a Task,
    pub(crate) callbacks: Vec<Box<dyn Callback + 'a>>,
    pub(crate) clock: Box<dyn Fn() -> f64 + 'a>,
}

impl fmt::Debug for Trainer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("config", &self.config)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// What a run gave. The parameters hold the best weights; of a refit, which measures nothing, the last ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// After how many updates the weights were best; 0 if the run was stopped before it was measured.
    pub best_step: u64,
    /// The value of the chosen metric then; NaN if never measured.
    pub best_value: f64,
    /// Registry name of the chosen metric.
    pub metric: String,
    /// Passes over the training examples until then, and as planned.
    pub passes: Passes,
    /// Whole epochs done.
    pub epochs: u64,
    /// Updates made.
    pub steps: u64,
    /// Time that the run took, over all its sittings; 0 without a clock.
    pub seconds: f64,
    /// Why it ended.
    pub reason: Reason,
    /// Whether patience ended it.
    pub stopped_early: bool,
    /// All evaluations of the validation split.
    pub history: Vec<Measured>,
}

impl<'a> Trainer<'a> {
    /// A trainer of the parameters of a model; the configuration is checked here.
    pub fn new(
        config: &TrainConfig,
        seed: Seed,
        model: &'a dyn Model,
        params: &'a Params,
        task: &'a Task,
    ) -> Result<Self> {
        config.check()?;
        let config = config.clone();
        Ok(Self { config, seed, model, params, task, callbacks: Vec::new(), clock: Box::new(|| 0.0) })
    }

    /// Adds listeners.
    #[must_use]
    pub fn callbacks(mut self, callbacks: Vec<Box<dyn Callback + 'a>>) -> Self {
        self.callbacks.extend(callbacks);
        self
    }

    /// Adds a listener.
    #[must_use]
    pub fn callback(mut self, callback: impl Callback + 'a) -> Self {
        self.callbacks.push(Box::new(callback));
        self
    }

    /// Where the seconds in events come from (any fixed origin). Without it all times are 0.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> f64 + 'a) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Trains on `train`, chooses by `valid`. A run that the folder holds is resumed where its last checkpoint
    /// stands, exactly; a finished one only gives its outcome and weights again.
    pub fn run(&mut self, train: &[Example], valid: &[Example], dir: &RunDir) -> Result<Outcome> {
        for (split, examples) in [("train", train), ("valid", valid)] {
            if examples.is_empty() {
                return Err(Error::Empty { split });
            }
        }
        self.go(train, valid, None, dir)
    }

    /// Trains once more from the start, on all examples that a first run learned from or was judged by, and as far as
    /// it was best: the same number of passes under the same schedule, nothing measured in between. The parameters must
    /// be as they were before the first run; the folder is another one. Killed, it is resumed like a first run.
    ///
    /// This is what `refit=True` of scikit-learn's searches does: settings are chosen by a validation split, and what
    /// ships has learned from that split too.
    pub fn refit(&mut self, all: &[Example], chosen: &Outcome, dir: &RunDir) -> Result<Outcome> {
        if all.is_empty() {
            return Err(Error::Empty { split: "train" });
        }
        if chosen.best_step == 0 {
            return Err(Error::NothingChosen);
        }
        self.go(all, &[], Some(chosen.passes), dir)
    }

    fn go(
        &mut self,
        train: &[Example],
        valid: &[Example],
        passes: Option<Passes>,
        dir: &RunDir,
    ) -> Result<Outcome> {
        let mut run = Run::open(self, train, valid, passes, dir)?;
        while run.goes_on() {
            run.advance()?;
        }
        run.finish()
    }

    pub(crate) fn tell(&mut self, event: &Event) -> Result<Flow> {
        let mut flow = Flow::Continue;
        for callback in &mut self.callbacks {
            if callback.on(event)? == Flow::Stop {
                flow = Flow::Stop;
            }
        }
        Ok(flow)
    }
}
