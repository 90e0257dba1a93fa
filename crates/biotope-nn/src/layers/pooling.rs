//! From packed sequences to one row each. An empty sequence gives zeros.

use candle_core::Tensor;

use crate::Result;

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
