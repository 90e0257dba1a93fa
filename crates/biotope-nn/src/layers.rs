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
pub mod layer_norm;
pub mod linear;
pub mod lstm;
pub mod pooling;

pub use activation::Activation;
pub use attention::SelfAttention;
pub use conv1d::Conv1d;
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingBag};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::{Lstm, LstmConfig};
