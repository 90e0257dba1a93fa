//! The door of fused operations into candle's graph: numbers come in as slices, and gradients go out as tensors.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use crate::kernels::host::hold;

/// An input of a pass forward.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) shape: &'a Shape,
}

/// The numbers of an output, and their shape.
pub(crate) type Numbers = Result<(Vec<f32>, Shape)>;

/// The gradients of the inputs that want one.
pub(crate) type Gradients<const N: usize> = Result<[Option<Tensor>; N]>;

/// A fused operation on `N` inputs, all contiguous `f32` tensors on the CPU.
pub(crate) trait Operation<const N: usize>: Send + Sync + 'static {
    /// What candle calls it in its messages.
    const NAME: &'static str;

    /// The output.
    fn output(&self, inputs: [Argument<'_>; N]) -> Numbers;

    /// The way back, from the inputs, the output and the output's gradient.
    fn gradients(&self, inputs: [&Tensor; N], output: &Tensor, grad: &[f32]) -> Gradients<N>;
}

/// Applies an operation; contiguous inputs are not copied.
pub(crate) fn apply1(op: impl Operation<1>, x: &Tensor) -> crate::Result<Tensor> {
    Ok(x.contiguous()?.apply_op1(Adapter(op))?)
}

/// As [`apply1`], to two inputs.
pub(crate) fn apply2(op: impl Operation<2>, [a, b]: [&Tensor; 2]) -> crate::Result<Tensor> {
    Ok(a.contiguous()?.apply_op2(&b.contiguous()?, Adapter(op))?)
}

/// As [`apply1`], to three inputs.
pub(crate) fn apply3(op: impl Operation<3>, [a, b, c]: [&Tensor; 3]) -> crate::Result<Tensor> {
    Ok(a.contiguous()?.apply_op3(&b.contiguous()?, &c.contiguous()?, Adapter(op))?)
}

/// candle's side of the door.
struct Adapter<O>(O);

impl<O> Adapter<O> {
    fn output<const N: usize>(
        &self,
        storages: [&CpuStorage; N],
        layouts: [&Layout; N],
    ) -> Result<(CpuStorage, Shape)>
    where
        O: Operation<N>,
    {
        let mut inputs = [Argument { values: &[], shape: layouts[0].shape() }; N];
        for (input, (storage, layout)) in inputs.iter_mut().zip(storages.into_iter().zip(layouts)) {
            *input = argument(storage, layout)?;
        }
        let (values, shape) = self.0.output(inputs)?;
        Ok((CpuStorage::F32(values), shape))
    }

    fn gradients<const N: usize>(&self, inputs: [&Tensor; N], output: &Tensor, grad: &Tensor) -> Gradients<N>
    where
        O: Operation<N>,
    {
        let grad = grad.contiguous()?;
        self.0.gradients(inputs, output, &hold(&grad)?)
    }
}

fn argument<'a>(storage: &'a CpuStorage, layout: &'a Layout) -> Result<Argument<'a>> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => {
            Ok(Argument { values: &values[start..end], shape: layout.shape() })
        }
        _ => bail!("a fused layer needs contiguous f32 tensors"),
    }
}

impl<O: Operation<1>> CustomOp1 for Adapter<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(&self, a: &CpuStorage, a_layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.output([a], [a_layout])
    }

    fn bwd(&self, a: &Tensor, output: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let [a] = self.gradients([a], output, grad)?;
        Ok(a)
    }
}

impl<O: Operation<2>> CustomOp2 for Adapter<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.output([a, b], [a_layout, b_layout])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        output: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok(self.gradients([a, b], output, grad)?.into())
    }
}

impl<O: Operation<3>> CustomOp3 for Adapter<O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn cpu_fwd(
        &self,
        a: &CpuStorage,
        a_layout: &Layout,
        b: &CpuStorage,
        b_layout: &Layout,
        c: &CpuStorage,
        c_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.output([a, b, c], [a_layout, b_layout, c_layout])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        output: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        Ok(self.gradients([a, b, c], output, grad)?.into())
    }
}
