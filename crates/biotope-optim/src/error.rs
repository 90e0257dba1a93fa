//! What can go wrong, by cause.

use biotope_core::{Invalid, Unknown};
use candle_core::{DType, Tensor};

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry has no entry of that name.
    #[error(transparent)]
    Unknown(#[from] Unknown),
    /// An option breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// candle refused an operation.
    #[error("tensor operation")]
    Candle(#[from] candle_core::Error),
    /// A parameter that the driver cannot hold.
    #[error("parameter {name:?} cannot be optimised: {why}")]
    Parameter {
        /// Name of the parameter.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A gradient for a parameter that the optimizer does not have.
    #[error("gradient for an unknown parameter {name:?}")]
    UnknownParameter {
        /// Name that came with the gradient.
        name: String,
    },
    /// A gradient that does not fit its parameter.
    #[error("gradient of {name:?} does not fit: expected {expected}, got {got}")]
    Gradient {
        /// Name of the parameter.
        name: String,
        /// What fits.
        expected: String,
        /// What came.
        got: String,
    },
    /// A saved state that does not belong to this optimizer.
    #[error("optimizer state {name:?}: {why}")]
    State {
        /// Name of the state tensor.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    /// What the reader can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown(error) => error.hint().map(str::to_owned),
            Self::Invalid(error) => error.hint().map(str::to_owned),
            Self::State { .. } => Some("load the state with the rule and the model that saved it".to_owned()),
            _ => None,
        }
    }
}

/// The result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Refuses a state tensor that is missing or of another shape or type.
pub(crate) fn fits(name: &str, tensor: Option<&Tensor>, dims: &[usize], dtype: DType) -> Result<()> {
    let why = match tensor {
        None => "it is missing".to_owned(),
        Some(tensor) if tensor.dims() != dims || tensor.dtype() != dtype => {
            format!("expected {dtype:?} {dims:?}, got {:?} {:?}", tensor.dtype(), tensor.dims())
        }
        Some(_) => return Ok(()),
    };
    Err(Error::State { name: name.to_owned(), why })
}
