//! Windows over images as columns of a matrix, and back (im2col, Chellapilla et al. 2006).

use std::ops::Range;

/// A window that slides over planes; pairs are of the vertical and the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slide {
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Size of the planes that the window slides over.
    pub(crate) input: [usize; 2],
    /// Number of places at which it stops.
    pub(crate) output: [usize; 2],
}

impl Slide {
    /// Numbers under the window.
    pub(crate) fn area(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Places of the window.
    pub(crate) fn places(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Numbers of an input plane.
    pub(crate) fn plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// The places along an axis at which a tap of the window lies within the plane, and where the first of them lies.
    pub(crate) fn span(&self, axis: usize, tap: usize) -> (Range<usize>, usize) {
        let (stride, padding, offset) = (self.stride[axis], self.padding[axis], tap * self.dilation[axis]);
        let first = padding.saturating_sub(offset).div_ceil(stride);
        let end = (self.input[axis] + padding).saturating_sub(offset).div_ceil(stride).min(self.output[axis]);
        (first..end.max(first), (first * stride + offset).saturating_sub(padding))
    }

    /// Calls `work(place, index in the plane)` for each tap at each place, tap by tap, without those in the padding.
    pub(crate) fn visit(&self, mut work: impl FnMut(usize, usize)) {
        for tap in 0..self.area() {
            let ((lines, top), (span, left)) =
                (self.span(0, tap / self.kernel[1]), self.span(1, tap % self.kernel[1]));
            for (row, y) in lines.zip((top..).step_by(self.stride[0])) {
                for (column, x) in span.clone().zip((left..).step_by(self.stride[1])) {
                    work(row * self.output[1] + column, y * self.input[1] + x);
                }
            }
        }
    }

    /// What lies under the window at some rows of places: `columns [channels · area, rows · width]` from
    /// `x [channels, height, width]`; zeros outside of the planes.
    pub(crate) fn unfold(&self, columns: &mut [f32], x: &[f32], rows: &Range<usize>) {
        let width = self.output[1];
        for (index, column) in columns.chunks_exact_mut(rows.len() * width).enumerate() {
            let plane = &x[index / self.area() * self.plane()..][..self.plane()];
            let tap = index % self.area();
            let (lines, top) = self.span(0, tap / self.kernel[1]);
            let (span, left) = self.span(1, tap % self.kernel[1]);
            for (line, row) in column.chunks_exact_mut(width).zip(rows.clone()) {
                if span.is_empty() || !lines.contains(&row) {
                    line.fill(0.0);
                    continue;
                }
                let y = top + (row - lines.start) * self.stride[0];
                let source = &plane[y * self.input[1]..][left..self.input[1]];
                line[..span.start].fill(0.0);
                line[span.end..].fill(0.0);
                gather(&mut line[span.clone()], source, self.stride[1]);
            }
        }
    }

    /// Adds columns to where [`Slide::unfold`] takes them from.
    pub(crate) fn fold(&self, x: &mut [f32], columns: &[f32], rows: &Range<usize>) {
        let width = self.output[1];
        for (index, column) in columns.chunks_exact(rows.len() * width).enumerate() {
            let plane = &mut x[index / self.area() * self.plane()..][..self.plane()];
            let tap = index % self.area();
            let (lines, top) = self.span(0, tap / self.kernel[1]);
            let (span, left) = self.span(1, tap % self.kernel[1]);
            for (line, row) in column.chunks_exact(width).zip(rows.clone()) {
                if !span.is_empty() && lines.contains(&row) {
                    let y = top + (row - lines.start) * self.stride[0];
                    let target = &mut plane[y * self.input[1]..][left..self.input[1]];
                    for (x, value) in target.iter_mut().step_by(self.stride[1]).zip(&line[span.clone()]) {
                        *x += value;
                    }
                }
            }
        }
    }
}

fn gather(line: &mut [f32], source: &[f32], stride: usize) {
    if stride == 1 {
        line.copy_from_slice(&source[..line.len()]);
    } else {
        for (line, x) in line.iter_mut().zip(source.iter().step_by(stride)) {
            *line = *x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slide([kernel, stride, padding, dilation, input]: [[usize; 2]; 5]) -> Option<Slide> {
        let along = |axis: usize| {
            let reach = dilation[axis] * (kernel[axis] - 1) + 1;
            let room = (input[axis] + 2 * padding[axis]).checked_sub(reach)?;
            Some(room / stride[axis] + 1)
        };
        Some(Slide { kernel, stride, padding, dilation, input, output: [along(0)?, along(1)?] })
    }

    /// The reference twin: where in a plane a tap lies at a place.
    fn at(slide: &Slide, tap: usize, place: usize) -> Option<usize> {
        let along = |axis: usize, tap: usize, place: usize| {
            let from = place * slide.stride[axis] + tap * slide.dilation[axis];
            from.checked_sub(slide.padding[axis]).filter(|at| *at < slide.input[axis])
        };
        let y = along(0, tap / slide.kernel[1], place / slide.output[1])?;
        Some(y * slide.input[1] + along(1, tap % slide.kernel[1], place % slide.output[1])?)
    }

    fn pair(range: std::ops::Range<usize>) -> impl Strategy<Value = [usize; 2]> {
        [range.clone(), range]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn it_equals_its_twin_both_ways(
            kernel in pair(1..4), stride in pair(1..4), padding in pair(0..4), dilation in pair(1..3), input in pair(1..8),
        ) {
            let Some(slide) = slide([kernel, stride, padding, dilation, input]) else { return Ok(()) };
            let x: Vec<f32> = (1..=2 * slide.plane()).map(|i| i as f32).collect();
            let (taps, places) = (2 * slide.area(), slide.places());
            let source = |index: usize| {
                let (tap, place) = (index / places, index % places);
                at(&slide, tap % slide.area(), place).map(|at| tap / slide.area() * slide.plane() + at)
            };
            let mut columns = vec![f32::NAN; taps * places];
            slide.unfold(&mut columns, &x, &(0..slide.output[0]));
            for (index, column) in columns.iter().enumerate() {
                prop_assert_eq!(*column, source(index).map_or(0.0, |at| x[at]));
            }
            let (mut back, mut twin) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            slide.fold(&mut back, &columns, &(0..slide.output[0]));
            for (index, column) in columns.iter().enumerate() {
                if let Some(at) = source(index) {
                    twin[at] += column;
                }
            }
            prop_assert_eq!(back, twin);
        }
    }
}
