//! One update: forward and backward over its batches, the guard, clipping, the optimizer's step.

use std::collections::BTreeSet;

use biotope_nn::{Batch, Example, Mode, Output, guard};
use biotope_optim::{Ema, Gradients};
use candle_core::DType;
use candle_core::backprop::GradStore;

use super::Run;
use crate::{Error, Result};

/// What is told of an update.
pub(super) struct Done {
    pub(super) loss: f64,
    pub(super) lr: f64,
    pub(super) norm: f64,
    pub(super) examples: usize,
    pub(super) tokens: usize,
}

/// Steps after which a gradient that was always zero is no chance any more.
const WATCH: u64 = 8;

/// Parameters that were without a gradient in every batch of an update so far; `None` before the first.
#[derive(Default)]
struct Silent {
    unreached: Option<BTreeSet<String>>,
    missing: Option<BTreeSet<String>>,
}

fn keep(known: &mut Option<BTreeSet<String>>, names: Vec<String>) {
    let names: BTreeSet<String> = names.into_iter().collect();
    *known = Some(match known.take() {
        Some(known) => &known & &names,
        None => names,
    });
}

impl Run<'_, '_> {
    /// Adds up the gradients of the batches, each weighted by its share of the examples: the same update as one
    /// batch of them all.
    pub(super) fn update(&mut self, batches: &[Vec<usize>]) -> Result<Done> {
        let examples: usize = batches.iter().map(Vec::len).sum();
        let (mut grads, mut loss, mut silent) = (Gradients::new(), 0.0, Silent::default());
        for (micro, batch) in batches.iter().enumerate() {
            let share = batch.len() as f64 / examples as f64;
            let (part, part_loss) = self.backward(micro, batch, share, &mut silent)?;
            grads.accumulate(part)?;
            loss += part_loss;
        }
        let norm = self.clip(&mut grads)?;
        self.guard(silent)?;
        let lr = self.schedule.lr(self.state.step);
        self.optimizer.step(lr, &grads)?;
        self.ema.as_mut().map_or(Ok(()), Ema::update)?;
        let tokens = batches.iter().map(|batch| self.plan.tokens(batch)).sum();
        Ok(Done { loss, lr, norm, examples, tokens })
    }

    /// Gradients and loss of one batch, times its share; `silent` keeps who had none.
    fn backward(
        &self,
        micro: usize,
        indices: &[usize],
        share: f64,
        silent: &mut Silent,
    ) -> Result<(Gradients, f64)> {
        let trainer = &*self.trainer;
        let step = self.state.step + 1;
        let rows: Vec<&Example> = indices.iter().map(|index| &self.train[*index]).collect();
        let batch = Batch::collate(&rows, trainer.params.device())?;
        let seed = trainer.seed.derive(&format!("dropout/{step}/{micro}"));
        let precision = trainer.config.precision;
        let output = trainer.model.forward(&batch, Mode::Train { seed, precision })?;
        let loss = (self.loss.loss(&output, &batch)? * share)?;
        let value = loss.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        finite("loss", step, value)?;
        let store = loss.backward()?;
        if step == 1 {
            keep(&mut silent.unreached, guard::unreached(trainer.params, &store, &output));
        }
        if step == 1 || (step <= WATCH && !self.silent.is_empty()) {
            keep(&mut silent.missing, guard::missing(trainer.params, &store, &output));
        }
        Ok((self.collect(&store, &output)?, value))
    }

    fn collect(&self, store: &GradStore, output: &Output) -> Result<Gradients> {
        let dense = self.vars.iter().filter(|(name, _)| !self.sparse.contains(name));
        let mut grads = Gradients::from_store(store, dense.map(|(name, var)| (name.as_str(), var)));
        for rows in &output.rows {
            if let Some(grad) = store.get(&rows.leaf) {
                grads.add_rows(&rows.param, &rows.rows, grad)?;
            }
        }
        for direct in &output.direct {
            match (direct.get(), direct.rows()) {
                (Some(grad), Some(rows)) => grads.add_rows(&direct.param, &rows, &grad)?,
                (Some(grad), None) => grads.add(&direct.param, &grad)?,
                (None, _) => {}
            }
        }
        Ok(grads)
    }

    /// Clips by value, then by norm; gives the norm before. An infinity would not survive clipping: it is looked for
    /// first.
    fn clip(&self, grads: &mut Gradients) -> Result<f64> {
        let (step, config) = (self.state.step + 1, &self.trainer.config);
        if config.clip_value == 0.0 && config.clip_norm > 0.0 {
            return finite("gradient norm", step, grads.clip(config.clip_norm)?);
        }
        let norm = finite("gradient norm", step, grads.norm()?)?;
        if config.clip_value > 0.0 {
            grads.clip_value(config.clip_value);
        }
        if config.clip_norm > 0.0 {
            grads.clip(config.clip_norm)?;
        }
        Ok(norm)
    }

    /// Refuses at step 1 whom no gradient reached, and after some steps whose gradient has been zero in all of them.
    fn guard(&mut self, silent: Silent) -> Result<()> {
        let step = self.state.step + 1;
        let unreached = silent.unreached.unwrap_or_default();
        if let Some(missing) = silent.missing {
            self.silent = if step == 1 { missing } else { &self.silent & &missing };
        }
        let refused = if step == WATCH { &unreached | &self.silent } else { unreached };
        let params: Vec<String> = refused.into_iter().collect();
        if params.is_empty() { Ok(()) } else { Err(Error::NoGradient { params, of: self.vars.len() }) }
    }
}

fn finite(what: &'static str, step: u64, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::NotFinite { what, step, value }) }
}
