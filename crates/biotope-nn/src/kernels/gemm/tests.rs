//! Products against sums in double precision, on every path.

use proptest::prelude::*;

use super::*;
use crate::kernels::passes::{from_bf16, to_bf16};
use crate::kernels::paths::{Path, available, path, with_path};

/// Numbers in ±1.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let next = |x: u32| x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    let all = std::iter::successors(Some(next(seed)), |x| Some(next(*x)));
    all.take(len).map(|x| (x >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

fn bf16(x: &[f32]) -> Vec<u16> {
    let mut out = vec![0; x.len()];
    to_bf16(&mut out, x);
    out
}

fn rounded(x: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; x.len()];
    from_bf16(&mut out, &bf16(x));
    out
}

fn flip<N: Copy>(x: &[N], [r, c]: [usize; 2]) -> Vec<N> {
    (0..r * c).map(|i| x[i % r * c + i / r]).collect()
}

/// The reference twin: one sum per number, in double precision.
fn twin([m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f64> {
    let sum = |i: usize, j: usize| (0..k).map(|l| f64::from(a[i * k + l]) * f64::from(b[l * n + j])).sum();
    (0..m * n).map(|at| sum(at / n, at % n)).collect()
}

fn near(found: &[f32], expected: &[f64], k: usize) -> bool {
    found.iter().zip(expected).all(|(c, e)| (f64::from(*c) - e).abs() <= 2e-6 * (k as f64).max(1.0))
}

fn on<T>(path: Path, work: impl FnOnce() -> T) -> T {
    with_path(path, work).unwrap()
}

fn run([m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut c = vec![f32::NAN; m * n];
    product(&mut c, Mat::new(a, [m, k]), Mat::new(b, [k, n]));
    c
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn f32_equals_its_twin_in_all_orientations(m in 0usize..70, n in 0usize..70, k in 0usize..600, seed: u32) {
        let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        let (at, bt) = (flip(&a, [m, k]), flip(&b, [k, n]));
        let expected = twin([m, n, k], &a, &b);
        for path in available() {
            let plain = on(*path, || run([m, n, k], &a, &b));
            prop_assert!(near(&plain, &expected, k), "{}", path);
            let mut turned = vec![1.0; m * n];
            on(*path, || product(&mut turned, Mat::new(&at, [k, m]).t(), Mat::new(&bt, [n, k]).t()));
            prop_assert_eq!(&turned, &plain);
            let mut wide = vec![1.0; m * (n + 3)];
            on(*path, || serial(&mut wide, n + 3, Mat::new(&at, [k, m]).t(), Mat::new(&b, [k, n]), true));
            for (row, plain) in wide.chunks(n + 3).zip(plain.chunks(n.max(1))) {
                prop_assert_eq!(&row[n..], &[1.0; 3]);
                prop_assert!(row.iter().zip(plain).all(|(x, y)| (x - 1.0 - y).abs() < 1e-4));
            }
        }
    }

    #[test]
    fn bf16_equals_its_twin_over_rounded_numbers(m in 0usize..70, n in 0usize..70, k in 0usize..600, seed: u32) {
        let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        let expected = twin([m, n, k], &rounded(&a), &rounded(&b));
        let (at, bt) = (flip(&a, [m, k]), flip(&b, [k, n]));
        let (short, short_t, right) = (bf16(&a), bf16(&at), bf16(&b));
        for path in available() {
            let mut plain = vec![f32::NAN; m * n];
            let w = on(*path, || Packed::of(Precision::Bf16, Mat::new(&bt, [n, k]).t()));
            w.times(&mut plain, Mat::new(&a, [m, k]), false);
            prop_assert!(near(&plain, &expected, k), "{}", path);
            let mut same = vec![f32::NAN; m * n];
            w.times(&mut same, Mat::new(&short, [m, k]), false);
            prop_assert_eq!(&same, &plain);
            on(*path, || product_of(Precision::Bf16, &mut same, Mat::new(&at, [k, m]).t(), Mat::new(&b, [k, n]), false));
            prop_assert_eq!(&same, &plain);
            on(*path, || product_of(Precision::Bf16, &mut same, Mat::new(&short_t, [k, m]).t(), Mat::new(&right, [k, n]), true));
            prop_assert!(same.iter().zip(&plain).all(|(x, y)| (x - 2.0 * y).abs() <= 1e-5 * y.abs().max(10.0)));
        }
    }
}

#[test]
fn nothing_is_a_product_too() {
    for shape @ [m, n, k] in [[0, 5, 4], [5, 0, 4], [3, 5, 0], [0, 0, 0]] {
        let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
        assert_eq!(run(shape, &a, &b), vec![0.0; m * n]);
        let mut c = vec![1.0; m * n];
        product_of(Precision::Bf16, &mut c, Mat::new(&a, [m, k]), Mat::new(&b, [k, n]), true);
        assert_eq!(c, vec![1.0; m * n]);
        Packed::of(Precision::Int8, Mat::new(&b, [k, n])).times(&mut c, Mat::new(&a, [m, k]), false);
        assert_eq!(c, vec![0.0; m * n]);
    }
}

#[test]
fn bits_do_not_depend_on_threads_neighbours_or_vectors() {
    let shape @ [m, n, k] = [203, 77, 700];
    let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let expected = pool(1).install(|| run(shape, &a, &b));
    for threads in [2, 4] {
        assert_eq!(pool(threads).install(|| run(shape, &a, &b)), expected);
    }
    for row in [0, 7, 202] {
        let alone = run([1, n, k], &a[row * k..][..k], &b);
        assert_eq!(alone, expected[row * n..][..n]);
    }
    for forced in available().iter().filter(|forced| **forced != Path::Portable) {
        assert!(on(*forced, || run(shape, &a, &b)) == expected || path() == Path::Portable, "{forced}");
    }
    let plain = on(Path::Portable, || run(shape, &a, &b));
    assert!(plain.iter().zip(&expected).all(|(x, y)| (x - y).abs() < 1e-4));
}
