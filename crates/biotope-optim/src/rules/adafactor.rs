//! Adafactor (Shazeer and Stern 2018): the second moment of a matrix as one number per row and one per column.
//!
//! As `torch.optim.Adafactor`: with `w = t^τ` the factors `r ← r + w (mean over a row of g² - r)`, `c` likewise over
//! columns, `v = r c / mean(r)`, `u = g / √max(v, ε1²)`, `p ← (1 - lr λ) p - α u / max(1, RMS(u) / d)` with
//! `α = max(ε2, RMS(p)) min(lr, 1/√t)`. Vectors keep `v` whole. Tensors of more dimensions are stacks of matrices of
//! their last two. All sums are in double precision.

use biotope_core::{Config, Invalid};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{At, Place, Rule, Slot, not_negative};
use crate::{Grad, pieces};

/// Adafactor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adafactor {
    /// Exponent `τ`, at most 0: the second moment takes a share `t^τ` of the fresh squares.
    pub beta2_decay: f64,
    /// Smallest root of the second moment.
    pub eps1: f64,
    /// Smallest root mean square of a parameter, for the length of its steps.
    pub eps2: f64,
    /// Largest root mean square of a step before it is scaled.
    pub clip: f64,
    /// Decoupled decay, times the learning rate.
    pub weight_decay: f64,
}

impl Default for Adafactor {
    fn default() -> Self {
        let eps1 = f64::from(f32::EPSILON);
        Self { beta2_decay: -0.8, eps1, eps2: 1e-3, clip: 1.0, weight_decay: 0.0 }
    }
}

impl Config for Adafactor {
    const NAME: &'static str = "adafactor";
    const SUMMARY: &'static str = "second moments by row and column: little memory for large tables";

    fn check(&self) -> Result<(), Invalid> {
        if !(self.beta2_decay.is_finite() && self.beta2_decay <= 0.0) {
            return Err(Invalid::new("beta2_decay", "must be a number not above 0", self.beta2_decay));
        }
        if !(self.clip.is_finite() && self.clip >= 1.0) {
            return Err(Invalid::new("clip", "must be a number not below 1", self.clip));
        }
        not_negative("eps1", self.eps1)?;
        not_negative("eps2", self.eps2)?;
        not_negative("weight_decay", self.weight_decay)
    }
}

impl Rule for Adafactor {
    fn slots(&self, place: Place<'_>) -> Vec<Slot> {
        let [.., rows, cols] = place.dims else { return place.slots(&["variance"]) };
        let stack = &place.dims[..place.dims.len() - 2];
        let slot = |name, tail: [usize; 2]| Slot { name, dims: [stack, &tail[..]].concat() };
        vec![slot("row_var", [*rows, 1]), slot("col_var", [1, *cols])]
    }

    fn weight_decay(&self) -> f64 {
        self.weight_decay
    }

    fn is_whole(&self, _: Place<'_>) -> bool {
        true
    }

    fn update(&self, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [&mut [f32]]) {
        if param.is_empty() {
            return;
        }
        let (step, count) = (at.step as f64, param.len() as f64);
        let fresh = step.powf(self.beta2_decay);
        let rms = (pieces::sum_of_squares(Grad::new(param)) / count).sqrt();
        let length = self.eps2.max(rms) * at.lr.min(1.0 / step.sqrt());
        let moments = match state {
            [variance] => Moments::of_vector(grad, variance, fresh),
            [rows, cols] => Moments::of_matrices(at.place.dims, grad, rows, cols, fresh, self.eps1),
            _ => unreachable!("the rule names one slot or two"),
        };
        let least = (self.eps1 * self.eps1) as f32;
        let squares = moments.walk(param, grad, least, |_, u| f64::from(u) * f64::from(u));
        let keep = (1.0 - at.lr * at.weight_decay) as f32;
        let length = (length / ((squares / count).sqrt() / self.clip).max(1.0)) as f32;
        moments.walk(param, grad, least, |p, u| {
            *p = keep * *p - length * u;
            0.0
        });
    }
}

/// The estimate of the second moment: `of_row[i] * of_col[j]`, a vector being one column wide rows of ones.
struct Moments<'a> {
    /// Per row, over all matrices of the stack.
    of_row: Vec<f32>,
    /// Per column of each matrix.
    of_col: &'a [f32],
    cols: usize,
    /// Rows of one matrix.
    rows: usize,
}

impl<'a> Moments<'a> {
    fn of_vector(grad: Grad<'_>, variance: &'a mut [f32], fresh: f64) -> Self {
        for (v, g) in variance.iter_mut().zip(grad.iter()) {
            *v = mix(*v, f64::from(g * g), fresh);
        }
        Self { of_row: vec![1.0], cols: variance.len(), rows: 1, of_col: variance }
    }

    fn of_matrices(
        dims: &[usize],
        grad: Grad<'_>,
        row_var: &mut [f32],
        col_var: &'a mut [f32],
        fresh: f64,
        eps1: f64,
    ) -> Self {
        let (rows, cols) = (dims[dims.len() - 2], dims[dims.len() - 1]);
        let mut of_row = Vec::with_capacity(row_var.len());
        let stack = row_var.chunks_mut(rows).zip(col_var.chunks_mut(cols));
        for ((row_var, col_var), grad) in stack.zip(grad.chunks(rows * cols)) {
            let (row_sums, col_sums) = sums(grad, cols);
            row_var.iter_mut().zip(&row_sums).for_each(|(r, sum)| *r = mix(*r, sum / cols as f64, fresh));
            col_var.iter_mut().zip(&col_sums).for_each(|(c, sum)| *c = mix(*c, sum / rows as f64, fresh));
            let mean = row_var.iter().map(|r| f64::from(*r)).sum::<f64>() / rows as f64;
            of_row.extend(row_var.iter().map(|r| (f64::from(*r) / mean.max(eps1)) as f32));
        }
        Self { of_row, of_col: col_var, cols, rows }
    }

    /// Hands each element and its step `g / √v` to `each`; gives the sum of what that gives.
    fn walk(
        &self,
        param: &mut [f32],
        grad: Grad<'_>,
        least: f32,
        each: impl Fn(&mut f32, f32) -> f64 + Sync,
    ) -> f64 {
        let rows = rows_of(self.cols);
        let grads: Vec<Grad<'_>> = grad.chunks(rows * self.cols).collect();
        let pieces = param.par_chunks_mut(rows * self.cols).zip(grads).enumerate();
        let sums: Vec<f64> = pieces
            .map(|(piece, (param, grad))| {
                let mut sum = 0.0;
                let lines = param.chunks_mut(self.cols).zip(grad.chunks(self.cols));
                for ((param, grad), row) in lines.zip(piece * rows..) {
                    let of_row = self.of_row[row];
                    let of_col = &self.of_col[row / self.rows * self.cols..][..self.cols];
                    for ((p, g), of_col) in param.iter_mut().zip(grad.iter()).zip(of_col) {
                        sum += each(p, g / (of_row * of_col).max(least).sqrt());
                    }
                }
                sum
            })
            .collect();
        sums.iter().sum()
    }
}

/// Whole rows that make a piece.
fn rows_of(cols: usize) -> usize {
    (pieces::PIECE / cols).max(1)
}

/// The squares of a matrix, summed over each row and over each column.
fn sums(grad: Grad<'_>, cols: usize) -> (Vec<f64>, Vec<f64>) {
    let pieces: Vec<Grad<'_>> = grad.chunks(rows_of(cols) * cols).collect();
    let parts: Vec<(Vec<f64>, Vec<f64>)> =
        pieces.into_par_iter().map(|piece| piece_sums(piece, cols)).collect();
    let (mut of_rows, mut of_cols) = (Vec::with_capacity(grad.len() / cols), vec![0.0; cols]);
    for (rows, cols) in parts {
        of_rows.extend(rows);
        of_cols.iter_mut().zip(cols).for_each(|(sum, part)| *sum += part);
    }
    (of_rows, of_cols)
}

fn piece_sums(piece: Grad<'_>, cols: usize) -> (Vec<f64>, Vec<f64>) {
    let mut of_cols = vec![0.0; cols];
    let of_row = |row: Grad<'_>| {
        let squares = row.iter().map(|g| f64::from(g) * f64::from(g));
        of_cols.iter_mut().zip(squares).fold(0.0, |sum, (of_col, square)| {
            *of_col += square;
            sum + square
        })
    };
    let of_rows = piece.chunks(cols).map(of_row).collect();
    (of_rows, of_cols)
}

fn mix(old: f32, new: f64, fresh: f64) -> f32 {
    (f64::from(old) + fresh * (new - f64::from(old))) as f32
}
