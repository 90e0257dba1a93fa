//! Matrices somewhere in a slice.

/// Element `(i, j)` is at `i * strides[0] + j * strides[1]`; numbers are `f32`, or bf16 as bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mat<'a, N = f32> {
    pub(super) data: &'a [N],
    pub(super) shape: [usize; 2],
    pub(super) strides: [usize; 2],
}

impl<'a, N> Mat<'a, N> {
    /// Rows of `shape[1]` numbers, one after the other.
    pub(crate) fn new(data: &'a [N], shape: [usize; 2]) -> Self {
        Self::strided(data, shape, shape[1])
    }

    /// Rows of `shape[1]` numbers that start `stride` apart (they may overlap).
    pub(crate) fn strided(data: &'a [N], shape: [usize; 2], stride: usize) -> Self {
        let last = shape[0].saturating_sub(1) * stride + shape[1];
        assert!(shape.contains(&0) || last <= data.len(), "the slice holds the matrix");
        Self { data, shape, strides: [stride, 1] }
    }

    /// The transpose.
    pub(crate) fn t(self) -> Self {
        let ([m, n], [r, c]) = (self.shape, self.strides);
        Self { shape: [n, m], strides: [c, r], ..self }
    }

    /// Whether a row's numbers lie side by side.
    pub(super) fn by_rows(&self) -> bool {
        self.strides[1] == 1
    }

    /// Some numbers of row `i`, which lie side by side.
    pub(super) fn row(&self, i: usize, columns: std::ops::Range<usize>) -> &'a [N] {
        &self.data[i * self.strides[0]..][columns]
    }
}

/// An operand of a product.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand<'a> {
    /// In `f32`.
    F32(Mat<'a>),
    /// In bf16.
    Bf16(Mat<'a, u16>),
}

impl Operand<'_> {
    pub(super) fn shape(&self) -> [usize; 2] {
        match self {
            Self::F32(mat) => mat.shape,
            Self::Bf16(mat) => mat.shape,
        }
    }

    /// The transpose.
    pub(crate) fn t(self) -> Self {
        match self {
            Self::F32(mat) => Self::F32(mat.t()),
            Self::Bf16(mat) => Self::Bf16(mat.t()),
        }
    }

    /// Some rows.
    pub(super) fn rows(self, rows: &std::ops::Range<usize>) -> Self {
        fn cut<'a, N: Copy>(mat: Mat<'a, N>, rows: &std::ops::Range<usize>) -> Mat<'a, N> {
            let data = &mat.data[(rows.start * mat.strides[0]).min(mat.data.len())..];
            Mat { data, shape: [rows.len(), mat.shape[1]], ..mat }
        }
        match self {
            Self::F32(mat) => Self::F32(cut(mat, rows)),
            Self::Bf16(mat) => Self::Bf16(cut(mat, rows)),
        }
    }
}

impl<'a> From<Mat<'a>> for Operand<'a> {
    fn from(mat: Mat<'a>) -> Self {
        Self::F32(mat)
    }
}

impl<'a> From<Mat<'a, u16>> for Operand<'a> {
    fn from(mat: Mat<'a, u16>) -> Self {
        Self::Bf16(mat)
    }
}
