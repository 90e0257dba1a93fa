//! Mean squared error.

use biotope_core::Config;
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::{Loss, LossConfig, wrong};
use crate::error::shape;
use crate::{Batch, Output, Result, Targets};

/// Options of [`Mse`]: none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MseConfig {}

impl Config for MseConfig {
    const NAME: &'static str = "mse";
    const SUMMARY: &'static str = "mean squared error, for regression";
}

impl LossConfig for MseConfig {
    fn build(self) -> Box<dyn Loss> {
        Box::new(Mse)
    }
}

/// `mean((logit - value)²)`.
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Loss for Mse {
    fn loss(&self, output: &Output, batch: &Batch) -> Result<Tensor> {
        let Some(Targets::Values(values)) = &batch.targets else {
            return Err(wrong("mse", "values", batch));
        };
        let logits = output.logits.flatten_all()?;
        if logits.dims() != values.dims() {
            return Err(shape("logits", format!("{:?}", values.dims()), format!("{:?}", logits.dims())));
        }
        Ok((logits - values)?.sqr()?.mean_all()?)
    }
}
