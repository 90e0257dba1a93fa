//! Forward passes over many examples, in fixed batches.

use biotope_core::pack::{Budget, in_order};
use biotope_core::{Prediction, Task};
use biotope_nn::{Batch, Example, Mode, Model, Output, decode};
use candle_core::Device;

use crate::Result;
use crate::plan::lengths;

/// Predictions for examples, in their order. Batches are cut in this order, so they do not depend on chance.
pub fn predict(
    model: &dyn Model,
    task: &Task,
    examples: &[Example],
    budget: Budget,
    device: &Device,
) -> Result<Vec<Prediction>> {
    let mut predictions = Vec::with_capacity(examples.len());
    for_each_batch(model, examples, budget, device, |batch, output| {
        predictions.extend(decode(task, &output.logits, &batch.ids)?);
        Ok(())
    })?;
    Ok(predictions)
}

pub(crate) fn for_each_batch(
    model: &dyn Model,
    examples: &[Example],
    budget: Budget,
    device: &Device,
    mut each: impl FnMut(&Batch, &Output) -> Result<()>,
) -> Result<()> {
    for indices in in_order(&lengths(examples), budget) {
        let rows: Vec<&Example> = indices.iter().map(|index| &examples[*index]).collect();
        let batch = Batch::collate(&rows, device)?;
        each(&batch, &model.forward(&batch, Mode::Eval)?)?;
    }
    Ok(())
}
