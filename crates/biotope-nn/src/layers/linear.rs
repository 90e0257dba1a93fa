//! Linear layer: `y = f(x Wᵀ + b)`, with `f` fused.

use std::sync::OnceLock;

use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::Activation;
use super::backend::fused;
use super::init::uniform;
use super::operation::{Argument, Gradients, Numbers, Operation, apply3};
use crate::kernels::gemm::{Mat, product, product_then};
use crate::kernels::host::{gradient, hold};
use crate::kernels::{passes, scratch};
use crate::{Mode, Result};

/// A linear layer with bias and an optional activation; parameters `weight [outputs, inputs]`, `bias [outputs]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
    activation: Activation,
}

impl Linear {
    /// Initialised as `PyTorch` does: both uniform in ±1/√inputs.
    pub fn new(inputs: usize, outputs: usize, activation: Activation, vb: &VarBuilder) -> Result<Self> {
        Self::with_init(inputs, outputs, activation, [uniform(inputs); 2], vb)
    }

    /// With given initialisations of weight and bias.
    pub fn with_init(
        inputs: usize,
        outputs: usize,
        activation: Activation,
        [weight, bias]: [Init; 2],
        vb: &VarBuilder,
    ) -> Result<Self> {
        let weight = vb.get_with_hints((outputs, inputs), "weight", weight)?;
        let bias = vb.get_with_hints(outputs, "bias", bias)?;
        Ok(Self { weight, bias, activation })
    }

    pub(crate) fn activation(&self) -> Activation {
        self.activation
    }

    /// Weight and bias.
    pub(crate) fn parts(&self) -> [&Tensor; 2] {
        [&self.weight, &self.bias]
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub fn forward(&self, x: &Tensor, mode: Mode) -> Result<Tensor> {
        linear(x, &mode.param(&self.weight), &mode.param(&self.bias), self.activation)
    }
}

/// `f(x Wᵀ + b)` for `x [rows, inputs]`, `weight [outputs, inputs]`, `bias [outputs]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    if !fused(&[x, weight, bias]) {
        return composite(x, weight, bias, activation);
    }
    let learns = x.track_op() || weight.track_op() || bias.track_op();
    let op = Fused { activation, learns, slopes: OnceLock::new() };
    apply3(op, [x, weight, bias])
}

fn composite(x: &Tensor, weight: &Tensor, bias: &Tensor, activation: Activation) -> Result<Tensor> {
    activation.apply(&x.matmul(&weight.t()?)?.broadcast_add(bias)?)
}

struct Fused {
    activation: Activation,
    learns: bool,
    /// The derivative at each output, of activations whose value does not tell it.
    slopes: OnceLock<Vec<f32>>,
}

impl Operation<3> for Fused {
    const NAME: &'static str = "linear";

    fn output(&self, [x, weight, bias]: [Argument<'_>; 3]) -> Numbers {
        let ((rows, inputs), (outputs, columns)) = (x.shape.dims2()?, weight.shape.dims2()?);
        if inputs != columns || bias.shape.dims() != [outputs] {
            candle_core::bail!("linear: {inputs} inputs meet a weight of [{outputs}, {columns}]");
        }
        let keeps = self.learns && self.activation.keeps_slopes();
        let (mut y, mut slopes) =
            (vec![0.0; rows * outputs], vec![0.0; if keeps { rows * outputs } else { 0 }]);
        let (x, weight) = (Mat::new(x.values, [rows, inputs]), Mat::new(weight.values, [outputs, inputs]));
        product_then((&mut y, &mut slopes), x, weight.t(), |y, slopes| {
            self.activation.run_biased(y, bias.values, slopes);
        });
        self.slopes.set(slopes).ok();
        Ok((y, (rows, outputs).into()))
    }

    fn gradients(&self, [x, weight, bias]: [&Tensor; 3], y: &Tensor, grad: &[f32]) -> Gradients<3> {
        let ((rows, outputs), inputs) = (y.dims2()?, x.dims2()?.1);
        let y = hold(y)?;
        let inner = if self.activation == Activation::Identity { 0 } else { grad.len() };
        scratch::with(inner, |buffer| {
            let inner = if self.activation == Activation::Identity {
                grad
            } else {
                self.back(buffer, grad, &y, outputs)
            };
            let d = Mat::new(inner, [rows, outputs]);
            let dx = gradient(x, || {
                let mut dx = vec![0.0; rows * inputs];
                hold(weight)
                    .map(|weight| product(&mut dx, d, Mat::new(&weight, [outputs, inputs])))
                    .map(|()| dx)
            })?;
            let dw = gradient(weight, || {
                let mut dw = vec![0.0; outputs * inputs];
                hold(x).map(|x| product(&mut dw, d.t(), Mat::new(&x, [rows, inputs]))).map(|()| dw)
            })?;
            Ok([dx, dw, gradient(bias, || Ok(passes::column_sums(inner, outputs)))?])
        })
    }
}

impl Fused {
    /// The gradient before the activation.
    fn back<'a>(&self, out: &'a mut [f32], grad: &[f32], y: &[f32], width: usize) -> &'a [f32] {
        let slopes = self.slopes.get().map_or(&[][..], Vec::as_slice);
        passes::rows(out, width, |row, out| {
            let range = row * width..row * width + out.len();
            let kept = if slopes.is_empty() { slopes } else { &slopes[range.clone()] };
            self.activation.back(out, &grad[range.clone()], &y[range], kept);
        });
        out
    }
}
