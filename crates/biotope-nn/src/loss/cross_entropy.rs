//! Cross-entropy of one class among several.

use biotope_core::{Config, Invalid};
use candle_core::{D, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Loss, LossConfig, wrong};
use crate::error::shape;
use crate::kernels::host::{gradient, hold};
use crate::layers::backend::fused;
use crate::layers::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::{Batch, Error, Output, Result, Targets};

/// Options of [`CrossEntropy`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CrossEntropyConfig {
    /// Share of the target spread evenly over all classes (Szegedy et al. 2016), in `0..1`.
    pub label_smoothing: f64,
    /// Weight per class; empty: 1. The mean is weighted, as in `PyTorch`.
    pub class_weights: Vec<f64>,
    /// Examples of this class index do not count.
    pub ignore_index: Option<u32>,
}

impl Config for CrossEntropyConfig {
    const NAME: &'static str = "cross-entropy";
    const SUMMARY: &'static str = "cross-entropy of softmax, for one label of several";

    fn check(&self) -> Result<(), Invalid> {
        check_smoothing(self.label_smoothing)?;
        check_weights("class_weights", &self.class_weights)
    }
}

pub(super) fn check_smoothing(smoothing: f64) -> Result<(), Invalid> {
    if (0.0..1.0).contains(&smoothing) {
        return Ok(());
    }
    Err(Invalid::new("label_smoothing", "must be in 0..1", smoothing))
}

pub(super) fn check_weights(field: &str, weights: &[f64]) -> Result<(), Invalid> {
    match weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
        Some(bad) => Err(Invalid::new(field, "must be finite and not negative", bad)),
        None => Ok(()),
    }
}

impl LossConfig for CrossEntropyConfig {
    fn build(self) -> Box<dyn Loss> {
        Box::new(CrossEntropy { config: self })
    }
}

/// `-Σᵢ Σⱼ aᵢⱼ log softmax(xᵢ)ⱼ / Σᵢ w(yᵢ)`, where `aᵢⱼ = w(j) ((1 - s) [j = yᵢ] + s / classes)`: `PyTorch`'s definition.
/// A batch in which nothing counts has loss 0.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    config: CrossEntropyConfig,
}

impl Loss for CrossEntropy {
    fn loss(&self, output: &Output, batch: &Batch) -> Result<Tensor> {
        let Some(Targets::Classes(classes)) = &batch.targets else {
            return Err(wrong("cross-entropy", "class indices", batch));
        };
        let classes = classes.to_device(&Device::Cpu)?.to_vec1::<u32>()?;
        let coefficients = self.coefficients(&classes, &output.logits)?;
        if !fused(&[&output.logits]) {
            return composite(&output.logits, &coefficients);
        }
        apply1(Fused { coefficients }, &output.logits)
    }
}

impl CrossEntropy {
    /// `aᵢⱼ / Σ w`, `[batch, classes]`.
    fn coefficients(&self, targets: &[u32], logits: &Tensor) -> Result<Vec<f32>> {
        let (rows, classes) = logits.dims2()?;
        let weights = &self.config.class_weights;
        if rows != targets.len() || !(weights.is_empty() || weights.len() == classes) {
            let expected = format!("[{}, {}]", targets.len(), weights.len().max(1));
            return Err(shape("logits", expected, format!("[{rows}, {classes}]")));
        }
        let weight = |class: usize| weights.get(class).copied().unwrap_or(1.0);
        let smoothing = self.config.label_smoothing;
        let (mut all, mut total) = (vec![0f64; rows * classes], 0.0);
        for (row, target) in all.chunks_exact_mut(classes).zip(targets) {
            if self.config.ignore_index == Some(*target) {
                continue;
            }
            let target = *target as usize;
            if target >= classes {
                return Err(Error::OutOfRange { what: "classes".into(), id: target as u32, rows: classes });
            }
            for (class, value) in row.iter_mut().enumerate() {
                let hit = f64::from(u8::from(class == target));
                *value = weight(class) * ((1.0 - smoothing) * hit + smoothing / classes as f64);
            }
            total += weight(target);
        }
        let total = if total > 0.0 { total } else { 1.0 };
        Ok(all.into_iter().map(|value| (value / total) as f32).collect())
    }
}

/// `Σᵢ (Aᵢ lse(xᵢ) - Σⱼ aᵢⱼ xᵢⱼ)` with `Aᵢ = Σⱼ aᵢⱼ`, in double precision.
struct Fused {
    /// `aᵢⱼ`
    coefficients: Vec<f32>,
}

impl Operation<1> for Fused {
    const NAME: &'static str = "softmax-cross-entropy";

    fn output(&self, [logits]: [Argument<'_>; 1]) -> Numbers {
        let classes = logits.shape.dims2()?.1;
        let rows = logits.values.chunks_exact(classes).zip(self.coefficients.chunks_exact(classes));
        let loss = rows.map(|(x, a)| {
            let log_sum = log_sum(x);
            let terms = x.iter().zip(a).filter(|(_, a)| **a != 0.0);
            terms.map(|(x, a)| f64::from(*a) * (log_sum - f64::from(*x))).sum::<f64>()
        });
        Ok((vec![loss.sum::<f64>() as f32], ().into()))
    }

    fn gradients(&self, [logits]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let (factor, classes) = (f64::from(grad[0]), logits.dims2()?.1);
        let dx = gradient(logits, || {
            let mut out = Vec::with_capacity(self.coefficients.len());
            let held = hold(logits)?;
            for (x, a) in held.chunks_exact(classes).zip(self.coefficients.chunks_exact(classes)) {
                let total: f64 = a.iter().map(|a| f64::from(*a)).sum();
                let log_sum = log_sum(x);
                let probability = |x: &f32| (f64::from(*x) - log_sum).exp();
                let slope = |(x, a): (&f32, &f32)| (factor * (total * probability(x) - f64::from(*a))) as f32;
                out.extend(x.iter().zip(a).map(slope));
            }
            Ok(out)
        })?;
        Ok([dx])
    }
}

/// Logarithm of the sum of exponentials.
fn log_sum(x: &[f32]) -> f64 {
    let max = f64::from(x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    max + x.iter().map(|x| (f64::from(*x) - max).exp()).sum::<f64>().ln()
}

fn composite(logits: &Tensor, coefficients: &[f32]) -> Result<Tensor> {
    let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
    let logs = shifted.broadcast_sub(&shifted.exp()?.sum_keepdim(D::Minus1)?.log()?)?;
    let coefficients = Tensor::from_slice(coefficients, logits.shape(), logits.device())?;
    Ok((logs * coefficients.to_dtype(logits.dtype())?)?.sum_all()?.neg()?)
}
