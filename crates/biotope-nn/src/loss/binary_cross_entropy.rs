//! Binary cross-entropy with logits, one decision per label.

use biotope_core::{Config, Invalid};
use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::{Loss, LossConfig, wrong};
use crate::error::shape;
use crate::{Batch, Output, Result, Targets};

/// Options of [`BinaryCrossEntropy`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropyConfig {
    /// Weight of the positive side per label (`PyTorch`'s `pos_weight`); empty: 1.
    pub positive_weights: Vec<f64>,
}

impl Config for BinaryCrossEntropyConfig {
    const NAME: &'static str = "binary-cross-entropy";
    const SUMMARY: &'static str = "cross-entropy per label, for any number of labels";

    fn check(&self) -> Result<(), Invalid> {
        super::cross_entropy::check_weights("positive_weights", &self.positive_weights)
    }
}

impl LossConfig for BinaryCrossEntropyConfig {
    fn build(self) -> Box<dyn Loss> {
        Box::new(BinaryCrossEntropy { config: self })
    }
}

/// `mean(w y softplus(-x) + (1 - y) softplus(x))`, computed without overflow.
#[derive(Clone, Debug)]
pub struct BinaryCrossEntropy {
    config: BinaryCrossEntropyConfig,
}

impl Loss for BinaryCrossEntropy {
    fn loss(&self, output: &Output, batch: &Batch) -> Result<Tensor> {
        let Some(Targets::Labels(flags)) = &batch.targets else {
            return Err(wrong("binary-cross-entropy", "label flags", batch));
        };
        let x = &output.logits;
        if x.dims() != flags.dims() {
            return Err(shape("logits", format!("{:?}", flags.dims()), format!("{:?}", x.dims())));
        }
        // softplus(-x) = max(-x, 0) + ln(1 + e^-|x|)
        let softplus = (x.neg()?.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?)?;
        let negatives = (flags.neg()? + 1.0)?;
        let loss = match self.config.positive_weights.as_slice() {
            [] => ((negatives * x)? + softplus)?,
            weights => {
                let weights = Tensor::new(weights, x.device())?.to_dtype(x.dtype())?;
                let scale = (flags.broadcast_mul(&(weights - 1.0)?)? + 1.0)?;
                ((negatives * x)? + (scale * softplus)?)?
            }
        };
        Ok(loss.mean_all()?)
    }
}
