//! Dropout and a linear classifier: the last layers of a model.

use candle_nn::VarBuilder;

use super::Weight;
use crate::kernels::gemm::{Mat, Packed, product};
use crate::kernels::noise::Noise;
use crate::kernels::passes;
use crate::layers::Dropout;
use crate::{DirectGrad, Mode, Result};

/// Dropout of `features [batch, width]`, then `weight [outputs, width]` and `bias [outputs]`.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) weight: Weight,
    pub(super) bias: Weight,
    dropout: Dropout,
    pub(super) width: usize,
    pub(super) outputs: usize,
}

/// A head that only answers.
pub(super) struct Answer {
    weight: Packed,
    bias: Vec<f32>,
}

impl Head {
    /// Finds `weight` and `bias`; `dropout` acts on the features.
    pub(super) fn find(vb: &VarBuilder, [outputs, width]: [usize; 2], dropout: Dropout) -> Result<Self> {
        let (weight, bias) =
            (Weight::find(vb, (outputs, width), "weight")?, Weight::find(vb, outputs, "bias")?);
        Ok(Self { weight, bias, dropout, width, outputs })
    }

    pub(super) fn noise(&self, mode: Mode) -> Option<Noise> {
        self.dropout.noise(mode)
    }

    /// Masks the features and gives the logits.
    pub(super) fn forward(
        &self,
        features: &mut [f32],
        noise: Option<Noise>,
    ) -> candle_core::Result<Vec<f32>> {
        mask(features, self.width, noise);
        let mut logits = vec![0.0; features.len() / self.width * self.outputs];
        self.answer()?.run(features, &mut logits);
        Ok(logits)
    }

    pub(super) fn answer(&self) -> candle_core::Result<Answer> {
        let weight = Packed::new(Mat::new(&self.weight.hold()?, [self.outputs, self.width]).t());
        Ok(Answer { weight, bias: self.bias.hold()?.to_vec() })
    }

    /// Leaves the gradients of weight and bias, and writes that of the features before the mask.
    pub(super) fn backward(
        &self,
        (features, d_features): (&[f32], &mut [f32]),
        d_logits: &[f32],
        noise: Option<Noise>,
        [weight, bias]: &[DirectGrad; 2],
    ) -> candle_core::Result<()> {
        let batch = d_logits.len() / self.outputs;
        let d = Mat::new(d_logits, [batch, self.outputs]);
        product(d_features, d, Mat::new(&self.weight.hold()?, [self.outputs, self.width]));
        mask(d_features, self.width, noise);
        let mut d_weight = vec![0.0; self.outputs * self.width];
        product(&mut d_weight, d.t(), Mat::new(features, [batch, self.width]));
        weight.set(self.weight.shaped(d_weight)?);
        bias.set(self.bias.shaped(passes::column_sums(d_logits, self.outputs))?);
        Ok(())
    }
}

impl Answer {
    /// Width of the features.
    pub(super) fn width(&self) -> usize {
        self.weight.shape()[0]
    }

    /// Logits of some rows of features, on this thread.
    pub(super) fn run(&self, features: &[f32], logits: &mut [f32]) {
        let (width, outputs) = (self.width(), self.bias.len());
        let batch = logits.len() / outputs;
        self.weight.product(logits, Mat::new(features, [batch, width]), false);
        passes::add_bias(logits, &self.bias);
    }
}

fn mask(features: &mut [f32], width: usize, noise: Option<Noise>) {
    let Some(noise) = noise else { return };
    for (row, features) in (0..).zip(features.chunks_exact_mut(width)) {
        passes::drop_in_place(features, noise.row(row));
    }
}
