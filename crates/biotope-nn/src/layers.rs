//! Differentiable layers over packed sequences: tensors are `[tokens, width]`, `offsets` are the borders.
//!
//! On a CPU with `f32` each layer is one fused operation with a hand-written backward pass; elsewhere, and with
//! other types, it is a composite of candle's differentiable operations. Both give the same numbers up to rounding.

pub mod activation;
pub mod attention;
pub mod average_pool;
pub mod backend;
pub mod batch_norm;
pub mod conv1d;
pub mod conv2d;
pub mod conv_transpose2d;
mod convolution;
pub mod dropout;
pub mod embedding;
mod epilogue;
pub mod gru;
mod init;
pub mod layer_norm;
pub mod linear;
pub mod lstm;
pub mod mask;
pub mod max_pool;
mod norm;
pub(crate) mod operation;
pub mod pooling;
pub(crate) mod recurrence;
mod residual;
pub mod rms_norm;
pub mod rotary;
pub mod softmax;
pub mod window;

pub use activation::Activation;
pub use attention::SelfAttention;
pub use average_pool::{average_pool1d, average_pool2d};
pub use batch_norm::BatchNorm;
pub use conv_transpose2d::ConvTranspose2d;
pub use conv1d::Conv1d;
pub use conv2d::{Conv2d, Conv2dConfig};
pub use dropout::Dropout;
pub use embedding::{Embedding, EmbeddingBag};
pub use gru::{Gru, GruConfig};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::{Lstm, LstmConfig};
pub use mask::Mask;
pub use max_pool::{max_pool1d, max_pool2d};
pub use rms_norm::RmsNorm;
pub use rotary::{Pairs, Rotary};
pub use softmax::softmax;
pub use window::Window;
