//! First values of weights.

use candle_nn::init::Init;

/// `PyTorch`'s, for a weight and its bias: uniform in ±1/√(numbers that an output sees).
pub(super) fn uniform(seen: usize) -> Init {
    let edge = 1.0 / (seen.max(1) as f64).sqrt();
    Init::Uniform { lo: -edge, up: edge }
}
