//! The same rules for programs that use plain `candle_nn`.

use biotope_core::Component;
use candle_core::Var;
use candle_core::backprop::GradStore;

use crate::{Gradients, Group, Optimizer};

/// What [`CandleOptimizer`] is made from.
#[derive(Clone, Debug)]
pub struct CandleConfig {
    /// The rule.
    pub rule: Component,
    /// Learning rate.
    pub lr: f64,
}

/// An [`Optimizer`] behind the trait of `candle_nn`. That trait knows no names: variables are called by their position.
///
/// ```
/// use biotope_core::Component;
/// use biotope_optim::candle::{CandleConfig, CandleOptimizer};
/// use candle_core::{Device, Var};
/// use candle_nn::Optimizer;
///
/// let x = Var::new(&[3f32, -4.0], &Device::Cpu)?;
/// let config = CandleConfig { rule: Component::new("momentum"), lr: 0.02 };
/// let mut optimizer = CandleOptimizer::new(vec![x.clone()], config)?;
/// for _ in 0..200 {
///     optimizer.backward_step(&x.sqr()?.sum_all()?)?;
/// }
/// assert!(x.sqr()?.sum_all()?.to_scalar::<f32>()? < 1e-6);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug)]
pub struct CandleOptimizer {
    inner: Optimizer,
    vars: Vec<(String, Var)>,
    lr: f64,
}

impl CandleOptimizer {
    /// The driver beneath, for its state.
    pub fn inner(&mut self) -> &mut Optimizer {
        &mut self.inner
    }
}

impl candle_nn::Optimizer for CandleOptimizer {
    type Config = CandleConfig;

    fn new(vars: Vec<Var>, config: CandleConfig) -> candle_core::Result<Self> {
        let vars: Vec<(String, Var)> =
            vars.into_iter().enumerate().map(|(at, var)| (format!("{at:06}"), var)).collect();
        let groups: &[Group] = &[];
        let inner = Optimizer::new(&config.rule, vars.clone(), groups).map_err(candle_core::Error::wrap)?;
        Ok(Self { inner, vars, lr: config.lr })
    }

    fn step(&mut self, grads: &GradStore) -> candle_core::Result<()> {
        let named = self.vars.iter().map(|(name, var)| (name.as_str(), var));
        let grads = Gradients::from_store(grads, named);
        self.inner.step(self.lr, &grads).map_err(candle_core::Error::wrap)
    }

    fn learning_rate(&self) -> f64 {
        self.lr
    }

    fn set_learning_rate(&mut self, lr: f64) {
        self.lr = lr;
    }
}
