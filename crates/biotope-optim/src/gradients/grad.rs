//! A gradient as rules read it: flat numbers, with scaling and clipping applied on the way.

const LANES: usize = 8;

/// A gradient, or a piece of it: `values` times a factor, held within a limit.
///
/// Both are applied while it is read, so that clipping costs no copy of the gradients.
///
/// ```
/// let grad = biotope_optim::Grad::new(&[1.0, -8.0]).scaled(0.5).clamped(2.0);
/// assert_eq!(grad.iter().collect::<Vec<f32>>(), [0.5, -2.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Grad<'a> {
    values: &'a [f32],
    factor: f32,
    limit: f32,
}

impl<'a> Grad<'a> {
    /// The numbers as they are.
    pub fn new(values: &'a [f32]) -> Self {
        Self { values, factor: 1.0, limit: f32::INFINITY }
    }

    /// The same times `factor`; what was held within a limit stays within its multiple.
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self { factor: self.factor * factor, limit: self.limit * factor.abs(), ..self }
    }

    /// The same held within `-limit..=limit`.
    #[must_use]
    pub fn clamped(self, limit: f32) -> Self {
        Self { limit: self.limit.min(limit), ..self }
    }

    /// The numbers, in order.
    pub fn iter(self) -> impl Iterator<Item = f32> + use<'a> {
        let Self { values, factor, limit } = self;
        values.iter().map(move |value| clamp(value * factor, limit))
    }

    /// The sum of their squares, in double precision: eight running sums, a fixed order that a processor can do side
    /// by side.
    pub(crate) fn sum_of_squares(self) -> f64 {
        let Self { values, factor, limit } = self;
        let mut sums = [0f64; LANES];
        let mut add = |lanes: &[f32]| {
            for (sum, value) in sums.iter_mut().zip(lanes) {
                let value = f64::from(clamp(value * factor, limit));
                *sum += value * value;
            }
        };
        let whole = values.chunks_exact(LANES);
        let rest = whole.remainder();
        whole.for_each(&mut add);
        add(rest);
        sums.iter().sum()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Pieces of `size` elements, the last one shorter.
    pub(crate) fn chunks(self, size: usize) -> impl Iterator<Item = Self> {
        self.values.chunks(size).map(move |values| Self { values, ..self })
    }
}

/// Not `f32::clamp`, whose check of the limits stands in the way of vector instructions; NaN stays NaN here, too.
fn clamp(value: f32, limit: f32) -> f32 {
    let low = if value < -limit { -limit } else { value };
    if low > limit { limit } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_after_clamping_and_before_are_different_things() {
        let values = [3f32, -1.0, f32::NAN];
        let read = |grad: Grad<'_>| grad.iter().take(2).collect::<Vec<f32>>();
        assert_eq!(read(Grad::new(&values).clamped(2.0).scaled(0.5)), [1.0, -0.5]);
        assert_eq!(read(Grad::new(&values).scaled(0.5).clamped(2.0)), [1.5, -0.5]);
        assert!(Grad::new(&values).clamped(2.0).iter().last().unwrap().is_nan());
    }
}
