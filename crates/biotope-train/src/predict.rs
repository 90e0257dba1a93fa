//! Forward passes over many examples, in fixed batches.

use biotope_core::pack::{Budget, in_order};
use biotope_core::{Prediction, Task};
use biotope_nn::{Batch, Example, Mode, Model, Output, Precision, decode};
use candle_core::Device;

use crate::Result;
use crate::plan::lengths;

/// Predictions for examples, in their order. Batches are cut in this order, so they do not depend on chance. A model
/// that has a form without graph answers by that, in `f32`.
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
    let frozen = if device.is_cpu() { model.freeze(Precision::F32)? } else { None };
    for indices in in_order(&lengths(examples), budget) {
        let rows: Vec<&Example> = indices.iter().map(|index| &examples[*index]).collect();
        let batch = Batch::collate(&rows, device)?;
        let output = match &frozen {
            Some(frozen) => frozen.output(&batch.input)?,
            None => model.forward(&batch, Mode::Eval)?,
        };
        each(&batch, &output)?;
    }
    Ok(())
}
