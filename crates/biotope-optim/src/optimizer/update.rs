//! One update of one parameter: in fixed pieces, done side by side, or as a whole where the rule asks for it.

use rayon::prelude::*;

use crate::pieces::{self, PIECE};
use crate::rules::{At, Rule};
use crate::{Grad, Rows};

/// Moves the whole parameter.
pub(super) fn dense(rule: &dyn Rule, at: At<'_>, param: &mut [f32], grad: Grad<'_>, state: &mut [Vec<f32>]) {
    let mut state: Vec<&mut [f32]> = state.iter_mut().map(Vec::as_mut_slice).collect();
    if rule.is_whole(at.place) {
        rule.update(at, param, grad, &mut state);
    } else {
        pieces::map(param, grad, &mut state, |param, grad, state| rule.update(at, param, grad, state));
    }
}

/// Moves the touched rows only, a band of them at a time, bands side by side: a band's rows and their state are gathered
/// into the cache, moved as one, and put back. A rule that needs the whole parameter gets it, with zeros for the gradients
/// of the other rows.
pub(super) fn sparse(
    rule: &dyn Rule,
    at: At<'_>,
    param: &mut [f32],
    rows: &Rows,
    grad: Grad<'_>,
    state: &mut [Vec<f32>],
) {
    if rule.is_whole(at.place) {
        let (mut table, values) = (vec![0.0; param.len()], grad.iter().collect::<Vec<f32>>());
        bands(&mut table, rows).into_iter().zip(values.chunks(size(rows))).for_each(|(b, v)| b.scatter(v));
        return dense(rule, at, param, Grad::new(&table), state);
    }
    let mut slots: Vec<_> = state.iter_mut().map(|slot| bands(slot, rows).into_iter()).collect();
    let mut work = Vec::new();
    for (param, grad) in bands(param, rows).into_iter().zip(grad.chunks(size(rows))) {
        let slots = slots.iter_mut().map(|slot| slot.next().expect("state is as long as its parameter"));
        work.push((param, grad, slots.collect::<Vec<Band<'_>>>()));
    }
    work.into_par_iter().for_each(|(param, grad, slots)| {
        let mut touched = param.gather();
        let mut state: Vec<Vec<f32>> = slots.iter().map(Band::gather).collect();
        rule.update(at, &mut touched, grad, &mut state.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
        param.scatter(&touched);
        slots.into_iter().zip(&state).for_each(|(slot, state)| slot.scatter(state));
    });
}

/// Some touched rows and the part of a table that holds them.
struct Band<'a> {
    ids: &'a [u32],
    dim: usize,
    table: &'a mut [f32],
    /// Where that part begins.
    start: usize,
}

/// Numbers of a band's rows.
fn size(rows: &Rows) -> usize {
    (PIECE / rows.dim().max(1)).max(1) * rows.dim().max(1)
}

/// Cuts a table between touched rows.
fn bands<'a>(table: &'a mut [f32], rows: &'a Rows) -> Vec<Band<'a>> {
    let dim = rows.dim();
    let (mut rest, mut start, mut bands) = (table, 0, Vec::new());
    for ids in rows.ids().chunks(size(rows) / dim.max(1)) {
        let end = (ids.last().copied().unwrap_or_default() as usize + 1) * dim;
        let (table, after) = rest.split_at_mut(end - start);
        bands.push(Band { ids, dim, table, start });
        (rest, start) = (after, end);
    }
    bands
}

impl Band<'_> {
    fn gather(&self) -> Vec<f32> {
        let mut touched = Vec::with_capacity(self.ids.len() * self.dim);
        for id in self.ids {
            touched.extend_from_slice(&self.table[*id as usize * self.dim - self.start..][..self.dim]);
        }
        touched
    }

    fn scatter(self, touched: &[f32]) {
        for (id, row) in self.ids.iter().zip(touched.chunks(self.dim.max(1))) {
            self.table[*id as usize * self.dim - self.start..][..self.dim].copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_touched_row_once_and_nothing_else() {
        let ids: Vec<u32> = (0..20_000).map(|at| 3 * at + 1).collect(); // two bands and a rest, of rows of two numbers
        let values = vec![1.0; 2 * ids.len()];
        let rows = Rows::new(&ids, 2, &values);
        let mut table = vec![0.0; 2 * 60_000];
        let found = bands(&mut table, &rows);
        assert_eq!(found.len(), 3);
        for (band, values) in found.into_iter().zip(values.chunks(size(&rows))) {
            assert!(band.gather().iter().all(|value| *value == 0.0));
            band.scatter(values);
        }
        for (row, numbers) in table.chunks(2).enumerate() {
            assert_eq!(numbers, [f32::from(u8::from(row % 3 == 1)); 2], "row {row}");
        }
    }
}
