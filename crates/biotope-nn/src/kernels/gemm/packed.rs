//! A right operand that is used many times.

use super::door::Panels;
use super::int8::{self, Scales};
use super::mat::Operand;
use super::right;
use crate::Precision;
use crate::kernels::micro::Micro;
use crate::kernels::paths::path;
use crate::kernels::scratch::Buffer;

/// Panels of a right operand `[inputs, outputs]`, for the path that ran when they were packed.
pub(crate) struct Packed {
    precision: Precision,
    micro: Micro,
    shape: [usize; 2],
    data: Buffer,
    scales: Scales,
}

impl Packed {
    /// Nothing yet, to [`Packed::repack`].
    pub(crate) fn empty(precision: Precision) -> Self {
        let micro = Micro::of(path(), precision);
        Self { precision, micro, shape: [0; 2], data: Buffer::default(), scales: Scales::default() }
    }

    /// Packs `b` in `f32`.
    pub(crate) fn new<'a>(b: impl Into<Operand<'a>>) -> Self {
        Self::of(Precision::F32, b)
    }

    /// Packs `b`.
    pub(crate) fn of<'a>(precision: Precision, b: impl Into<Operand<'a>>) -> Self {
        let mut packed = Self::empty(precision);
        packed.repack(b);
        packed
    }

    /// Packs other numbers, in the same memory if they fit.
    pub(crate) fn repack<'a>(&mut self, b: impl Into<Operand<'a>>) {
        let b = b.into();
        self.micro = Micro::of(path(), self.precision);
        self.shape = b.shape();
        let data = self.data.get_mut(right::size(self.micro, self.shape));
        match self.precision {
            Precision::F32 | Precision::Bf16 => right::pack(data, self.micro, self.precision, b, true),
            Precision::Int8 => int8::pack(data, &mut self.scales, self.micro, b),
        }
    }

    /// `[inputs, outputs]`.
    pub(crate) fn shape(&self) -> [usize; 2] {
        self.shape
    }

    pub(super) fn panels(&self) -> Panels<'_> {
        Panels {
            micro: self.micro,
            precision: self.precision,
            shape: self.shape,
            data: self.data.get(right::size(self.micro, self.shape)),
            scales: (self.precision == Precision::Int8).then_some(&self.scales),
        }
    }
}
