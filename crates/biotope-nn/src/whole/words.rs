//! The table of a model's first layer.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::Weight;
use crate::kernels::noise::Noise;
use crate::kernels::passes;
use crate::{DirectGrad, Error, Result};

/// `weight [rows, dim]`.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) table: Weight,
    pub(super) rows: usize,
    pub(super) dim: usize,
}

impl Words {
    pub(super) fn find(vb: &VarBuilder, [rows, dim]: [usize; 2]) -> Result<Self> {
        Ok(Self { table: Weight::find(vb, (rows, dim), "weight")?, rows, dim })
    }

    pub(super) fn check(&self, ids: &[u32]) -> Result<()> {
        match ids.iter().find(|id| **id as usize >= self.rows) {
            Some(id) => Err(Error::OutOfRange { what: self.table.name.clone(), id: *id, rows: self.rows }),
            None => Ok(()),
        }
    }

    /// Leaves the sums of rows that belong to the same id: row `at` is what `add(at, sum)` adds.
    pub(super) fn leave(
        &self,
        place: &DirectGrad,
        ids: impl Iterator<Item = u32>,
        add: impl Fn(usize, &mut [f32]),
    ) -> candle_core::Result<()> {
        let (rows, values) = sums(ids, self.dim, add);
        let shape = (rows.len(), self.dim);
        place.set_rows(rows, Tensor::from_vec(values, shape, &Device::Cpu)?);
        Ok(())
    }
}

/// One row of a table, masked.
pub(super) fn copy_row(out: &mut [f32], table: &[f32], id: u32, noise: Option<(Noise, usize)>) {
    let row = &table[id as usize * out.len()..][..out.len()];
    match noise {
        Some((noise, sequence)) => passes::drop_row(out, row, noise.row(sequence as u64), 0),
        None => out.copy_from_slice(row),
    }
}

/// Distinct ids, ascending, and the sum of each one's rows in the order in which they come.
fn sums(ids: impl Iterator<Item = u32>, dim: usize, add: impl Fn(usize, &mut [f32])) -> (Vec<u32>, Vec<f32>) {
    let mut keys: Vec<u64> = ids.zip(0u64..).map(|(id, at)| u64::from(id) << 32 | at).collect();
    keys.sort_unstable();
    let mut rows: Vec<u32> = Vec::with_capacity(keys.len());
    let mut values: Vec<f32> = Vec::with_capacity(keys.len() * dim);
    for key in keys {
        let (id, at) = ((key >> 32) as u32, key as u32 as usize);
        if rows.last() != Some(&id) {
            rows.push(id);
            values.resize(rows.len() * dim, 0.0);
        }
        let start = values.len() - dim;
        add(at, &mut values[start..]);
    }
    (rows, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_id_are_added() {
        let values = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let (rows, sums) = sums([7, 2, 7].into_iter(), 2, |at, sum| passes::add(sum, &values[at]));
        assert_eq!((rows, sums), (vec![2, 7], vec![3.0, 4.0, 6.0, 8.0]));
    }
}
