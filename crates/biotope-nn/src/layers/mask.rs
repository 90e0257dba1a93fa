//! Which keys a query sees.

use crate::Result;
use crate::error::shape;

/// Which keys a query of self-attention sees, within its own sequence; by default all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    /// Only keys at its own place and before it.
    pub causal: bool,
    /// Of sequence `i` only the first `valid[i]` keys: for batches whose sequences were padded to a common length. A
    /// sequence of which nothing is valid gives zeros.
    pub valid: Option<Vec<usize>>,
}

impl Mask {
    /// Each query sees itself and what came before it.
    pub fn causal() -> Self {
        Self { causal: true, valid: None }
    }

    /// Of sequence `i` only the first `valid[i]` keys are seen.
    pub fn valid(valid: Vec<usize>) -> Self {
        Self { causal: false, valid: Some(valid) }
    }

    /// Number of keys of a sequence that any query sees.
    pub(crate) fn keys(&self, sequence: usize, len: usize) -> usize {
        self.valid.as_ref().map_or(len, |valid| valid[sequence])
    }

    /// Number of keys, of `keys`, that the query at a place sees.
    pub(crate) fn seen(&self, place: usize, keys: usize) -> usize {
        if self.causal { keys.min(place + 1) } else { keys }
    }

    pub(crate) fn check(&self, offsets: &[usize]) -> Result<()> {
        let Some(valid) = &self.valid else { return Ok(()) };
        let lengths = || offsets.windows(2).map(|pair| pair[1] - pair[0]);
        if valid.len() == lengths().count() && valid.iter().zip(lengths()).all(|(valid, len)| *valid <= len) {
            return Ok(());
        }
        let lengths: Vec<usize> = lengths().collect();
        Err(shape("valid keys of attention", format!("at most {lengths:?}"), format!("{valid:?}")))
    }
}
