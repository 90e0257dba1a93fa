//! One layer with its input, run by either inside.

use biotope_core::Seed;
use biotope_nn::layers::backend::with_composites;
use biotope_nn::{Mode, Params, Result};
use candle_core::{Device, Tensor, Var};
use candle_nn::VarBuilder;

/// Packed sequences of random numbers, and parameters.
pub(crate) struct Case {
    x: Var,
    offsets: Vec<usize>,
    params: Params,
}

/// Output, gradient of the input, gradients of the parameters: flat.
pub(crate) type Outcome = Vec<Vec<f32>>;

fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let next = |x: u32| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let all = std::iter::successors(Some(next(seed)), |x| Some(next(*x)));
    all.take(len).map(|x| (x >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.flatten_all().and_then(|x| x.to_vec1()).unwrap()
}

impl Case {
    pub(crate) fn new(lengths: &[usize], width: usize, seed: u32) -> Self {
        let mut offsets = vec![0];
        offsets.extend(lengths.iter().scan(0, |sum, len| {
            *sum += len;
            Some(*sum)
        }));
        let total: usize = lengths.iter().sum();
        let x = Tensor::from_vec(numbers(total * width, seed), (total, width), &Device::Cpu).unwrap();
        Self { x: Var::from_tensor(&x).unwrap(), offsets, params: Params::new(Seed(3), &Device::Cpu) }
    }

    /// The same layer over one of the sequences.
    pub(crate) fn only(&self, index: usize) -> Self {
        let len = self.offsets[index + 1] - self.offsets[index];
        let x = self.x.narrow(0, self.offsets[index], len).unwrap().detach().copy().unwrap();
        Self { x: Var::from_tensor(&x).unwrap(), offsets: vec![0, len], params: self.params.clone() }
    }

    /// The layer's output; in evaluation over a detached input.
    pub(crate) fn run(&self, layer: impl Layer, mode: Mode) -> Result<Tensor> {
        let x = if mode == Mode::Eval { self.x.as_tensor().detach() } else { self.x.as_tensor().clone() };
        layer(&self.params.vb(), &x, &self.offsets, mode)
    }

    /// A number that depends on all outputs in different ways.
    fn scalar(&self, layer: impl Layer, mode: Mode) -> Result<(Tensor, Tensor)> {
        let y = self.run(layer, mode)?;
        let weights = Tensor::from_vec(numbers(y.elem_count(), 77), y.shape(), &Device::Cpu)?;
        let sum = (&y * weights)?.sum_all()?;
        Ok((y, sum))
    }

    fn outcome(&self, layer: impl Layer, mode: Mode) -> Result<Outcome> {
        let (y, sum) = self.scalar(layer, mode)?;
        let grads = sum.backward()?;
        let grad = |var: &Var| grads.get(var).map_or(vec![0.0; var.elem_count()], flat);
        let mut all = vec![flat(&y), grad(&self.x)];
        all.extend(self.params.iter().map(|(_, var)| grad(&var)));
        Ok(all)
    }
}

pub(crate) trait Layer: Fn(&VarBuilder, &Tensor, &[usize], Mode) -> Result<Tensor> + Copy {}
impl<F: Fn(&VarBuilder, &Tensor, &[usize], Mode) -> Result<Tensor> + Copy> Layer for F {}

pub(crate) fn fused(case: &Case, layer: impl Layer, mode: Mode) -> Result<Outcome> {
    case.outcome(layer, mode)
}

pub(crate) fn composed(case: &Case, layer: impl Layer, mode: Mode) -> Result<Outcome> {
    with_composites(|| case.outcome(layer, mode))
}

/// Whether all numbers agree within `tolerance` of the largest of their tensor (at least 1).
pub(crate) fn close(a: &Outcome, b: &Outcome, tolerance: f32) -> bool {
    let near = |a: &Vec<f32>, b: &Vec<f32>| {
        let scale = b.iter().fold(1f32, |max, x| max.max(x.abs()));
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * scale)
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| near(a, b))
}

/// Largest difference between a fused gradient and central differences (of the scalar, in `f32`), over some of the
/// elements of the input and of every parameter, relative to the largest gradient (at least 1).
pub(crate) fn slopes(case: &Case, layer: impl Layer, mode: Mode) -> Result<f64> {
    const H: f32 = 5e-3;
    let outcome = case.outcome(layer, mode)?;
    let mut vars = vec![case.x.clone()];
    vars.extend(case.params.iter().map(|(_, var)| var));
    let mut worst = 0f64;
    for (var, grads) in vars.iter().zip(&outcome[1..]) {
        let (values, scale) = (flat(var), grads.iter().fold(1f32, |max, x| max.max(x.abs())));
        for at in (0..values.len()).step_by(values.len() / 5 + 1) {
            let moved = |by: f32| -> Result<f64> {
                let mut values = values.clone();
                values[at] += by;
                var.set(&Tensor::from_vec(values, var.shape(), &Device::Cpu)?)?;
                Ok(f64::from(case.scalar(layer, mode)?.1.to_scalar::<f32>()?))
            };
            let difference = (moved(H)? - moved(-H)?) / f64::from(2.0 * H);
            moved(0.0)?;
            worst = worst.max((difference - f64::from(grads[at])).abs() / f64::from(scale));
        }
    }
    Ok(worst)
}
