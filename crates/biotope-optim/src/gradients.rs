//! Gradients by name: dense tensors and touched rows, summed, scaled, measured and clipped.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use rayon::prelude::*;

use crate::{Error, Result, host};

pub mod rows;

pub use rows::Rows;

/// Elements that are summed as one piece: fixed, so that no sum depends on the number of threads.
const PIECE: usize = 1 << 14;

/// The gradients of named parameters.
///
/// A parameter has either a dense gradient or rows. A factor (from scaling or clipping) is kept aside and applied
/// when the gradients are used, so that clipping does not copy them.
#[derive(Clone, Debug)]
pub struct Gradients {
    dense: BTreeMap<String, Tensor>,
    rows: BTreeMap<String, Rows>,
    factor: f32,
}

impl Default for Gradients {
    fn default() -> Self {
        Self { dense: BTreeMap::new(), rows: BTreeMap::new(), factor: 1.0 }
    }
}

impl Gradients {
    /// No gradients.
    pub fn new() -> Self {
        Self::default()
    }

    /// The gradients that a backward pass left for named variables; those without one are left out.
    pub fn from_store<'a>(store: &GradStore, params: impl IntoIterator<Item = (&'a str, &'a Var)>) -> Self {
        let found =
            |(name, var): (&'a str, &'a Var)| Some((name.to_owned(), store.get(var.as_tensor())?.clone()));
        Self { dense: params.into_iter().filter_map(found).collect(), ..Self::default() }
    }

    /// Adds a dense gradient, shaped like its parameter.
    pub fn add(&mut self, name: &str, grad: &Tensor) -> Result<()> {
        self.materialize()?;
        let sum = match self.dense.get(name) {
            Some(known) => (known + grad)?,
            None => grad.clone(),
        };
        self.dense.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Adds the gradient of some rows of a parameter: `grads` is `[rows, dim...]`. A row may occur several times.
    pub fn add_rows(&mut self, name: &str, ids: &[u32], grads: &Tensor) -> Result<()> {
        self.materialize()?;
        let rows = Rows::from_tensor(ids, grads).map_err(|got| misfit(name, "one gradient per row", got))?;
        self.merge(name, rows)
    }

    /// Adds another set of gradients, as gradient accumulation does.
    pub fn accumulate(&mut self, mut other: Self) -> Result<()> {
        self.materialize()?;
        other.materialize()?;
        for (name, grad) in &other.dense {
            self.add(name, grad)?;
        }
        other.rows.into_iter().try_for_each(|(name, rows)| self.merge(&name, rows))
    }

    /// Multiplies all gradients.
    pub fn scale(&mut self, factor: f64) {
        self.factor *= factor as f32;
    }

    /// The Euclidean norm over all gradients, summed in double precision in the order of the names.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0.0;
        for grad in self.dense.values() {
            sum += host::with_slice(grad, sum_of_squares)?;
        }
        sum += self.rows.values().map(|rows| sum_of_squares(rows.values())).sum::<f64>();
        Ok(sum.sqrt() * f64::from(self.factor))
    }

    /// Scales down so that the norm is at most `max_norm` and returns the norm before
    /// (Pascanu et al. 2013; the factor is `max_norm / (norm + 1e-6)` as in `torch.nn.utils.clip_grad_norm_`).
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// let mut grads = biotope_optim::Gradients::new();
    /// grads.add("w", &Tensor::new(&[3f32, 4.0], &Device::Cpu)?)?;
    /// assert_eq!(grads.clip(1.0)?, 5.0);
    /// assert!((grads.norm()? - 1.0).abs() < 1e-6);
    /// # Ok::<(), biotope_optim::Error>(())
    /// ```
    pub fn clip(&mut self, max_norm: f64) -> Result<f64> {
        let norm = self.norm()?;
        let factor = max_norm / (norm + 1e-6);
        if factor < 1.0 {
            self.scale(factor);
        }
        Ok(norm)
    }

    /// Names with a gradient, dense ones first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dense.keys().chain(self.rows.keys()).map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.dense.is_empty() && self.rows.is_empty()
    }

    /// The dense gradient of a parameter, before [`Gradients::factor`].
    pub fn dense(&self, name: &str) -> Option<&Tensor> {
        self.dense.get(name)
    }

    /// The touched rows of a parameter, before [`Gradients::factor`].
    pub fn rows(&self, name: &str) -> Option<&Rows> {
        self.rows.get(name)
    }

    /// What every gradient is still to be multiplied with.
    pub fn factor(&self) -> f32 {
        self.factor
    }

    fn merge(&mut self, name: &str, rows: Rows) -> Result<()> {
        let sum = match self.rows.remove(name) {
            Some(known) => known.plus(&rows).map_err(|got| misfit(name, "rows of one width", got))?,
            None => rows,
        };
        self.rows.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Applies the factor, so that more can be added.
    fn materialize(&mut self) -> Result<()> {
        let factor = std::mem::replace(&mut self.factor, 1.0);
        if factor == 1.0 {
            return Ok(());
        }
        for grad in self.dense.values_mut() {
            *grad = (&*grad * f64::from(factor))?;
        }
        self.rows.values_mut().for_each(|rows| rows.scale(factor));
        Ok(())
    }
}

fn misfit(name: &str, expected: &str, got: String) -> Error {
    Error::Gradient { name: name.to_owned(), expected: expected.to_owned(), got }
}

fn sum_of_squares(values: &[f32]) -> f64 {
    let pieces: Vec<f64> = values.par_chunks(PIECE).map(piece_of_squares).collect();
    pieces.iter().sum()
}

/// Eight running sums: a fixed order that a processor can still do side by side.
fn piece_of_squares(values: &[f32]) -> f64 {
    let mut sums = [0f64; 8];
    for chunk in values.chunks(8) {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += f64::from(*value) * f64::from(*value);
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    #[test]
    fn accumulating_halves_gives_the_whole() {
        let mut sum = Gradients::new();
        for micro in 0..2u32 {
            let mut grads = Gradients::new();
            grads.add("w", &tensor(&[2.0, 4.0])).unwrap();
            let rows = Tensor::new(&[[2f32, 0.0], [4.0, 2.0]], &Device::Cpu).unwrap();
            grads.add_rows("table", &[7, micro], &rows).unwrap();
            grads.scale(0.5);
            sum.accumulate(grads).unwrap();
        }
        assert_eq!(sum.dense("w").unwrap().to_vec1::<f32>().unwrap(), [2.0, 4.0]);
        let rows = sum.rows("table").unwrap();
        assert_eq!(rows.ids(), [0, 1, 7]);
        assert_eq!(rows.values(), [2.0, 1.0, 2.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        let mut grads = Gradients::new();
        let error = grads.add_rows("table", &[1, 2, 3], &tensor(&[1.0])).unwrap_err();
        let look =
            "gradient of \"table\" does not fit: expected one gradient per row, got 3 rows and a tensor [1]";
        assert_eq!(error.to_string(), look);
    }

    proptest! {
        #[test]
        fn clipping_holds_the_norm_and_the_direction(values in prop::collection::vec(-1e3f32..1e3, 1..40), max in 0.01f64..100.0) {
            let mut grads = Gradients::new();
            grads.add("w", &tensor(&values)).unwrap();
            let before = grads.clip(max).unwrap();
            let plain = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            prop_assert!((before - plain).abs() <= 1e-9 * plain.max(1.0));
            prop_assert!(grads.norm().unwrap() <= max * 1.000_001 || grads.norm().unwrap() == before);
            prop_assert_eq!(grads.factor() == 1.0, before + 1e-6 <= max);
        }
    }

    #[test]
    fn the_norm_does_not_depend_on_threads() {
        let values: Vec<f32> = (0..100_000).map(|i| ((i * 7919) % 1013) as f32 * 1e-3).collect();
        let mut grads = Gradients::new();
        grads.add("w", &tensor(&values)).unwrap();
        let norm = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| grads.norm().unwrap())
        };
        assert_eq!(norm(1).to_bits(), norm(3).to_bits());
    }
}
