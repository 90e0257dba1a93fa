//! From packed sequences to one row each. An empty sequence gives zeros.

use std::sync::OnceLock;

use candle_core::Tensor;

use super::backend::fused;
use super::operation::{Argument, Gradients, Numbers, Operation, apply1};
use crate::Result;
use crate::kernels::host::gradient;
use crate::kernels::passes;

/// The sequence that each packed row belongs to.
pub(crate) fn owners(offsets: &[usize]) -> Vec<u64> {
    let mut owners = Vec::with_capacity(offsets.last().copied().unwrap_or(0));
    for (index, pair) in offsets.windows(2).enumerate() {
        owners.resize(pair[1], index as u64);
    }
    owners
}

/// Largest value of each column over a sequence's rows: `[tokens, width]` to `[batch, width]`.
pub fn max(x: &Tensor, offsets: &[usize]) -> Result<Tensor> {
    if fused(&[x]) {
        return apply1(FusedMax { offsets: offsets.to_vec(), winners: OnceLock::new() }, x);
    }
    per_sequence(x, offsets, |rows| Ok(rows.max_keepdim(0)?))
}

/// Mean of a sequence's rows: `[tokens, width]` to `[batch, width]`.
pub fn mean(x: &Tensor, offsets: &[usize]) -> Result<Tensor> {
    let tokens: Vec<u32> = (0..x.dims2()?.0 as u32).collect();
    let mut weights = Vec::with_capacity(tokens.len());
    for pair in offsets.windows(2) {
        weights.resize(pair[1], 1.0 / (pair[1] - pair[0]).max(1) as f32);
    }
    weighted_sum(x, &tokens, &weights, offsets)
}

/// First row of each sequence (BERT's `[CLS]`).
pub fn first(x: &Tensor, offsets: &[usize]) -> Result<Tensor> {
    picked(x, offsets, |start, _| start)
}

/// Last row of each sequence (a forward LSTM's last state).
pub fn last(x: &Tensor, offsets: &[usize]) -> Result<Tensor> {
    picked(x, offsets, |_, end| end - 1)
}

fn picked(x: &Tensor, offsets: &[usize], pick: impl Fn(usize, usize) -> usize) -> Result<Tensor> {
    let (mut ids, mut borders) = (Vec::new(), vec![0]);
    for pair in offsets.windows(2) {
        if pair[0] < pair[1] {
            ids.push(pick(pair[0], pair[1]) as u32);
        }
        borders.push(ids.len());
    }
    weighted_sum(x, &ids, &vec![1.0; ids.len()], &borders)
}

/// Rows `[ids, width]` of a table `[rows, width]`; ids must be in range.
pub(crate) fn rows_of(table: &Tensor, ids: &[u32]) -> Result<Tensor> {
    if fused(&[table]) {
        return apply1(FusedSum { ids: ids.to_vec(), bags: None }, table);
    }
    let ids = Tensor::new(ids, table.device())?;
    Ok(table.index_select(&ids, 0)?)
}

/// `out[i] = Σ weights[j] · table[ids[j]]` over `j` in `offsets[i]..offsets[i + 1]`; `[batch, width]`.
pub(crate) fn weighted_sum(
    table: &Tensor,
    ids: &[u32],
    weights: &[f32],
    offsets: &[usize],
) -> Result<Tensor> {
    if fused(&[table]) {
        let bags = Some((weights.to_vec(), offsets.to_vec()));
        return apply1(FusedSum { ids: ids.to_vec(), bags }, table);
    }
    let (batch, width) = (offsets.len().saturating_sub(1), table.dims2()?.1);
    let weights = Tensor::new(weights, table.device())?.to_dtype(table.dtype())?.unsqueeze(1)?;
    let rows = rows_of(table, ids)?.broadcast_mul(&weights)?;
    let owners: Vec<u32> = owners(offsets).into_iter().map(|owner| owner as u32).collect();
    let owners = Tensor::new(owners, table.device())?;
    let zero = Tensor::zeros((batch, width), table.dtype(), table.device())?;
    Ok(zero.index_add(&owners, &rows, 0)?)
}

fn per_sequence(x: &Tensor, offsets: &[usize], f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    let width = x.dims2()?.1;
    let each = offsets.windows(2).map(|pair| match pair[1] - pair[0] {
        0 => Ok(Tensor::zeros((1, width), x.dtype(), x.device())?),
        len => f(&x.narrow(0, pair[0], len)?),
    });
    Ok(Tensor::cat(&each.collect::<Result<Vec<_>>>()?, 0)?)
}

/// Weighted sums of a table's rows; without bags, single rows.
struct FusedSum {
    ids: Vec<u32>,
    /// Weight of each id, and borders of each sum.
    bags: Option<(Vec<f32>, Vec<usize>)>,
}

impl FusedSum {
    fn count(&self) -> usize {
        self.bags.as_ref().map_or(self.ids.len(), |(_, offsets)| offsets.len().saturating_sub(1))
    }

    fn forward(&self, table: &[f32], width: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.count() * width];
        let row = |id: u32| &table[id as usize * width..][..width];
        passes::rows(&mut out, width, |first, out| {
            for (index, out) in (first..).zip(out.chunks_exact_mut(width)) {
                match &self.bags {
                    None => out.copy_from_slice(row(self.ids[index])),
                    Some((weights, offsets)) => {
                        let range = offsets[index]..offsets[index + 1];
                        for (weight, id) in weights[range.clone()].iter().zip(&self.ids[range]) {
                            passes::axpy(out, *weight, row(*id));
                        }
                    }
                }
            }
        });
        out
    }

    /// Places of each table row among the ids: `order[starts[row]..starts[row + 1]]`, ascending.
    fn places(&self, rows: usize) -> (Vec<usize>, Vec<u32>) {
        let mut starts = vec![0; rows + 1];
        for id in &self.ids {
            starts[*id as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let (mut next, mut order) = (starts.clone(), vec![0; self.ids.len()]);
        for (at, id) in self.ids.iter().enumerate() {
            order[next[*id as usize]] = at as u32;
            next[*id as usize] += 1;
        }
        (starts, order)
    }

    /// Each table row adds up its own gradients in the order of the ids, so threads do not matter.
    fn backward(&self, grad: &[f32], [rows, width]: [usize; 2]) -> Vec<f32> {
        let (starts, order) = self.places(rows);
        let sums = self.bags.as_ref().map(|(weights, offsets)| (weights, owners(offsets)));
        let mut out = vec![0.0; rows * width];
        passes::rows(&mut out, width, |first, out| {
            for (row, out) in (first..).zip(out.chunks_exact_mut(width)) {
                for at in &order[starts[row]..starts[row + 1]] {
                    let at = *at as usize;
                    match &sums {
                        None => passes::add(out, &grad[at * width..][..width]),
                        Some((weights, owners)) => {
                            passes::axpy(out, weights[at], &grad[owners[at] as usize * width..][..width]);
                        }
                    }
                }
            }
        });
        out
    }
}

impl Operation<1> for FusedSum {
    const NAME: &'static str = "weighted-rows";

    fn output(&self, [table]: [Argument<'_>; 1]) -> Numbers {
        let (rows, width) = table.shape.dims2()?;
        if self.ids.iter().any(|id| *id as usize >= rows) {
            candle_core::bail!("an id is beyond the {rows} rows of its table");
        }
        Ok((self.forward(table.values, width), (self.count(), width).into()))
    }

    fn gradients(&self, [table]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let (rows, width) = table.dims2()?;
        Ok([gradient(table, || Ok(self.backward(grad, [rows, width])))?])
    }
}

struct FusedMax {
    offsets: Vec<usize>,
    /// The row that holds each maximum, the first of equals; `u32::MAX` in an empty sequence.
    winners: OnceLock<Vec<u32>>,
}

impl Operation<1> for FusedMax {
    const NAME: &'static str = "max-over-time";

    fn output(&self, [x]: [Argument<'_>; 1]) -> Numbers {
        let width = x.shape.dims2()?.1;
        let batch = self.offsets.len().saturating_sub(1);
        let (mut out, mut winners) = (vec![0f32; batch * width], vec![u32::MAX; batch * width]);
        for (index, (out, winners)) in
            out.chunks_exact_mut(width).zip(winners.chunks_exact_mut(width)).enumerate()
        {
            for row in self.offsets[index]..self.offsets[index + 1] {
                for ((out, winner), x) in
                    out.iter_mut().zip(winners.iter_mut()).zip(&x.values[row * width..][..width])
                {
                    if *winner == u32::MAX || *x > *out {
                        (*out, *winner) = (*x, row as u32);
                    }
                }
            }
        }
        self.winners.set(winners).ok();
        Ok((out, (batch, width).into()))
    }

    fn gradients(&self, [x]: [&Tensor; 1], _: &Tensor, grad: &[f32]) -> Gradients<1> {
        let width = x.dims2()?.1;
        let dx = gradient(x, || {
            let mut out = vec![0.0; x.elem_count()];
            let winners = self.winners.get().map_or(&[][..], Vec::as_slice);
            for (at, (winner, g)) in winners.iter().zip(grad).enumerate() {
                if *winner != u32::MAX {
                    out[*winner as usize * width + at % width] += g;
                }
            }
            Ok(out)
        })?;
        Ok([dx])
    }
}
