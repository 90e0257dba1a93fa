//! Gradients by name: dense tensors and touched rows, summed, scaled, measured and clipped.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};

use crate::{Error, Result, host, pieces};

pub mod grad;
pub mod rows;

pub use grad::Grad;
pub use rows::Rows;

/// The gradients of named parameters.
///
/// A parameter has either a dense gradient or rows. A factor and a limit (from scaling and clipping) are kept aside
/// and applied when the gradients are used, so that clipping does not copy them.
#[derive(Clone, Debug)]
pub struct Gradients {
    dense: BTreeMap<String, Tensor>,
    rows: BTreeMap<String, Rows>,
    /// What every gradient is still to be multiplied with,
    factor: f32,
    /// and then to be held within.
    limit: f32,
}

impl Default for Gradients {
    fn default() -> Self {
        Self { dense: BTreeMap::new(), rows: BTreeMap::new(), factor: 1.0, limit: f32::INFINITY }
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
        self.limit *= factor.abs() as f32;
    }

    /// The Euclidean norm over all gradients, summed in double precision in the order of the names.
    pub fn norm(&self) -> Result<f64> {
        let mut sum = 0.0;
        for grad in self.dense.values() {
            sum += host::with_slice(grad, |values| pieces::sum_of_squares(self.grad(values)))?;
        }
        let rows = self.rows.values().map(|rows| pieces::sum_of_squares(self.grad(rows.values())));
        Ok((sum + rows.sum::<f64>()).sqrt())
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

    /// Holds every element within `-max..=max`, as `torch.nn.utils.clip_grad_value_`.
    ///
    /// ```
    /// use candle_core::{Device, Tensor};
    /// let mut grads = biotope_optim::Gradients::new();
    /// grads.add("w", &Tensor::new(&[3f32, -4.0], &Device::Cpu)?)?;
    /// grads.clip_value(3.0);
    /// assert_eq!(grads.norm()?, 18f64.sqrt());
    /// # Ok::<(), biotope_optim::Error>(())
    /// ```
    pub fn clip_value(&mut self, max: f64) {
        self.limit = self.limit.min(max as f32);
    }

    /// Names with a gradient, dense ones first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.dense.keys().chain(self.rows.keys()).map(String::as_str)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.dense.is_empty() && self.rows.is_empty()
    }

    /// The dense gradient of a parameter, before scaling and clipping.
    pub fn dense(&self, name: &str) -> Option<&Tensor> {
        self.dense.get(name)
    }

    /// The touched rows of a parameter, before scaling and clipping.
    pub fn rows(&self, name: &str) -> Option<&Rows> {
        self.rows.get(name)
    }

    /// Numbers of one of the gradients, as they are after scaling and clipping.
    pub fn grad<'a>(&self, values: &'a [f32]) -> Grad<'a> {
        Grad::new(values).scaled(self.factor).clamped(self.limit)
    }

    fn merge(&mut self, name: &str, rows: Rows) -> Result<()> {
        let sum = match self.rows.remove(name) {
            Some(known) => known.plus(&rows).map_err(|got| misfit(name, "rows of one width", got))?,
            None => rows,
        };
        self.rows.insert(name.to_owned(), sum);
        Ok(())
    }

    /// Applies scaling and clipping, so that more can be added.
    fn materialize(&mut self) -> Result<()> {
        if (self.factor, self.limit) == (1.0, f32::INFINITY) {
            return Ok(());
        }
        let (factor, limit) = (f64::from(self.factor), f64::from(self.limit));
        (self.factor, self.limit) = (1.0, f32::INFINITY);
        if factor != 1.0 {
            self.dense.values_mut().try_for_each(|grad| replace(grad, |grad| grad * factor))?;
        }
        if limit < f64::INFINITY {
            self.dense.values_mut().try_for_each(|grad| replace(grad, |grad| grad.clamp(-limit, limit)))?;
        }
        let apply =
            |values: &[f32]| Grad::new(values).scaled(factor as f32).clamped(limit as f32).iter().collect();
        self.rows.values_mut().for_each(|rows| rows.replace(apply));
        Ok(())
    }
}

fn replace(grad: &mut Tensor, by: impl FnOnce(&Tensor) -> candle_core::Result<Tensor>) -> Result<()> {
    *grad = by(grad)?;
    Ok(())
}

fn misfit(name: &str, expected: &str, got: String) -> Error {
    Error::Gradient { name: name.to_owned(), expected: expected.to_owned(), got }
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
            prop_assert_eq!(grads.factor == 1.0, before + 1e-6 <= max);
        }

        #[test]
        fn what_is_added_later_meets_what_was_scaled_and_clipped(values in prop::collection::vec(-9f32..9.0, 1..20), limit in 0.1f64..9.0, factor in -2f64..2.0) {
            let mut grads = Gradients::new();
            grads.add("w", &tensor(&values)).unwrap();
            grads.add_rows("t", &[3], &tensor(&values).unsqueeze(0).unwrap()).unwrap();
            grads.clip_value(limit);
            grads.scale(factor);
            let expected: Vec<f32> = grads.grad(&values).iter().collect();
            grads.add("v", &tensor(&[1.0])).unwrap();
            for (got, expected) in grads.dense("w").unwrap().to_vec1::<f32>().unwrap().iter().zip(&expected) {
                prop_assert!((got - expected).abs() <= 1e-6 * limit as f32, "{} {}", got, expected);
            }
            prop_assert_eq!(grads.rows("t").unwrap().values(), expected);
            prop_assert_eq!(grads.dense("v").unwrap().to_vec1::<f32>().unwrap(), [1.0]);
        }
    }

    #[test]
    fn the_norm_does_not_depend_on_threads() {
        let values: Vec<f32> = (0..100_001).map(|i| ((i * 7919) % 1013) as f32 * 1e-3).collect();
        let mut grads = Gradients::new();
        grads.add("w", &tensor(&values)).unwrap();
        let norm = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| grads.norm().unwrap())
        };
        assert_eq!(norm(1).to_bits(), norm(3).to_bits());
    }
}
