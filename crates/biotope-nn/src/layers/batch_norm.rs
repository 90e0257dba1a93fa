//! Batch normalisation (Ioffe and Szegedy 2015) of channels.

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::{ONE, ZERO};

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply3};
use crate::error::shape;
use crate::kernels::host::{gradient, hold};
use crate::kernels::planes::{Term, combine, sums};
use crate::params::buffer;
use crate::{Mode, Result};

/// Brings each channel to mean 0 and variance 1 over batch and positions, then scales and shifts; parameters
/// `weight [channels]`, `bias [channels]`, buffers `running_mean [channels]`, `running_var [channels]`, as in `PyTorch`.
///
/// A training pass takes mean and variance of its batch and moves the buffers towards them; evaluation takes the
/// buffers. So, unlike all other layers here, what a training pass says of one example depends on the others.
#[derive(Clone, Debug)]
pub struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    mean: Var,
    variance: Var,
    eps: f64,
    momentum: f64,
}

impl BatchNorm {
    /// Starts as scale 1, shift 0, mean 0, variance 1. `momentum` is the share of a batch in the buffers: 0.1 in `PyTorch`.
    pub fn new(channels: usize, eps: f64, momentum: f64, vb: &VarBuilder) -> Result<Self> {
        Ok(Self {
            weight: vb.get_with_hints(channels, "weight", ONE)?,
            bias: vb.get_with_hints(channels, "bias", ZERO)?,
            mean: buffer(vb, channels, "running_mean", 0.0)?,
            variance: buffer(vb, channels, "running_var", 1.0)?,
            eps,
            momentum,
        })
    }

    /// Normalises `x [batch, channels]`, `[batch, channels, length]` or `[batch, channels, height, width]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        let (dims, channels) = (x.dims(), self.weight.dims1()?);
        if !(2..=4).contains(&dims.len()) || dims[1] != channels {
            return Err(shape("batch norm", format!("[batch, {channels}, ..]"), format!("{dims:?}")));
        }
        let layout = [dims[0], channels, dims[2..].iter().product()];
        let count = layout[0] * layout[2];
        if mode.seed().is_some() && count < 2 {
            return Err(shape(
                "batch norm in training",
                "at least 2 numbers per channel",
                format!("{dims:?}"),
            ));
        }
        let (weight, bias) = (mode.param(&self.weight), mode.param(&self.bias));
        let known = if mode.seed().is_some() { None } else { Some(self.known()?) };
        if !fused(&[x, &weight, &bias]) {
            return self.composite(x, &weight, &bias, known, layout);
        }
        let stats = Arc::new(OnceLock::new());
        let op = Fused { layout, eps: self.eps, learns: known.is_none(), stats: Arc::clone(&stats) };
        if let Some(known) = known {
            stats.set(known).ok();
        }
        let y = apply3(op, [x, &weight, &bias])?;
        if let (Mode::Train { .. }, Some([mean, variance])) = (mode, stats.get()) {
            self.learn(mean, variance, count)?;
        }
        Ok(y)
    }

    /// Running mean and variance.
    fn known(&self) -> Result<[Vec<f32>; 2]> {
        let values = |var: &Var| var.as_tensor().to_device(&Device::Cpu)?.to_vec1::<f32>();
        Ok([values(&self.mean)?, values(&self.variance)?])
    }

    /// Moves the buffers towards a batch's statistics; the variance without its bias.
    fn learn(&self, mean: &[f32], variance: &[f32], count: usize) -> Result<()> {
        let unbiased = count as f64 / (count - 1) as f64;
        let [known_mean, known_variance] = self.known()?;
        let moved = |known: &[f32], fresh: &[f32], factor: f64| -> Result<Tensor> {
            let one = |(known, fresh): (&f32, &f32)| {
                let fresh = factor * f64::from(*fresh);
                ((1.0 - self.momentum) * f64::from(*known) + self.momentum * fresh) as f32
            };
            Ok(Tensor::from_iter(known.iter().zip(fresh).map(one), self.mean.device())?)
        };
        self.mean.set(&moved(&known_mean, mean, 1.0)?)?;
        Ok(self.variance.set(&moved(&known_variance, variance, unbiased)?)?)
    }

    fn composite(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        known: Option<[Vec<f32>; 2]>,
        [batch, channels, plane]: [usize; 3],
    ) -> Result<Tensor> {
        let flat = x.reshape((batch, channels, plane))?;
        let shaped = |of: &Tensor| of.to_dtype(x.dtype())?.reshape((1, channels, 1));
        let [mean, variance] = if let Some([mean, variance]) = known {
            let tensor = |values: &Vec<f32>| shaped(&Tensor::new(values.as_slice(), x.device())?);
            [tensor(&mean)?, tensor(&variance)?]
        } else {
            let mean = flat.mean_keepdim((0, 2))?;
            let variance = flat.broadcast_sub(&mean)?.sqr()?.mean_keepdim((0, 2))?;
            let values = |of: &Tensor| of.detach().flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>();
            self.learn(&values(&mean)?, &values(&variance)?, batch * plane)?;
            [mean, variance]
        };
        let normal = flat.broadcast_sub(&mean)?.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        let y = normal.broadcast_mul(&shaped(weight)?)?.broadcast_add(&shaped(bias)?)?;
        Ok(y.reshape(x.shape())?)
    }
}

struct Fused {
    /// Batch, channels, numbers of a plane.
    layout: [usize; 3],
    eps: f64,
    /// Whether mean and variance are the batch's own, and so depend on the input.
    learns: bool,
    /// Mean and variance of each channel.
    stats: Arc<OnceLock<[Vec<f32>; 2]>>,
}

impl Fused {
    fn count(&self) -> f32 {
        (self.layout[0] * self.layout[2]) as f32
    }

    fn measure(&self, x: &[f32]) -> [Vec<f32>; 2] {
        let mean: Vec<f32> = sums(Term::Value(x), self.layout).iter().map(|sum| sum / self.count()).collect();
        let squares = sums(Term::Square(x, &mean), self.layout);
        [mean, squares.iter().map(|sum| sum / self.count()).collect()]
    }

    fn inverse(&self, variance: f32) -> f32 {
        1.0 / (variance + self.eps as f32).sqrt()
    }

    fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
        let [mean, variance] = self.stats.get_or_init(|| self.measure(x));
        let factor = |channel: usize| {
            [0.0, weight[channel] * self.inverse(variance[channel]), mean[channel], bias[channel]]
        };
        let factors: Vec<[f32; 4]> = (0..weight.len()).map(factor).collect();
        let mut y = vec![0.0; x.len()];
        combine(&mut y, x, x, &factors, [self.layout[1], self.layout[2]]);
        y
    }

    /// Gradients of input, scale and shift.
    fn backward(&self, x: &[f32], weight: &[f32], g: &[f32]) -> [Vec<f32>; 3] {
        let [mean, variance] = self.stats.get().expect("the forward pass measured the batch");
        let shift = sums(Term::Value(g), self.layout);
        let mut scale = sums(Term::Product(g, x, mean), self.layout);
        for (scale, variance) in scale.iter_mut().zip(variance) {
            *scale *= self.inverse(*variance);
        }
        let share = if self.learns { 1.0 / self.count() } else { 0.0 };
        let factor = |channel: usize| {
            let inverse = self.inverse(variance[channel]);
            let slope = weight[channel] * inverse;
            [slope, -slope * inverse * scale[channel] * share, mean[channel], -slope * shift[channel] * share]
        };
        let factors: Vec<[f32; 4]> = (0..weight.len()).map(factor).collect();
        let mut dx = vec![0.0; x.len()];
        combine(&mut dx, g, x, &factors, [self.layout[1], self.layout[2]]);
        [dx, scale, shift]
    }
}

impl Operation<3> for Fused {
    const NAME: &'static str = "batch-norm";

    fn output(&self, [x, weight, bias]: [Argument<'_>; 3]) -> Numbers {
        Ok((self.forward(x.values, weight.values, bias.values), x.shape.clone()))
    }

    fn gradients(&self, [x, weight, bias]: [&Tensor; 3], _: &Tensor, grad: &[f32]) -> Gradients<3> {
        let [dx, dw, db] = self.backward(&hold(x)?, &hold(weight)?, grad);
        Ok([gradient(x, || Ok(dx))?, gradient(weight, || Ok(dw))?, gradient(bias, || Ok(db))?])
    }
}
