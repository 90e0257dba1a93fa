//! Single products, for benches and for the test that they allocate nothing. Models do not need this.

use super::gemm::{Mat, Packed, product_of};
use super::passes::to_bf16;
use crate::Precision;

/// Which product of a linear layer with `inputs` and `outputs` for some tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `x Wᵀ`, with the weight packed before: bf16 goes in and out in bf16, the others in `f32`.
    Forward,
    /// `dYᵀ X`, added to the gradient of the weight; both operands are packed on the way. Not in int8.
    Gradient,
}

/// A product with its operands.
#[expect(missing_debug_implementations, reason = "its numbers say nothing")]
pub struct Trial {
    kind: Kind,
    precision: Precision,
    shape: [usize; 3],
    weight: Packed,
    x: Vec<f32>,
    x_short: Vec<u16>,
    dy: Vec<f32>,
    dy_short: Vec<u16>,
    out: Vec<f32>,
    out_short: Vec<u16>,
}

impl Trial {
    /// For `[tokens, outputs, inputs]`, on the path that runs now.
    pub fn new(kind: Kind, precision: Precision, shape: [usize; 3]) -> Self {
        let [tokens, outputs, inputs] = shape;
        let (x, dy) = (numbers(tokens * inputs), numbers(tokens * outputs));
        let short = |x: &[f32]| {
            let mut short = vec![0; x.len()];
            to_bf16(&mut short, x);
            short
        };
        Self {
            kind,
            precision,
            shape,
            weight: Packed::of(precision, Mat::new(&numbers(outputs * inputs), [outputs, inputs]).t()),
            x_short: short(&x),
            dy_short: short(&dy),
            out: vec![0.0; if kind == Kind::Forward { tokens * outputs } else { outputs * inputs }],
            out_short: vec![0; tokens * outputs],
            x,
            dy,
        }
    }

    /// Multiplications and additions of one run.
    pub fn operations(&self) -> u64 {
        2 * self.shape.iter().product::<usize>() as u64
    }

    /// Computes the product.
    pub fn run(&mut self) {
        let [tokens, outputs, inputs] = self.shape;
        let x = Mat::new(&self.x, [tokens, inputs]);
        let side: &mut [()] = &mut [];
        match (self.kind, self.precision) {
            (Kind::Forward, Precision::Bf16) => {
                let x = Mat::new(&self.x_short, [tokens, inputs]);
                self.weight
                    .times_into(&mut self.out_short, side, x, |_, values, out, _| to_bf16(out, values));
            }
            (Kind::Forward, _) => self.weight.times(&mut self.out, x, false),
            (Kind::Gradient, Precision::Bf16) => {
                let dy = Mat::new(&self.dy_short, [tokens, outputs]).t();
                let x = Mat::new(&self.x_short, [tokens, inputs]);
                product_of(self.precision, &mut self.out, dy, x, true);
            }
            (Kind::Gradient, _) => {
                product_of(self.precision, &mut self.out, Mat::new(&self.dy, [tokens, outputs]).t(), x, true);
            }
        }
    }
}

/// Some numbers in ±1.
fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|at| (at * 7919 % 2003) as f32 / 1001.5 - 1.0).collect()
}
