//! Work on flat slices, cut into fixed pieces and done side by side: what comes out does not depend on the number of
//! threads, because pieces are cut by position and their results are put together in order.

use rayon::prelude::*;

use crate::Grad;

/// Elements of a piece: the five slices that a rule with two moments walks fit a core's second-level cache.
pub(crate) const PIECE: usize = 1 << 14;

struct Piece<'a> {
    param: &'a mut [f32],
    grad: Grad<'a>,
    state: Vec<&'a mut [f32]>,
}

/// Runs `work` on each piece of a parameter, its gradient and its state (all of one length); results in order.
pub(crate) fn map<R: Send>(
    param: &mut [f32],
    grad: Grad<'_>,
    state: &mut [&mut [f32]],
    work: impl Fn(&mut [f32], Grad<'_>, &mut [&mut [f32]]) -> R + Sync,
) -> Vec<R> {
    if param.len() <= PIECE {
        return vec![work(param, grad, state)];
    }
    let mut slots: Vec<_> = state.iter_mut().map(|slot| slot.chunks_mut(PIECE)).collect();
    let mut pieces = Vec::with_capacity(param.len().div_ceil(PIECE));
    for (param, grad) in param.chunks_mut(PIECE).zip(grad.chunks(PIECE)) {
        let state = slots.iter_mut().map(|slot| slot.next().expect("state is as long as its parameter"));
        pieces.push(Piece { param, grad, state: state.collect() });
    }
    let run = |mut piece: Piece<'_>| work(piece.param, piece.grad, &mut piece.state);
    pieces.into_par_iter().map(run).collect()
}

/// The sum of the squares, in double precision.
pub(crate) fn sum_of_squares(grad: Grad<'_>) -> f64 {
    if grad.len() <= PIECE {
        return grad.sum_of_squares();
    }
    let pieces: Vec<Grad<'_>> = grad.chunks(PIECE).collect();
    let sums: Vec<f64> = pieces.into_par_iter().map(Grad::sum_of_squares).collect();
    sums.iter().sum()
}
