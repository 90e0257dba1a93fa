//! One update of one parameter: in fixed pieces, done side by side, or as a whole where the rule asks for it.

use crate::rules::{At, Rule};
use crate::{Grad, Rows, pieces};

/// Moves the whole parameter.
pub(super) fn dense(rule: &dyn Rule, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [Vec<f32>]) {
    let mut state: Vec<&mut [f32]> = state.iter_mut().map(Vec::as_mut_slice).collect();
    if rule.is_whole(at.place) {
        rule.update(at, param, grad, &mut state);
    } else {
        pieces::map(param, grad, &mut state, |param, grad, state| rule.update(at, param, grad, state));
    }
}

/// Moves the touched rows only: they and their state are gathered, moved as one, and put back. A rule that needs the
/// whole parameter gets it, with zeros for the gradients of the other rows.
pub(super) fn sparse(
    rule: &dyn Rule,
    at: At<'_>,
    param: &mut [f32],
    rows: &Rows,
    grad: Grad<'_>,
    state: &mut [Vec<f32>],
) {
    if rule.is_whole(at.place) {
        let mut table = vec![0.0; param.len()];
        scatter(&mut table, rows, &grad.iter().collect::<Vec<f32>>());
        return dense(rule, at, param, Grad::new(&table), state);
    }
    let mut touched = gather(param, rows);
    let mut touched_state: Vec<Vec<f32>> = state.iter().map(|buffer| gather(buffer, rows)).collect();
    dense(rule, at, &mut touched, grad, &mut touched_state);
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
