//! What runs inside the layers on a CPU: products, passes over slices, noise.

pub(crate) mod noise;
