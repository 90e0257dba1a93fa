//! Whole small models in one pass, written out forward and backward on reused buffers.
//!
//! A graph of fused layers costs more than a small model's arithmetic: every gradient is fresh memory, is zeroed, and is
//! added by another pass. Here a model meets candle's graph at its logits only; gradients come as [`DirectGrad`]. The same
//! forward pass evaluates and, with weights packed once, answers without graph ([`crate::Frozen`]). On other devices and
//! types the models are composed of [`crate::layers`], which give the same numbers up to rounding.

mod bag;
mod convolution;
mod head;
mod recurrent;
mod words;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Shape, Tensor, Var};
use candle_nn::VarBuilder;

pub use bag::Bag;
pub use convolution::Convolutions;
pub use recurrent::{Pooling, Recurrent, RecurrentConfig};

use crate::error::shape;
use crate::kernels::host::{Held, hold};
use crate::layers::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::{DirectGrad, Result};

/// A parameter and its name.
#[derive(Clone, Debug)]
struct Weight {
    name: String,
    tensor: Tensor,
}

impl Weight {
    /// Finds a parameter that a layer made.
    fn find(vb: &VarBuilder, shape: impl Into<Shape>, name: &str) -> Result<Self> {
        let tensor = vb.get(shape.into(), name)?;
        let prefix = vb.prefix();
        Ok(Self {
            name: if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") },
            tensor,
        })
    }

    fn hold(&self) -> candle_core::Result<Held<'_>> {
        hold(&self.tensor)
    }

    /// Where this pass leaves the gradient.
    fn place(&self) -> DirectGrad {
        DirectGrad::new(&self.name)
    }

    /// A gradient shaped like the parameter.
    fn shaped(&self, grad: Vec<f32>) -> candle_core::Result<Tensor> {
        Tensor::from_vec(grad, self.tensor.shape(), &Device::Cpu)
    }
}

/// Goes back from the gradient of the logits and leaves those of the parameters.
type Back = Box<dyn FnOnce(&[f32]) -> candle_core::Result<()> + Send>;

/// Logits that a pass worked out, as a node of candle's graph: `[batch, outputs]`.
fn attach(logits: Vec<f32>, shape: [usize; 2], back: Back) -> Result<Tensor> {
    let root = Var::zeros(1, DType::F32, &Device::Cpu)?;
    let node = Node { logits: Mutex::new(logits), shape, back: Mutex::new(Some(back)) };
    apply1(node, &root)
}

struct Node {
    logits: Mutex<Vec<f32>>,
    shape: [usize; 2],
    back: Mutex<Option<Back>>,
}

impl Operation<1> for Node {
    const NAME: &'static str = "whole-model";

    fn output(&self, _: [Argument<'_>; 1]) -> Numbers {
        let logits = std::mem::take(&mut *self.logits.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((logits, (self.shape[0], self.shape[1]).into()))
    }

    fn gradients(&self, _: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let back = self.back.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(back) = back else { candle_core::bail!("a whole pass goes back once") };
        back(grad)?;
        Ok([None])
    }
}

/// Buffers of passes that are over, for those to come.
pub(crate) struct Spare<T>(Arc<Mutex<Vec<T>>>);

impl<T> fmt::Debug for Spare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spare")
    }
}

impl<T> Clone for Spare<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Spare<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Default> Spare<T> {
    pub(crate) fn take(&self) -> T {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, used: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(used);
    }
}

/// Borders that fit `total` packed numbers and `[batch, outputs]` logits.
fn check(total: usize, offsets: &[usize], logits: usize, outputs: usize) -> Result<()> {
    let batch = offsets.len().saturating_sub(1);
    if offsets.first() != Some(&0) || offsets.last() != Some(&total) || !offsets.is_sorted() {
        let last = offsets.last().copied().unwrap_or_default();
        let got = format!("{} borders that end at {last}", offsets.len());
        return Err(shape("offsets", format!("ascending borders from 0 to {total}"), got));
    }
    if logits != batch * outputs {
        return Err(shape("logits", format!("{} numbers for {batch} rows", batch * outputs), logits));
    }
    Ok(())
}
