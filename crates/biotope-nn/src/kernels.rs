//! What runs inside the layers on a CPU: products, passes over slices, noise.
//!
//! Work is cut by output: no sum is ever split between tasks, so results have the same bits at any thread count.

pub(crate) mod activations;
pub(crate) mod attention;
pub(crate) mod cell;
pub(crate) mod convolve;
pub(crate) mod gemm;
pub(crate) mod gru;
pub(crate) mod host;
pub(crate) mod isa;
pub(crate) mod lines;
pub(crate) mod math;
pub mod measure;
pub(crate) mod micro;
pub(crate) mod mixed;
pub(crate) mod noise;
pub(crate) mod passes;
pub mod paths;
pub(crate) mod planes;
pub(crate) mod recurrent;
pub(crate) mod rms;
pub(crate) mod rotary;
pub(crate) mod scratch;
pub(crate) mod shared;
pub(crate) mod threads;
pub(crate) mod unfold;
