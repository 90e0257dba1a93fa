//! The gradient of a few rows of a table.

use std::cmp::Ordering;

use candle_core::Tensor;

use crate::host;

/// Touched rows, ascending and distinct, and their gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    ids: Vec<u32>,
    dim: usize,
    values: Vec<f32>,
}

impl Rows {
    /// Rows from `[rows, dim...]`; gradients of a row that occurs several times are summed in order.
    /// The error says what was given.
    pub(crate) fn from_tensor(ids: &[u32], grads: &Tensor) -> Result<Self, String> {
        if grads.dims().first() != Some(&ids.len()) {
            return Err(format!("{} rows and a tensor {:?}", ids.len(), grads.dims()));
        }
        let dim = grads.dims()[1..].iter().product();
        host::with_slice(grads, |values| Self::new(ids, dim, values)).map_err(|error| error.to_string())
    }

    pub(crate) fn new(ids: &[u32], dim: usize, values: &[f32]) -> Self {
        if ids.is_sorted_by(|a, b| a < b) {
            return Self { ids: ids.to_vec(), dim, values: values.to_vec() };
        }
        let mut order: Vec<usize> = (0..ids.len()).collect();
        order.sort_by_key(|&at| ids[at]); // stable: equal rows keep their order
        let mut rows =
            Self { ids: Vec::with_capacity(ids.len()), dim, values: Vec::with_capacity(values.len()) };
        for at in order {
            rows.push(ids[at], &values[at * dim..(at + 1) * dim]);
        }
        rows
    }

    /// Which rows.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Width of a row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Their gradients, row after row: `[rows, dim]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub(crate) fn replace(&mut self, by: impl FnOnce(&[f32]) -> Vec<f32>) {
        self.values = by(&self.values);
    }

    /// The sum of two: rows of either. The error says what does not fit.
    pub(crate) fn plus(&self, other: &Self) -> Result<Self, String> {
        if self.dim != other.dim {
            return Err(format!("widths {} and {}", self.dim, other.dim));
        }
        let mut sum = Self { ids: Vec::new(), dim: self.dim, values: Vec::new() };
        let (mut a, mut b) = (0, 0);
        while a < self.ids.len() || b < other.ids.len() {
            let order = match (self.ids.get(a), other.ids.get(b)) {
                (Some(left), Some(right)) => left.cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order.is_le() {
                sum.push(self.ids[a], self.row(a));
                a += 1;
            }
            if order.is_ge() {
                sum.push(other.ids[b], other.row(b));
                b += 1;
            }
        }
        Ok(sum)
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.dim..(at + 1) * self.dim]
    }

    /// Appends a row, or adds it to the last one if that is the same.
    fn push(&mut self, id: u32, row: &[f32]) {
        if self.ids.last() != Some(&id) {
            self.ids.push(id);
            self.values.extend_from_slice(row);
            return;
        }
        let start = self.values.len() - self.dim;
        self.values[start..].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The table that the rows stand for.
    fn table(rows: &Rows) -> Vec<f32> {
        let mut table = vec![0.0; 10 * rows.dim];
        for (at, id) in rows.ids().iter().enumerate() {
            let start = *id as usize * rows.dim;
            table[start..start + rows.dim].copy_from_slice(rows.row(at));
        }
        table
    }

    fn whole(ids: &[u32]) -> Rows {
        let values: Vec<f32> = (0..ids.len() * 2).map(|i| i as f32).collect();
        Rows::new(ids, 2, &values)
    }

    proptest! {
        #[test]
        fn merging_is_adding_the_tables(a in prop::collection::vec(0u32..10, 0..12), b in prop::collection::vec(0u32..10, 0..12)) {
            let sum = whole(&a).plus(&whole(&b)).unwrap();
            prop_assert!(sum.ids().is_sorted_by(|a, b| a < b));
            let expected: Vec<f32> = table(&whole(&a)).iter().zip(table(&whole(&b))).map(|(a, b)| a + b).collect();
            prop_assert_eq!(table(&sum), expected);
        }
    }
}
