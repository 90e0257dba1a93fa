//! One update of one parameter: cut into fixed chunks, done side by side.

use rayon::prelude::*;

use crate::Rows;
use crate::rules::{At, Rule};

/// Elements per chunk: four slices of it fit a core's second-level cache.
const CHUNK: usize = 1 << 14;

struct Job<'a> {
    param: &'a mut [f32],
    grad: &'a [f32],
    state: Vec<&'a mut [f32]>,
}

impl Job<'_> {
    fn run(mut self, rule: &dyn Rule, at: At, factor: f32) {
        if factor == 1.0 {
            return rule.update(at, self.param, self.grad, &mut self.state);
        }
        let grad: Vec<f32> = self.grad.iter().map(|value| value * factor).collect();
        rule.update(at, self.param, &grad, &mut self.state);
    }
}

/// Moves the whole parameter.
pub(super) fn dense(
    rule: &dyn Rule,
    at: At,
    param: &mut [f32],
    grad: &[f32],
    factor: f32,
    state: &mut [Vec<f32>],
) {
    let mut buffers: Vec<_> = state.iter_mut().map(|buffer| buffer.chunks_mut(CHUNK)).collect();
    let mut jobs = Vec::with_capacity(param.len() / CHUNK + 1);
    for (param, grad) in param.chunks_mut(CHUNK).zip(grad.chunks(CHUNK)) {
        let state =
            buffers.iter_mut().map(|buffer| buffer.next().expect("state is as long as its parameter"));
        jobs.push(Job { param, grad, state: state.collect() });
    }
    match jobs.len() {
        0 | 1 => jobs.into_iter().for_each(|job| job.run(rule, at, factor)),
        _ => jobs.into_par_iter().for_each(|job| job.run(rule, at, factor)),
    }
}

/// Moves the touched rows only: they and their state are gathered, moved as one, and put back.
pub(super) fn sparse(
    rule: &dyn Rule,
    at: At,
    param: &mut [f32],
    rows: &Rows,
    factor: f32,
    state: &mut [Vec<f32>],
) {
    let mut touched = gather(param, rows);
    let mut touched_state: Vec<Vec<f32>> = state.iter().map(|buffer| gather(buffer, rows)).collect();
    dense(rule, at, &mut touched, rows.values(), factor, &mut touched_state);
    scatter(param, rows, &touched);
    for (buffer, touched) in state.iter_mut().zip(&touched_state) {
        scatter(buffer, rows, touched);
    }
}

fn gather(table: &[f32], rows: &Rows) -> Vec<f32> {
    let mut touched = Vec::with_capacity(rows.values().len());
    for id in rows.ids() {
        let start = *id as usize * rows.dim();
        touched.extend_from_slice(&table[start..start + rows.dim()]);
    }
    touched
}

fn scatter(table: &mut [f32], rows: &Rows, touched: &[f32]) {
    for (id, row) in rows.ids().iter().zip(touched.chunks(rows.dim().max(1))) {
        let start = *id as usize * rows.dim();
        table[start..start + rows.dim()].copy_from_slice(row);
    }
}
