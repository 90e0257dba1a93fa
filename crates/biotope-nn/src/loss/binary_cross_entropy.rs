//! Binary cross-entropy with logits, one decision per label.

use biotope_core::{Config, Invalid};
use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::cross_entropy::{check_smoothing, check_weights};
use super::{Loss, LossConfig, wrong};
use crate::error::shape;
use crate::kernels::host::{gradient, hold};
use crate::layers::backend::fused;
use crate::layers::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::{Batch, Output, Result, Targets};

/// Options of [`BinaryCrossEntropy`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropyConfig {
    /// Share of the target spread evenly over yes and no, in `0..1`: `y (1 - s) + s / 2`.
    pub label_smoothing: f64,
    /// Weight of the positive side per label (`PyTorch`'s `pos_weight`); empty: 1.
    pub positive_weights: Vec<f64>,
    /// Weight per label (`PyTorch`'s `weight`); empty: 1. The mean is not weighted, as in `PyTorch`.
    pub class_weights: Vec<f64>,
}

impl Config for BinaryCrossEntropyConfig {
    const NAME: &'static str = "binary-cross-entropy";
    const SUMMARY: &'static str = "cross-entropy per label, for any number of labels";

    fn check(&self) -> Result<(), Invalid> {
        check_smoothing(self.label_smoothing)?;
        check_weights("positive_weights", &self.positive_weights)?;
        check_weights("class_weights", &self.class_weights)
    }
}

impl LossConfig for BinaryCrossEntropyConfig {
    fn build(self) -> Box<dyn Loss> {
        Box::new(BinaryCrossEntropy { config: self })
    }
}

/// `mean(w (p y softplus(-x) + (1 - y) softplus(x)))` with label weights `w` and positive weights `p`, computed without
/// overflow. A label whose flag is negative is unknown and does not count; where nothing counts the loss is 0.
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
        let labels = x.dims2()?.1;
        let flags = flags.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let sides = self.sides(&flags, labels)?;
        if !fused(&[x]) {
            return composite(x, &sides);
        }
        apply1(Fused { sides }, x)
    }
}

impl BinaryCrossEntropy {
    /// What a yes and what a no counts for each flag, over the number of flags that count.
    fn sides(&self, flags: &[f32], labels: usize) -> Result<Vec<[f32; 2]>> {
        let BinaryCrossEntropyConfig { label_smoothing, positive_weights, class_weights } = &self.config;
        for (what, weights) in [("positive_weights", positive_weights), ("class_weights", class_weights)] {
            if !(weights.is_empty() || weights.len() == labels) {
                return Err(shape(what, format!("[{labels}]"), format!("[{}]", weights.len())));
            }
        }
        let counted = flags.iter().filter(|flag| **flag >= 0.0).count().max(1) as f64;
        let weight = |weights: &[f64], at: usize| weights.get(at % labels).copied().unwrap_or(1.0);
        let side = |(at, flag): (usize, &f32)| {
            if *flag < 0.0 {
                return [0.0; 2];
            }
            let yes = f64::from(*flag) * (1.0 - label_smoothing) + label_smoothing / 2.0;
            let scale = weight(class_weights, at) / counted;
            [(scale * weight(positive_weights, at) * yes) as f32, (scale * (1.0 - yes)) as f32]
        };
        Ok(flags.iter().enumerate().map(side).collect())
    }
}

/// `Σ a softplus(-x) + b softplus(x)`, in double precision.
struct Fused {
    /// `a` and `b` of each logit.
    sides: Vec<[f32; 2]>,
}

impl Operation<1> for Fused {
    const NAME: &'static str = "binary-cross-entropy";

    fn output(&self, [logits]: [Argument<'_>; 1]) -> Numbers {
        let terms = logits.values.iter().zip(&self.sides).map(|(x, [a, b])| {
            let x = f64::from(*x);
            let tail = (-x.abs()).exp().ln_1p();
            f64::from(*a) * ((-x).max(0.0) + tail) + f64::from(*b) * (x.max(0.0) + tail)
        });
        Ok((vec![terms.sum::<f64>() as f32], ().into()))
    }

    fn gradients(&self, [logits]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let factor = f64::from(grad[0]);
        let dx = gradient(logits, || {
            let held = hold(logits)?;
            let slopes = held.iter().zip(&self.sides).map(|(x, [a, b])| {
                let p = 1.0 / (1.0 + (-f64::from(*x)).exp());
                (factor * (f64::from(*b) * p - f64::from(*a) * (1.0 - p))) as f32
            });
            Ok(slopes.collect())
        })?;
        Ok([dx])
    }
}

fn composite(x: &Tensor, sides: &[[f32; 2]]) -> Result<Tensor> {
    let side = |index: usize| -> Result<Tensor> {
        let values = sides.iter().map(|side| side[index]);
        Ok(Tensor::from_iter(values, x.device())?.reshape(x.shape())?.to_dtype(x.dtype())?)
    };
    // softplus(x) = max(x, 0) + ln(1 + e^-|x|)
    let tail = (x.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let (yes, no) = ((x.neg()?.relu()? + &tail)?, (x.relu()? + tail)?);
    Ok(((side(0)? * yes)? + (side(1)? * no)?)?.sum_all()?)
}
