//! Products against sums in double precision and against whole numbers, on every path and on emulated tiles.

use std::fmt;

use proptest::prelude::*;

use super::*;
use crate::kernels::passes::{from_bf16, to_bf16};
use crate::kernels::paths::{Path, available, with_path};

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

/// The twin in int8: exact sums of whole numbers, scaled.
fn whole_twin([m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
    let whole = |x: &[f32]| -> (f32, Vec<i32>) {
        let most = x.iter().fold(0f32, |most, x| most.max(x.abs()));
        let inverse = if most > 0.0 { 127.0 / most } else { 0.0 };
        (most / 127.0, x.iter().map(|x| (x * inverse).round_ties_even() as i32).collect())
    };
    let turned = flip(b, [k, n]);
    let rows: Vec<_> = (0..m).map(|i| whole(&a[i * k..][..k])).collect();
    let columns: Vec<_> = (0..n).map(|j| whole(&turned[j * k..][..k])).collect();
    let number = |(s, x): &(f32, Vec<i32>), (t, y): &(f32, Vec<i32>)| {
        x.iter().zip(y).map(|(x, y)| x * y).sum::<i32>() as f32 * (s * t)
    };
    rows.iter().flat_map(|row| columns.iter().map(|column| number(row, column))).collect()
}

fn near(found: &[f32], expected: &[f64], k: usize) -> bool {
    found.iter().zip(expected).all(|(c, e)| (f64::from(*c) - e).abs() <= 2e-6 * (k as f64).max(1.0))
}

/// A path that this machine has, or tiles in an interpreter.
#[derive(Clone, Copy, Debug)]
enum Way {
    Real(Path),
    #[cfg(target_arch = "x86_64")]
    Emulated,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

fn ways() -> Vec<Way> {
    let real = available().iter().map(|path| Way::Real(*path));
    #[cfg(target_arch = "x86_64")]
    let real = real.chain([Way::Emulated]);
    real.collect()
}

fn on<T>(way: Way, work: impl FnOnce() -> T) -> T {
    match way {
        Way::Real(path) => with_path(path, work).unwrap(),
        #[cfg(target_arch = "x86_64")]
        Way::Emulated => crate::kernels::micro::amx::emulator::emulated(work),
    }
}

fn run([m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut c = vec![f32::NAN; m * n];
    product(&mut c, Mat::new(a, [m, k]), Mat::new(b, [k, n]));
    c
}

fn run_in(precision: Precision, [m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut c = vec![f32::NAN; m * n];
    Packed::of(precision, Mat::new(b, [k, n])).times(&mut c, Mat::new(a, [m, k]), false);
    c
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn f32_equals_its_twin_in_all_orientations(m in 1usize..70, n in 1usize..70, k in 0usize..600, seed: u32) {
        let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        let (at, bt) = (flip(&a, [m, k]), flip(&b, [k, n]));
        let expected = twin([m, n, k], &a, &b);
        for way in available().iter().map(|path| Way::Real(*path)) {
            let plain = on(way, || run([m, n, k], &a, &b));
            prop_assert!(near(&plain, &expected, k), "{}", way);
            let mut turned = vec![1.0; m * n];
            on(way, || product(&mut turned, Mat::new(&at, [k, m]).t(), Mat::new(&bt, [n, k]).t()));
            prop_assert_eq!(&turned, &plain);
            let mut wide = vec![1.0; m * (n + 3)];
            on(way, || serial(&mut wide, n + 3, Mat::new(&at, [k, m]).t(), Mat::new(&b, [k, n]), true));
            for (row, plain) in wide.chunks(n + 3).zip(plain.chunks(n)) {
                prop_assert_eq!(&row[n..], &[1.0; 3]);
                prop_assert!(row.iter().zip(plain).all(|(x, y)| (x - 1.0 - y).abs() < 1e-4));
            }
        }
    }

    #[test]
    fn bf16_equals_its_twin_over_rounded_numbers(m in 1usize..70, n in 1usize..70, k in 0usize..600, seed: u32) {
        let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        let expected = twin([m, n, k], &rounded(&a), &rounded(&b));
        let (at, bt) = (flip(&a, [m, k]), flip(&b, [k, n]));
        let (short, short_t, right) = (bf16(&a), bf16(&at), bf16(&b));
        for way in ways() {
            let plain = on(way, || run_in(Precision::Bf16, [m, n, k], &a, &b));
            prop_assert!(near(&plain, &expected, k), "{}", way);
            let mut same = vec![f32::NAN; m * n];
            let w = on(way, || Packed::of(Precision::Bf16, Mat::new(&bt, [n, k]).t()));
            w.times(&mut same, Mat::new(&short, [m, k]), false);
            prop_assert_eq!(&same, &plain);
            on(way, || product_of(Precision::Bf16, &mut same, Mat::new(&at, [k, m]).t(), Mat::new(&b, [k, n]), false));
            prop_assert_eq!(&same, &plain);
            let (left, right) = (Mat::new(&short_t, [k, m]).t(), Mat::new(&right, [k, n]));
            on(way, || product_of(Precision::Bf16, &mut same, left, right, true));
            prop_assert!(same.iter().zip(&plain).all(|(x, y)| (x - 2.0 * y).abs() <= 1e-5 * y.abs().max(10.0)), "{}", way);
        }
    }

    #[test]
    fn int8_is_exact_on_every_path(m in 1usize..70, n in 1usize..70, k in 1usize..600, seed: u32) {
        let (mut a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        a[..k].fill(0.0);
        let expected = whole_twin([m, n, k], &a, &b);
        for way in ways() {
            prop_assert_eq!(&on(way, || run_in(Precision::Int8, [m, n, k], &a, &b)), &expected, "{}", way);
        }
        let short = bf16(&a);
        let (bt, expected) = (flip(&b, [k, n]), whole_twin([m, n, k], &rounded(&a), &b));
        let mut c = vec![f32::NAN; m * n];
        Packed::of(Precision::Int8, Mat::new(&bt, [n, k]).t()).times(&mut c, Mat::new(&short, [m, k]), false);
        prop_assert_eq!(&c, &expected);
    }

    #[test]
    fn pieces_of_rows_reach_both_outputs(m in 1usize..150, n in 1usize..400, add: bool, seed: u32) {
        let (k, side) = (48, numbers(m * n, seed ^ 2));
        let (a, b) = (numbers(m * k, seed), numbers(k * n, seed ^ 1));
        for way in ways() {
            let w = on(way, || Packed::of(Precision::Bf16, Mat::new(&b, [k, n])));
            let mut plain = if add { side.clone() } else { vec![f32::NAN; m * n] };
            w.product(&mut plain, Mat::new(&a, [m, k]), add);
            let mut c = side.clone();
            w.times(&mut c, Mat::new(&a, [m, k]), add);
            prop_assert_eq!(&c, &plain, "{}", way);
            w.product(&mut plain, Mat::new(&a, [m, k]), false);
            let (mut places, mut out) = (vec![[0; 2]; m * n], vec![0u16; m * n]);
            w.times_then(&mut c, &mut places, Mat::new(&a, [m, k]), |span, _, places| {
                places.iter_mut().enumerate().for_each(|(at, place)| *place = [span.row, span.column + at]);
            });
            prop_assert_eq!(&c, &plain);
            prop_assert!(places.iter().enumerate().all(|(at, place)| *place == [at / n, at % n]));
            w.times_into(&mut out, &mut places, Mat::new(&a, [m, k]), |span, values, out, places| {
                to_bf16(out, values);
                assert_eq!(places[0], [span.row, span.column]);
            });
            prop_assert_eq!(&out, &bf16(&plain));
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
        assert_eq!(run_in(Precision::Int8, shape, &a, &b), vec![0.0; m * n]);
    }
}

#[test]
fn what_is_no_number_stays_none() {
    let [m, n, k] = [3, 5, 40];
    for (precision, bad) in
        [(Precision::F32, f32::NAN), (Precision::Bf16, f32::NAN), (Precision::Int8, f32::INFINITY)]
    {
        for way in ways() {
            let (mut a, b) = (numbers(m * k, 1), numbers(k * n, 2));
            a[k + 7] = bad;
            let c = on(way, || run_in(precision, [m, n, k], &a, &b));
            assert!(c.iter().enumerate().all(|(at, c)| c.is_nan() == (at / n == 1)), "{precision} {way}");
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_neighbours() {
    let shape @ [m, n, k] = [203, 177, 700];
    let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
    let pools =
        [1, 2, 4].map(|threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap());
    for precision in Precision::ALL {
        for way in ways() {
            let [expected, two, four] =
                pools.each_ref().map(|pool| pool.install(|| on(way, || run_in(precision, shape, &a, &b))));
            assert!(two == expected && four == expected, "{precision} {way}");
            for row in [0, 7, 202] {
                let alone = on(way, || run_in(precision, [1, n, k], &a[row * k..][..k], &b));
                assert_eq!(alone, expected[row * n..][..n], "{precision} {way}");
            }
        }
    }
}

/// The documentation of `paths` says so.
#[test]
fn paths_differ_as_documented() {
    let shape @ [m, n, k] = [50, 60, 1536];
    let (a, b) = (numbers(m * k, 1), numbers(k * n, 2));
    let results = |precision| -> Vec<(Way, Vec<f32>)> {
        ways().into_iter().map(|way| (way, on(way, || run_in(precision, shape, &a, &b)))).collect()
    };
    // The portable path comes first; sums here are about 20 (√k / 3), the largest near 60.
    for precision in [Precision::F32, Precision::Bf16] {
        let all = results(precision);
        let scale = all[0].1.iter().fold(0f32, |most, x| most.max(x.abs()));
        for (way, found) in &all {
            let worst = found.iter().zip(&all[0].1).fold(0f32, |worst, (x, y)| worst.max((x - y).abs()));
            println!("{precision} {way}: {:.1e} of the largest", worst / scale);
            assert!(worst <= 2e-6 * scale, "{precision} {way}: {worst} of {scale}");
        }
        let fused = |(way, _): &&(Way, Vec<f32>)| match way {
            Way::Real(Path::Portable) => precision == Precision::Bf16,
            Way::Real(path) => precision == Precision::F32 || *path < Path::Avx512Bf16,
            #[cfg(target_arch = "x86_64")]
            Way::Emulated => false,
        };
        let same: Vec<_> = all.iter().filter(fused).collect();
        assert!(same.windows(2).all(|pair| pair[0].1 == pair[1].1), "{precision}");
    }
    let whole = results(Precision::Int8);
    assert!(whole.windows(2).all(|pair| pair[0].1 == pair[1].1));
}
