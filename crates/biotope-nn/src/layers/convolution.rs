//! A two-dimensional convolution or its transpose, with bias and activation, as one operation.

use candle_core::{Shape, Tensor};

use super::Activation;
use super::epilogue::Epilogue;
use super::operation::{Argument, Gradients, Numbers, Operation, apply3};
use crate::kernels::convolve::Convolve;
use crate::kernels::host::{gradient, hold};
use crate::kernels::planes::{Term, sums};

/// `convolve`, or its transpose, of images, weights and biases.
pub(super) fn convolution<const TRANSPOSED: bool>(
    convolve: Convolve,
    activation: Activation,
    inputs: [&Tensor; 3],
) -> crate::Result<Tensor> {
    apply3(Convolution::<TRANSPOSED> { convolve, epilogue: Epilogue::new(activation, &inputs) }, inputs)
}

struct Convolution<const TRANSPOSED: bool> {
    convolve: Convolve,
    epilogue: Epilogue,
}

impl<const TRANSPOSED: bool> Convolution<TRANSPOSED> {
    /// Batch, channels, height and width of the output.
    fn shape(&self) -> [usize; 4] {
        let Convolve { slide, batch, inputs, outputs, .. } = self.convolve;
        let (channels, [height, width]) =
            if TRANSPOSED { (inputs, slide.input) } else { (outputs, slide.output) };
        [batch, channels, height, width]
    }

    /// The way forward, or the other, which is the gradient of the input.
    fn run(
        &self,
        forward: bool,
        both: (&mut [f32], &mut [f32]),
        [x, weight]: [&[f32]; 2],
        after: impl Fn(&mut [f32], &mut [f32]) + Sync + Send,
    ) {
        if forward == TRANSPOSED {
            self.convolve.transposed(both, x, weight, after);
        } else {
            self.convolve.forward(both, x, weight, after);
        }
    }
}

impl<const TRANSPOSED: bool> Operation<3> for Convolution<TRANSPOSED> {
    const NAME: &'static str = if TRANSPOSED { "transposed-convolution" } else { "convolution" };

    fn output(&self, [x, weight, bias]: [Argument<'_>; 3]) -> Numbers {
        let mut y = vec![0.0; self.shape().iter().product()];
        let mut side = self.epilogue.side(y.len());
        self.run(true, (&mut y, &mut side), [x.values, weight.values], |y, side| {
            self.epilogue.run(y, side, bias.values);
        });
        self.epilogue.keep(side);
        Ok((y, Shape::from_dims(&self.shape())))
    }

    fn gradients(&self, [x, weight, bias]: [&Tensor; 3], y: &Tensor, grad: &[f32]) -> Gradients<3> {
        let [batch, channels, height, width] = self.shape();
        self.epilogue.back(grad, &hold(y)?, |d| {
            let dx = gradient(x, || {
                let mut dx = vec![0.0; x.elem_count()];
                self.run(false, (&mut dx, &mut []), [d, &*hold(weight)?], |_, _| {});
                Ok(dx)
            })?;
            let dw = gradient(weight, || {
                let x = hold(x)?;
                let (x, d) = if TRANSPOSED { (d, &*x) } else { (&*x, d) };
                Ok(self.convolve.back_weight(x, d))
            })?;
            let db = gradient(bias, || Ok(sums(Term::Value(d), [batch, channels, height * width])))?;
            Ok([dx, dw, db])
        })
    }
}
