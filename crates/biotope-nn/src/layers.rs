//! Differentiable layers over packed sequences: tensors are `[tokens, width]`, `offsets` are the borders.
//!
//! On a CPU with `f32` each layer is one fused operation with a hand-written backward pass; elsewhere, and with
//! other types, it is a composite of candle's differentiable operations. Both give the same numbers up to rounding.

pub mod activation;
pub mod attention;
pub mod backend;
pub mod conv1d;
pub mod dropout;
pub mod embedding;
pub mod gru;
pub mod layer_norm;
pub mod linear;
pub mod lstm;
pub mod mask;
pub mod pooling;
mod recurrence;
mod residual;
pub mod rms_norm;
pub mod rotary;
pub mod softmax;

pub use activation::Activation;
pub use attention::SelfAttention;
pub use conv1d::Conv1d;
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingBag};
pub use gru::{Gru, GruConfig};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::{Lstm, LstmConfig};
pub use mask::Mask;
pub use rms_norm::RmsNorm;
pub use rotary::{Pairs, Rotary};
pub use softmax::softmax;
