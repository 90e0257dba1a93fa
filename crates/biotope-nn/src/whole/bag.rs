//! A linear classifier over weighted bags of rows, with or without a hidden layer (Joulin et al. 2017).

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::head::{Answer, Head};
use super::words::Words;
use super::{Weight, attach, check};
use crate::kernels::{passes, scratch, threads};
use crate::layers::Dropout;
use crate::layers::backend::fused;
use crate::{Frozen, Input, Mode, Output, Packed, Result};

/// Bags below this many rows are not worth a second thread.
const SERIAL: usize = 1 << 14;

/// The pass of a bag model: `sums[i] = Σ weights[j] · table[rows[j]]`, then a bias, or a hidden layer's classifier.
#[derive(Clone, Debug)]
pub struct Bag {
    words: Words,
    last: Last,
}

#[derive(Clone, Debug)]
enum Last {
    Bias(Weight),
    Head(Head),
}

/// The same, for answering.
enum Ready {
    Bias(Vec<f32>),
    Head(Answer),
}

struct FrozenBag {
    words: Words,
    last: Ready,
    outputs: usize,
}

impl Bag {
    /// Without a hidden layer: finds `weight [rows, outputs]` and `bias [outputs]`.
    pub fn flat(rows: usize, outputs: usize, vb: &VarBuilder) -> Result<Self> {
        let words = Words::find(vb, [rows, outputs])?;
        Ok(Self { words, last: Last::Bias(Weight::find(vb, outputs, "bias")?) })
    }

    /// With one: finds `weight [rows, dim]` under `table`, `weight [outputs, dim]` and `bias` under `classifier`.
    pub fn deep(
        [rows, dim, outputs]: [usize; 3],
        dropout: Dropout,
        [table, classifier]: [&VarBuilder<'_>; 2],
    ) -> Result<Self> {
        let words = Words::find(table, [rows, dim])?;
        Ok(Self { words, last: Last::Head(Head::find(classifier, [outputs, dim], dropout)?) })
    }

    /// Logits of a batch; `None` where only layers run (other devices and types).
    pub fn forward(&self, input: &Input, mode: Mode) -> Result<Option<Output>> {
        let (rows, weights, offsets) = input.bag()?;
        if !fused(&[&self.words.table.tensor]) {
            return Ok(None);
        }
        self.check((rows, weights, offsets))?;
        match mode {
            Mode::Eval => {
                let mut logits = vec![0.0; offsets.len().saturating_sub(1) * self.outputs()];
                answer(&self.ready()?, &self.words.table.hold()?, (rows, weights, offsets), &mut logits);
                let shape = (logits.len() / self.outputs(), self.outputs());
                Ok(Some(Output::dense(Tensor::from_vec(logits, shape, &Device::Cpu)?)))
            }
            Mode::Train { .. } => self.learn((rows, weights, offsets), mode).map(Some),
        }
    }

    /// The model as it is now, for answering. Its sums are memory traffic, so there is one form, in `f32`, which reads the
    /// table where it lies: a copy would double the memory of a model that is little else.
    pub fn freeze(&self) -> Result<Option<Box<dyn Frozen>>> {
        if !fused(&[&self.words.table.tensor]) {
            return Ok(None);
        }
        let (words, last) = (self.words.clone(), self.ready()?);
        Ok(Some(Box::new(FrozenBag { words, last, outputs: self.outputs() })))
    }

    fn outputs(&self) -> usize {
        match &self.last {
            Last::Bias(_) => self.words.dim,
            Last::Head(head) => head.outputs,
        }
    }

    fn ready(&self) -> Result<Ready> {
        Ok(match &self.last {
            Last::Bias(bias) => Ready::Bias(bias.hold()?.to_vec()),
            Last::Head(head) => Ready::Head(head.answer()?),
        })
    }

    fn check(&self, (rows, weights, offsets): (&[u32], &[f32], &[usize])) -> Result<()> {
        let batch = offsets.len().saturating_sub(1);
        check_bag((rows, weights, offsets), batch * self.outputs(), self.outputs())?;
        self.words.check(rows)
    }

    fn learn(&self, (rows, weights, offsets): (&[u32], &[f32], &[usize]), mode: Mode) -> Result<Output> {
        let (batch, dim, outputs) = (offsets.len().saturating_sub(1), self.words.dim, self.outputs());
        let mut sums = vec![0.0; batch * dim];
        add_up(&self.words.table.hold()?, (rows, weights, offsets), &mut sums, dim);
        let table = self.words.table.place();
        let (noise, logits, last) = match &self.last {
            Last::Bias(bias) => {
                let mut logits = sums.clone();
                passes::add_bias(&mut logits, &bias.hold()?);
                (None, logits, vec![bias.place()])
            }
            Last::Head(head) => {
                let noise = head.noise(mode);
                (noise, head.forward(&mut sums, noise)?, vec![head.weight.place(), head.bias.place()])
            }
        };
        let direct = [&[table.clone()][..], &last].concat();
        let (model, rows, weights) = (self.clone(), rows.to_vec(), weights.to_vec());
        let owners: Vec<u32> =
            offsets.windows(2).zip(0..).flat_map(|(pair, owner)| vec![owner; pair[1] - pair[0]]).collect();
        let back = move |d_logits: &[f32]| {
            let mut d_sums = vec![0.0; batch * dim];
            match (&model.last, last.as_slice()) {
                (Last::Bias(bias), [place]) => {
                    place.set(bias.shaped(passes::column_sums(d_logits, outputs))?);
                    d_sums.copy_from_slice(d_logits);
                }
                (Last::Head(head), [weight, bias]) => {
                    let places = [weight.clone(), bias.clone()];
                    head.backward((&sums, &mut d_sums), d_logits, noise, &places)?;
                }
                _ => unreachable!("a bias has one place, a head two"),
            }
            model.words.leave(&table, rows.iter().copied(), |at, sum| {
                passes::axpy(sum, weights[at], &d_sums[owners[at] as usize * dim..][..dim]);
            })
        };
        let logits = attach(logits, [batch, outputs], Box::new(back))?;
        Ok(Output { logits, rows: Vec::new(), direct })
    }
}

fn check_bag(
    (rows, weights, offsets): (&[u32], &[f32], &[usize]),
    logits: usize,
    outputs: usize,
) -> Result<()> {
    if rows.len() != weights.len() {
        let got = format!("{} weights", weights.len());
        return Err(crate::error::shape("bag", format!("a weight for each of {} rows", rows.len()), got));
    }
    check(rows.len(), offsets, logits, outputs)
}

/// `sums[i] = Σ weights[j] · table[rows[j]]`.
fn add_up(table: &[f32], (rows, weights, offsets): (&[u32], &[f32], &[usize]), sums: &mut [f32], dim: usize) {
    let per_task = (offsets.len() / 64).max(1);
    threads::chunks(rows.len() * dim > SERIAL, sums, per_task * dim, |task, sums| {
        for (index, sum) in (task * per_task..).zip(sums.chunks_exact_mut(dim)) {
            sum_up(table, (rows, weights), offsets[index]..offsets[index + 1], sum);
        }
    });
}

fn sum_up(table: &[f32], (rows, weights): (&[u32], &[f32]), bag: std::ops::Range<usize>, sum: &mut [f32]) {
    sum.fill(0.0);
    for (weight, row) in weights[bag.clone()].iter().zip(&rows[bag]) {
        passes::axpy(sum, *weight, &table[*row as usize * sum.len()..][..sum.len()]);
    }
}

fn answer(
    last: &Ready,
    table: &[f32],
    (rows, weights, offsets): (&[u32], &[f32], &[usize]),
    logits: &mut [f32],
) {
    let batch = offsets.len().saturating_sub(1);
    match last {
        Ready::Bias(bias) => {
            add_up(table, (rows, weights, offsets), logits, bias.len());
            passes::add_bias(logits, bias);
        }
        Ready::Head(head) => {
            let (dim, outputs) = (head.width(), logits.len() / batch.max(1));
            threads::chunks(rows.len() * dim > SERIAL, logits, 8 * outputs, |task, logits| {
                let count = logits.len() / outputs;
                scratch::with(count * dim, |sums| {
                    for (index, sum) in (task * 8..).zip(sums.chunks_exact_mut(dim)) {
                        sum_up(table, (rows, weights), offsets[index]..offsets[index + 1], sum);
                    }
                    head.run(sums, logits);
                });
            });
        }
    }
}

impl Frozen for FrozenBag {
    fn outputs(&self) -> usize {
        self.outputs
    }

    fn run(&self, input: Packed<'_>, logits: &mut [f32]) -> Result<()> {
        let (rows, weights, offsets) = input.bag()?;
        check_bag((rows, weights, offsets), logits.len(), self.outputs)?;
        self.words.check(rows)?;
        if !logits.is_empty() {
            answer(&self.last, &self.words.table.hold()?, (rows, weights, offsets), logits);
        }
        Ok(())
    }
}
