//! Reading and writing tensors as flat `f32` slices on the host, without copies where they lie there already.

use std::cell::Cell;

use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Storage, Tensor, Var};

use crate::Result;

/// Hands the elements of a tensor, in row-major order, to `read`.
pub(crate) fn with_slice<R>(tensor: &Tensor, read: impl FnOnce(&[f32]) -> R) -> Result<R> {
    {
        let (storage, layout) = tensor.storage_and_layout();
        if let (Storage::Cpu(CpuStorage::F32(data)), Some((start, end))) =
            (&*storage, layout.contiguous_offsets())
        {
            return Ok(read(&data[start..end]));
        }
    }
    Ok(read(&tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?))
}

/// Hands the elements of a contiguous `f32` variable to `write`; on other devices by a round trip over the host.
pub(crate) fn with_mut(var: &Var, write: impl FnOnce(&mut [f32])) -> Result<()> {
    if let Device::Cpu = var.device() {
        return Ok(var.as_tensor().inplace_op1(&InPlace(Cell::new(Some(write))))?);
    }
    let mut values = var.as_tensor().flatten_all()?.to_vec1::<f32>()?;
    write(&mut values);
    Ok(var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?)
}

struct InPlace<F>(Cell<Option<F>>);

impl<F: FnOnce(&mut [f32])> InplaceOp1 for InPlace<F> {
    fn name(&self) -> &'static str {
        "optimizer-update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(data), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
            candle_core::bail!("a parameter must be contiguous f32");
        };
        if let Some(write) = self.0.take() {
            write(&mut data[start..end]);
        }
        Ok(())
    }
}
