//! candle's tensors as slices.

use std::ops::{Deref, Range};

use candle_core::{CpuStorage, Device, Result, Storage, StorageRef, Tensor, bail};

/// A tensor's numbers, held while they are read.
pub(crate) struct Held<'a> {
    storage: StorageRef<'a>,
    range: Range<usize>,
}

impl Deref for Held<'_> {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        match &*self.storage {
            Storage::Cpu(CpuStorage::F32(values)) => &values[self.range.clone()],
            _ => unreachable!("`hold` checked the storage"),
        }
    }
}

/// Holds a contiguous `f32` tensor on the CPU.
pub(crate) fn hold(tensor: &Tensor) -> Result<Held<'_>> {
    let (storage, layout) = tensor.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a fused layer needs contiguous tensors")
    };
    match &*storage {
        Storage::Cpu(CpuStorage::F32(_)) => {}
        _ => bail!("a fused layer needs f32 on the CPU"),
    }
    Ok(Held { storage, range: start..end })
}

/// A gradient, if the tensor that it belongs to wants one.
pub(crate) fn gradient(of: &Tensor, values: impl FnOnce() -> Result<Vec<f32>>) -> Result<Option<Tensor>> {
    if of.track_op() { Ok(Some(Tensor::from_vec(values()?, of.shape(), &Device::Cpu)?)) } else { Ok(None) }
}
