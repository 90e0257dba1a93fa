//! Forward through one block.

use super::block::{DOWN, LAST, NORM, OUTPUT, Parts, QUERY, UP};
use super::workspace::{Noises, Packs, Saved, Sizes, fit};
use crate::kernels::attention::Heads;
use crate::kernels::cell::Cell;
use crate::kernels::gemm::{Packed, Span};
use crate::kernels::lines::{Lines, lines};
use crate::kernels::mixed::drop_piece;
use crate::kernels::noise::Noise;
use crate::kernels::{passes, scratch};

/// Numbers that a task of a pass over rows should have at least.
pub(super) const GRAIN: usize = 1 << 14;

/// The weights of a block, packed for this direction, and its parameters as slices.
pub(super) struct Weights<'a> {
    pub(super) packs: &'a Packs,
    pub(super) parts: Parts<&'a [f32]>,
}

/// The stream: its numbers, a second buffer, and the next block's input.
pub(super) struct Stream<'a, T> {
    pub(super) x: &'a mut [f32],
    pub(super) s: &'a mut [f32],
    pub(super) next: &'a mut Vec<T>,
}

/// Moves the stream through a block; `saved.x` is its input. What only a backward pass needs is kept if it `learns`.
pub(super) fn block<T: Cell>(
    weights: &Weights<'_>,
    sizes: &Sizes<'_>,
    noises: Noises,
    saved: &mut Saved<T>,
    stream: &mut Stream<'_, T>,
    learns: bool,
) {
    let (rows, hidden) = (sizes.rows(), sizes.hidden);
    attend(weights, sizes, noises[0], saved, learns);
    if sizes.first_only {
        sizes.gather(&mut stream.s[..rows * hidden], stream.x);
        stream.x[..rows * hidden].copy_from_slice(&stream.s[..rows * hidden]);
    }
    let (x, s) = (&mut stream.x[..rows * hidden], &mut stream.s[..rows * hidden]);
    let Saved {
        attended,
        middle,
        inner,
        slopes,
        hats: [hat, last_hat],
        inverses: [inverse, last_inverse],
        ..
    } = saved;
    let keep = |len: usize| if learns { len } else { 0 };
    let parts = &weights.parts;

    let attended = T::mat(&attended[..rows * hidden], [rows, hidden], hidden);
    part(&weights.packs.output, parts[OUTPUT][1], attended, noises[1], (s, x));
    let kept = (fit(hat, keep(rows * hidden)), fit(inverse, keep(rows)));
    normalise(s, sizes, parts[NORM], (x, fit(middle, rows * hidden)), kept);

    let inner = fit(inner, rows * sizes.inner);
    let slopes = fit(slopes, keep(rows * sizes.inner));
    let input = T::mat(&middle[..rows * hidden], [rows, hidden], hidden);
    weights.packs.up.times_into(inner, slopes, input, |span, values, out, slopes| {
        activate(values, &parts[UP][1][span.column..][..values.len()], sizes.relu, slopes);
        T::store(out, values);
    });
    let input = T::mat(inner, [rows, sizes.inner], sizes.inner);
    part(&weights.packs.down, parts[DOWN][1], input, noises[2], (s, x));
    let kept = (fit(last_hat, keep(rows * hidden)), fit(last_inverse, keep(rows)));
    normalise(s, sizes, parts[LAST], (x, fit(stream.next, rows * hidden)), kept);
}

/// Queries, keys, values, and what attention makes of them.
fn attend<T: Cell>(
    weights: &Weights<'_>,
    sizes: &Sizes<'_>,
    noise: Option<Noise>,
    saved: &mut Saved<T>,
    learns: bool,
) {
    let (tokens, rows, hidden) = (sizes.tokens(), sizes.rows(), sizes.hidden);
    let x = &saved.x[..tokens * hidden];
    let asking = if sizes.first_only {
        let first = fit(&mut saved.first, rows * hidden);
        sizes.gather(first, x);
        &*first
    } else {
        x
    };
    let queries = fit(&mut saved.queries, rows * hidden);
    let pairs = fit(&mut saved.pairs, tokens * 2 * hidden);
    let packs = weights.packs;
    project(&packs.query, weights.parts[QUERY][1], asking, [rows, hidden], queries);
    project(&packs.pair, &packs.pair_bias, x, [tokens, hidden], pairs);
    let (offsets, heads, first_only) = (sizes.offsets, sizes.heads, sizes.first_only);
    let attention = Heads { offsets, count: heads, hidden, first_only, queries, pairs, noise };
    let sums = fit(&mut saved.sums, if learns { rows * heads } else { 0 });
    attention.forward(fit(&mut saved.attended, rows * hidden), sums);
}

/// `out = x Wᵀ + b`.
fn project<T: Cell>(weight: &Packed, bias: &[f32], x: &[T], [rows, width]: [usize; 2], out: &mut [T]) {
    let none: &mut [()] = &mut [];
    weight.times_into(out, none, T::mat(x, [rows, width], width), |span, values, out, _| {
        passes::add(values, &bias[span.column..][..values.len()]);
        T::store(out, values);
    });
}

/// `s = dropout(input Wᵀ + b) + x`.
fn part(
    weight: &Packed,
    bias: &[f32],
    input: crate::kernels::gemm::Operand<'_>,
    noise: Option<Noise>,
    (s, x): (&mut [f32], &[f32]),
) {
    let (none, width): (&mut [()], usize) = (&mut [], bias.len());
    weight.times_then(s, none, input, |Span { row, column }, values, _| {
        passes::add(values, &bias[column..][..values.len()]);
        if let Some(noise) = noise {
            drop_piece(values, noise.row(row as u64), column as u32);
        }
        passes::add(values, &x[row * width + column..][..values.len()]);
    });
}

/// The activation of a piece, and its derivative unless nobody wants it.
fn activate<T: Cell>(values: &mut [f32], bias: &[f32], relu: bool, slopes: &mut [T]) {
    if !relu {
        return T::bias_gelu(values, bias, slopes);
    }
    passes::bias_relu(values, bias);
    scratch::with(slopes.len(), |signs| {
        signs
            .iter_mut()
            .zip(values.iter())
            .for_each(|(sign, value)| *sign = f32::from(u8::from(*value > 0.0)));
        T::store(slopes, signs);
    });
}

/// Layer normalisation of each row of `s` into the stream, and as the next product wants it.
pub(super) fn normalise<T: Cell>(
    s: &[f32],
    sizes: &Sizes<'_>,
    [scale, shift]: [&[f32]; 2],
    (y, kept): (&mut [f32], &mut [T]),
    (hat, inverse): (&mut [T], &mut [f32]),
) {
    let hidden = sizes.hidden;
    let count = s.len() / hidden;
    let outs =
        (Lines::new(y, count), Lines::new(kept, count), Lines::new(hat, count), Lines::new(inverse, count));
    lines(
        s.len() > 2 * GRAIN,
        count,
        GRAIN / hidden,
        outs,
        |first, rows, (mut y, mut kept, mut hat, mut inverse)| {
            for row in 0..rows {
                let s = &s[(first + row) * hidden..][..hidden];
                let (mean, inverted) = passes::moments(s, sizes.eps);
                let y = y.row(row);
                passes::norm_row(y, s, mean, inverted, scale, shift);
                T::store(kept.row(row), y);
                if hat.is_wanted() {
                    T::centre(hat.row(row), s, mean, inverted);
                    inverse.row(row)[0] = inverted;
                }
            }
        },
    );
}
