//! Embeddings: rows of a table, with a dense gradient or one for the touched rows only.

use candle_core::{Device, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::Init;

use super::pooling::rows_of;
use crate::{Error, Mode, Result, RowGrad};

/// A table of rows; parameter `weight [rows, dim]`.
#[derive(Clone, Debug)]
pub struct Embedding {
    weight: Tensor,
    name: String,
    sparse: bool,
}

impl Embedding {
    /// The gradient has the table's shape: for small tables (positions, token types).
    pub fn dense(rows: usize, dim: usize, init: Init, vb: &VarBuilder) -> Result<Self> {
        Self::new(rows, dim, init, vb, false)
    }

    /// Gradients come as [`RowGrad`] for the rows that the batch touched: for vocabularies.
    pub fn sparse(rows: usize, dim: usize, init: Init, vb: &VarBuilder) -> Result<Self> {
        Self::new(rows, dim, init, vb, true)
    }

    fn new(rows: usize, dim: usize, init: Init, vb: &VarBuilder, sparse: bool) -> Result<Self> {
        let weight = vb.get_with_hints((rows, dim), "weight", init)?;
        let prefix = vb.prefix();
        let name = if prefix.is_empty() { "weight".to_owned() } else { format!("{prefix}.weight") };
        Ok(Self { weight, name, sparse })
    }

    /// Name of the parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// Rows `[ids, dim]` of a tensor of ids `u32 [ids]`; a sparse table adds its leaf to `rows`.
    pub fn forward(&self, ids: &Tensor, mode: Mode, rows: &mut Vec<RowGrad>) -> Result<Tensor> {
        self.lookup(&ids.to_device(&Device::Cpu)?.to_vec1::<u32>()?, mode, rows)
    }

    /// As [`Embedding::forward`], for ids on the host.
    pub fn lookup(&self, ids: &[u32], mode: Mode, rows: &mut Vec<RowGrad>) -> Result<Tensor> {
        let (table, ids) = self.table(ids, mode, rows)?;
        rows_of(&table, &ids)
    }

    /// The table that a pass reads, and the ids as its rows.
    fn table(&self, ids: &[u32], mode: Mode, rows: &mut Vec<RowGrad>) -> Result<(Tensor, Vec<u32>)> {
        let count = self.weight.dims2()?.0;
        if let Some(id) = ids.iter().find(|id| **id as usize >= count) {
            return Err(Error::OutOfRange { what: self.name.clone(), id: *id, rows: count });
        }
        if !self.sparse || mode == Mode::Eval {
            return Ok((mode.param(&self.weight), ids.to_vec()));
        }
        let mut unique = ids.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let place = |id: &u32| unique.binary_search(id).expect("every id is among the unique ones") as u32;
        let local = ids.iter().map(place).collect();
        let leaf = Var::from_tensor(&rows_of(&self.weight.detach(), &unique)?)?.as_tensor().clone();
        rows.push(RowGrad { param: self.name.clone(), rows: unique, leaf: leaf.clone() });
        Ok((leaf, local))
    }
}

/// A table whose weighted rows are summed per example: the whole of a fastText-like model's first layer.
#[derive(Clone, Debug)]
pub struct EmbeddingBag(Embedding);

impl EmbeddingBag {
    /// Gradients come as [`RowGrad`].
    pub fn sparse(rows: usize, dim: usize, init: Init, vb: &VarBuilder) -> Result<Self> {
        Ok(Self(Embedding::sparse(rows, dim, init, vb)?))
    }

    /// Name of the parameter.
    pub fn name(&self) -> &str {
        self.0.name()
    }

    /// `out[i] = Σ weights[j] · table[ids[j]]` over `j` in `offsets[i]..offsets[i + 1]`; `[batch, dim]`.
    pub fn forward(
        &self,
        (ids, weights, offsets): (&[u32], &[f32], &[usize]),
        mode: Mode,
        rows: &mut Vec<RowGrad>,
    ) -> Result<Tensor> {
        let (table, ids) = self.0.table(ids, mode, rows)?;
        super::pooling::weighted_sum(&table, &ids, weights, offsets)
    }
}
