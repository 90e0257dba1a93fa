//! The running mean of weights: smoother than the weights themselves, and often better.

use std::collections::BTreeMap;

use biotope_core::Invalid;
use candle_core::{DType, Device, Tensor, Var};

use crate::error::fits;
use crate::{Grad, Result, host, pieces};

/// The exponential moving average of named parameters (Polyak and Juditsky 1992; with a fading memory as in
/// `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn`).
///
/// The first update takes the parameters as they are, each later one `mean ← β mean + (1-β) p`.
///
/// ```
/// use biotope_optim::Ema;
/// use candle_core::{Device, Tensor, Var};
///
/// let w = Var::new(&[1f32], &Device::Cpu)?;
/// let mut ema = Ema::new(0.75, vec![("w".to_owned(), w.clone())])?;
/// ema.update()?;
/// w.set(&Tensor::new(&[3f32], &Device::Cpu)?)?;
/// ema.update()?;
/// ema.swap()?; // the parameters hold the mean now, and the mean holds the parameters
/// assert_eq!(w.to_vec1::<f32>()?, [1.5]);
/// ema.swap()?;
/// assert_eq!(w.to_vec1::<f32>()?, [3.0]);
/// # Ok::<(), biotope_optim::Error>(())
/// ```
#[derive(Debug)]
pub struct Ema {
    decay: f64,
    updates: u64,
    means: Vec<Mean>,
}

#[derive(Debug)]
struct Mean {
    name: String,
    var: Var,
    values: Vec<f32>,
}

const UPDATES: &str = "ema/updates";

impl Ema {
    /// Means of contiguous `f32` variables, with a memory `decay` in `[0, 1)`.
    pub fn new(decay: f64, params: Vec<(String, Var)>) -> Result<Self> {
        if !(0.0..1.0).contains(&decay) {
            return Err(Invalid::new("ema", "must be at least 0 and below 1", decay).into());
        }
        let mean = |(name, var): (String, Var)| {
            let values = vec![0.0; var.elem_count()];
            Mean { name, var, values }
        };
        Ok(Self { decay, updates: 0, means: params.into_iter().map(mean).collect() })
    }

    /// Takes in the parameters as they are now.
    pub fn update(&mut self) -> Result<()> {
        let keep = if self.updates == 0 { 0.0 } else { self.decay as f32 };
        let take = if self.updates == 0 { 1.0 } else { (1.0 - self.decay) as f32 };
        for mean in &mut self.means {
            host::with_slice(mean.var.as_tensor(), |param| {
                pieces::map(&mut mean.values, Grad::new(param), &mut [], |mean, param, _| {
                    mean.iter_mut().zip(param.iter()).for_each(|(mean, p)| *mean = keep * *mean + take * p);
                });
            })?;
        }
        self.updates += 1;
        Ok(())
    }

    /// Exchanges parameters and means; twice is nothing. Before the first update there is nothing to exchange.
    pub fn swap(&mut self) -> Result<()> {
        if self.updates == 0 {
            return Ok(());
        }
        for mean in &mut self.means {
            host::with_mut(&mean.var, |param| param.swap_with_slice(&mut mean.values))?;
        }
        Ok(())
    }

    /// The means by name: `ema/PARAMETER` (`f32`, shaped like the parameter), and `ema/updates` (`i64`).
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let updates = Tensor::new(self.updates as i64, &Device::Cpu)?;
        let mut state = BTreeMap::from([(UPDATES.to_owned(), updates)]);
        for mean in &self.means {
            state.insert(key(mean), Tensor::from_slice(&mean.values, mean.var.shape(), &Device::Cpu)?);
        }
        Ok(state)
    }

    /// Takes over a state that [`Ema::state`] gave; changes nothing unless all of it fits. Other names are left alone.
    pub fn load_state(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        fits(UPDATES, state.get(UPDATES), &[], DType::I64)?;
        let check = |mean: &Mean| fits(&key(mean), state.get(&key(mean)), mean.var.dims(), DType::F32);
        self.means.iter().try_for_each(check)?;
        self.updates = state[UPDATES].to_scalar::<i64>()? as u64;
        for mean in &mut self.means {
            let tensor = &state[&key(mean)];
            host::with_slice(tensor, |values| mean.values.copy_from_slice(values))?;
        }
        Ok(())
    }
}

fn key(mean: &Mean) -> String {
    format!("ema/{}", mean.name)
}
