//! Elementary functions that vectorise: polynomials and fractions of Cephes and Eigen, without branches.
#![expect(clippy::inline_always, reason = "inlined code is compiled for the caller's instruction set")]

/// `e^x`, at most 2 units in the last place off for `x` in ±87; below −87.3 it stays at the smallest normal number.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.3, 88.3);
    // Adding and subtracting 1.5 · 2²³ rounds to the nearest whole number.
    let n = x * std::f32::consts::LOG2_E + 12_582_912.0;
    let power = n.to_bits() << 23;
    let n = n - 12_582_912.0;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        p = p * r + c;
    }
    let y = p * r * r + r + 1.0;
    // The low bits of the rounded sum are n: adding them to the exponent multiplies by 2ⁿ.
    f32::from_bits(y.to_bits().wrapping_add(power))
}

/// Error function, at most 5e-7 off (relative; Eigen's fraction of degree 13 over 8).
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let s = x * x;
    let mut p = -2.726_142_3e-10;
    for c in [2.770_681_4e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906e-4, -2.954_6e-3, -1.609_603_3e-2] {
        p = p * s + c;
    }
    let mut q = -1.456_607_2e-5;
    for c in [-2.133_740_5e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2] {
        q = q * s + c;
    }
    x * p / q
}

/// Hyperbolic tangent, at most 5e-7 off (relative; Eigen's fraction of degree 13 over 6).
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let s = x * x;
    let mut p = -2.760_768_4e-16;
    for c in [2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4, 4.893_524_6e-3] {
        p = p * s + c;
    }
    let mut q = 1.198_258_4e-6;
    for c in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        q = q * s + c;
    }
    x * p / q
}

/// `1 / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `x Φ(x)` and its derivative `Φ(x) + x φ(x)`.
#[inline(always)]
pub(crate) fn gelu(x: f32) -> (f32, f32) {
    let cdf = 0.5 + 0.5 * erf(x * std::f32::consts::FRAC_1_SQRT_2);
    let density = 0.398_942_3 * exp(-0.5 * x * x);
    (x * cdf, cdf + x * density)
}

/// `x σ(x)` and its derivative `σ(x) (1 + x (1 - σ(x)))`.
#[inline(always)]
pub(crate) fn silu(x: f32) -> (f32, f32) {
    let s = sigmoid(x);
    (x * s, s * (1.0 + x * (1.0 - s)))
}

/// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2` and its derivative.
#[inline(always)]
pub(crate) fn gelu_tanh(x: f32) -> (f32, f32) {
    const SCALE: f32 = 0.797_884_6;
    let t = tanh(SCALE * (x + 0.044_715 * x * x * x));
    let slope = SCALE * (1.0 + 3.0 * 0.044_715 * x * x);
    (0.5 * x * (1.0 + t), 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope)
}

/// The nearest bf16 (its bits), ties to even; NaN stays NaN.
#[inline(always)]
pub(crate) fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let nearest = (bits.wrapping_add(0x7fff + (bits >> 16 & 1))) >> 16;
    let nan = bits >> 16 | 0x40;
    (if bits & 0x7fff_ffff > 0x7f80_0000 { nan } else { nearest }) as u16
}

/// A bf16 as `f32`.
#[inline(always)]
pub(crate) fn wide(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Error function by its series (Abramowitz and Stegun 7.1.6), in double precision.
    fn erf_twin(x: f64) -> f64 {
        let terms = std::iter::successors(Some((1.0, 0)), |(t, n)| {
            Some((t * 2.0 * x * x / f64::from(2 * n + 3), n + 1))
        });
        let sum: f64 = terms.take(200).map(|(t, _)| t).sum();
        2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * x * sum
    }

    fn worst(f: impl Fn(f32) -> f32, twin: impl Fn(f64) -> f64, range: f32) -> f64 {
        let at = |i: i32| i as f32 / 20_000.0 * range;
        let error = |x: f32| (f64::from(f(x)) / twin(f64::from(x)) - 1.0).abs();
        (-20_000..=20_000).map(at).filter(|x| *x != 0.0).map(error).fold(0.0, f64::max)
    }

    #[test]
    fn they_are_as_exact_as_stated() {
        let found = [
            worst(exp, f64::exp, 87.0),
            worst(erf, erf_twin, 6.0),
            worst(tanh, f64::tanh, 20.0),
            worst(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 80.0),
        ];
        assert!(found.iter().zip([2.4e-7, 5e-7, 5e-7, 5e-7]).all(|(f, limit)| *f <= limit), "{found:?}");
    }

    #[test]
    fn the_edges_hold() {
        assert!(exp(-1e30) < 2e-38 && exp(1e30).is_finite() && exp(0.0) == 1.0);
        assert!((tanh(1e30) - 1.0).abs() < 5e-7 && (erf(-1e30) + 1.0).abs() < 5e-7);
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && gelu(f32::NAN).0.is_nan());
        assert_eq!(gelu(0.0), (0.0, 0.5));
    }
}
