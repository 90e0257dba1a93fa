//! Convolutions of several widths over word embeddings, `ReLU`, the maximum over time, a classifier (Kim 2014).
//!
//! A filter's gradient comes through one window per sequence, the winner: going back costs a row per filter and sequence
//! instead of two products over all windows. Windows overlap in memory, so nothing is unfolded, and a sequence's features
//! never leave the cache.

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use super::head::{Answer, Head};
use super::words::{Words, copy_row};
use super::{Spare, Weight, attach, check};
use crate::kernels::gemm::{self, Mat, each};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, recurrent, scratch, threads};
use crate::layers::Dropout;
use crate::layers::backend::fused;
use crate::{DirectGrad, Frozen, Input, Mode, Output, Packed, Result};

/// The pass of a convolutional text model.
#[derive(Clone, Debug)]
pub struct Convolutions {
    words: Words,
    spatial: Dropout,
    widths: Vec<Width>,
    head: Head,
    spare: Spare<Tape>,
}

/// Filters of one width: `weight [filters, window, dim]`, `bias [filters]`.
#[derive(Clone, Debug)]
struct Width {
    weight: Weight,
    bias: Weight,
    window: usize,
    filters: usize,
}

/// What the pass back needs.
#[derive(Debug, Default)]
struct Tape {
    ids: Vec<u32>,
    offsets: Vec<usize>,
    /// Embeddings `[tokens, dim]`, masked.
    x: Vec<f32>,
    d_x: Vec<f32>,
    /// Rectified maxima `[batch, features]`, masked; and where in its sequence each winning window begins.
    features: Vec<f32>,
    d_features: Vec<f32>,
    winners: Vec<u32>,
}

/// The same, for answering.
struct Ready {
    widths: Vec<(gemm::Packed, Vec<f32>)>,
    head: Answer,
}

struct FrozenConvolutions {
    model: Convolutions,
    table: Vec<f32>,
    ready: Ready,
}

impl Convolutions {
    /// Finds `embedding.weight [rows, dim]`, `conv.W.weight [filters, W, dim]` and `conv.W.bias` for each width, and
    /// `classifier.weight [outputs, widths · filters]`, `classifier.bias`.
    pub fn find(
        [rows, dim, filters, outputs]: [usize; 4],
        widths: &[usize],
        [spatial, dropout]: [Dropout; 2],
        vb: &VarBuilder,
    ) -> Result<Self> {
        let width = |window: &usize| {
            let vb = vb.pp("conv").pp(window);
            let weight = Weight::find(&vb, (filters, *window, dim), "weight")?;
            Ok(Width { weight, bias: Weight::find(&vb, filters, "bias")?, window: *window, filters })
        };
        Ok(Self {
            words: Words::find(&vb.pp("embedding"), [rows, dim])?,
            spatial,
            widths: widths.iter().map(width).collect::<Result<_>>()?,
            head: Head::find(&vb.pp("classifier"), [outputs, widths.len() * filters], dropout)?,
            spare: Spare::default(),
        })
    }

    /// Logits of a batch; `None` where only layers run (other devices and types).
    pub fn forward(&self, input: &Input, mode: Mode) -> Result<Option<Output>> {
        let (tokens, offsets) = input.tokens()?;
        if !fused(&[&self.words.table.tensor]) {
            return Ok(None);
        }
        let ids = tokens.to_device(&Device::Cpu)?.to_vec1::<u32>()?;
        self.words.check(&ids)?;
        let (batch, outputs) = (offsets.len().saturating_sub(1), self.head.outputs);
        check(ids.len(), offsets, batch * outputs, outputs)?;
        if mode != Mode::Eval {
            return self.learn(ids, offsets, mode).map(Some);
        }
        let mut logits = vec![0.0; batch * outputs];
        self.answer(&self.ready()?, &self.words.table.hold()?, (&ids, offsets), &mut logits);
        Ok(Some(Output::dense(Tensor::from_vec(logits, (batch, outputs), &Device::Cpu)?)))
    }

    /// The model as it is now, for answering, in `f32`.
    pub fn freeze(&self) -> Result<Option<Box<dyn Frozen>>> {
        if !fused(&[&self.words.table.tensor]) {
            return Ok(None);
        }
        let (table, ready) = (self.words.table.hold()?.to_vec(), self.ready()?);
        Ok(Some(Box::new(FrozenConvolutions { model: self.clone(), table, ready })))
    }

    fn ready(&self) -> Result<Ready> {
        let width = |width: &Width| -> Result<_> {
            let weight = width.weight.hold()?;
            let weight = Mat::new(&weight, [width.filters, width.window * self.words.dim]);
            Ok((gemm::Packed::new(weight.t()), width.bias.hold()?.to_vec()))
        };
        Ok(Ready { widths: self.widths.iter().map(width).collect::<Result<_>>()?, head: self.head.answer()? })
    }

    /// Rows that a sequence has at least, the last of them zeros.
    fn least(&self) -> usize {
        self.widths.iter().map(|width| width.window).max().unwrap_or_default()
    }

    /// Features of one sequence, from its rows; `winners` is as long, or empty.
    fn features(&self, ready: &Ready, x: &[f32], out: &mut [f32], winners: &mut [u32]) {
        let (dim, len) = (self.words.dim, x.len() / self.words.dim);
        if len < self.least() {
            return scratch::with(self.least() * dim, |padded| {
                let (rows, rest) = padded.split_at_mut(x.len());
                rows.copy_from_slice(x);
                rest.fill(0.0);
                self.windows(ready, (padded, len), out, winners);
            });
        }
        self.windows(ready, (x, len), out, winners);
    }

    fn windows(
        &self,
        ready: &Ready,
        (x, len): (&[f32], usize),
        mut out: &mut [f32],
        mut winners: &mut [u32],
    ) {
        let dim = self.words.dim;
        for (width, (weight, bias)) in self.widths.iter().zip(&ready.widths) {
            let (here, rest) = std::mem::take(&mut out).split_at_mut(width.filters);
            let (winner, others) = winners.split_at_mut(width.filters.min(winners.len()));
            let count = (len + 1).saturating_sub(width.window).max(1);
            let rows = Mat::strided(x, [count, width.window * dim], dim);
            scratch::with(count * width.filters, |features| {
                weight.product(features, rows, false);
                maxima(here, winner, features);
            });
            passes::bias_relu(here, bias);
            (out, winners) = (rest, others);
        }
    }

    fn answer(&self, ready: &Ready, table: &[f32], (ids, offsets): (&[u32], &[usize]), logits: &mut [f32]) {
        let (dim, width) = (self.words.dim, self.head.width);
        threads::chunks(logits.len() > self.head.outputs, logits, self.head.outputs, |index, logits| {
            let ids = &ids[offsets[index]..offsets[index + 1]];
            scratch::with(width + ids.len() * dim, |buffer| {
                let (features, x) = buffer.split_at_mut(width);
                for (x, id) in x.chunks_exact_mut(dim).zip(ids) {
                    copy_row(x, table, *id, None);
                }
                self.features(ready, x, features, &mut []);
                ready.head.run(features, logits);
            });
        });
    }

    fn learn(&self, ids: Vec<u32>, offsets: &[usize], mode: Mode) -> Result<Output> {
        let (batch, outputs) = (offsets.len().saturating_sub(1), self.head.outputs);
        let mut tape = self.spare.take();
        tape.ids = ids;
        tape.offsets.clear();
        tape.offsets.extend_from_slice(offsets);
        let (spatial, noise) = (self.spatial.noise(mode), self.head.noise(mode));
        self.learn_features(&mut tape, spatial)?;
        let logits = self.head.forward(&mut tape.features, noise)?;
        let (model, table) = (self.clone(), self.words.table.place());
        let head = [self.head.weight.place(), self.head.bias.place()];
        let filters: Vec<_> =
            self.widths.iter().map(|width| [width.weight.place(), width.bias.place()]).collect();
        let direct = [table.clone()].into_iter().chain(head.clone()).chain(filters.iter().flatten().cloned());
        let direct = direct.collect();
        let back = move |d_logits: &[f32]| {
            model.go_back(&mut tape, d_logits, [spatial, noise], (&table, &head, &filters))?;
            model.spare.give(tape);
            Ok(())
        };
        Ok(Output { logits: attach(logits, [batch, outputs], Box::new(back))?, rows: Vec::new(), direct })
    }

    fn learn_features(&self, tape: &mut Tape, spatial: Option<Noise>) -> Result<()> {
        let (dim, width, ready) = (self.words.dim, self.head.width, self.ready()?);
        let batch = tape.offsets.len() - 1;
        tape.x.resize(tape.ids.len() * dim, 0.0);
        tape.features.resize(batch * width, 0.0);
        tape.winners.resize(batch * width, 0);
        let (ids, table) = (&tape.ids, self.words.table.hold()?);
        let table: &[f32] = &table;
        let rows = tape.features.chunks_exact_mut(width).zip(tape.winners.chunks_exact_mut(width));
        let items = sequences(&mut tape.x, &tape.offsets, dim).zip(rows).enumerate();
        each(batch > 1, items, |(index, ((start, x), (features, winners)))| {
            for (x, id) in x.chunks_exact_mut(dim).zip(&ids[start..]) {
                copy_row(x, table, *id, spatial.map(|noise| (noise, index)));
            }
            self.features(&ready, x, features, winners);
        });
        Ok(())
    }

    fn go_back(
        &self,
        tape: &mut Tape,
        d_logits: &[f32],
        [spatial, noise]: [Option<Noise>; 2],
        (table, head, filters): (&DirectGrad, &[DirectGrad; 2], &[[DirectGrad; 2]]),
    ) -> candle_core::Result<()> {
        let dim = self.words.dim;
        tape.d_features.resize(tape.features.len(), 0.0);
        self.head.backward((&tape.features, &mut tape.d_features), d_logits, noise, head)?;
        for (d, value) in tape.d_features.iter_mut().zip(&tape.features) {
            // Masked features are zero, too, and so is their gradient.
            *d = if *value > 0.0 { *d } else { 0.0 };
        }
        let mut from = 0;
        for (width, [weight, bias]) in self.widths.iter().zip(filters) {
            let (d_weight, d_bias) = self.back_filters(width, from, tape);
            weight.set(width.weight.shaped(d_weight)?);
            bias.set(width.bias.shaped(d_bias)?);
            from += width.filters;
        }
        self.back_words(tape, spatial)?;
        let d_x = &tape.d_x;
        self.words.leave(table, tape.ids.iter().copied(), |at, sum| passes::add(sum, &d_x[at * dim..][..dim]))
    }

    /// Gradients of one width's filters, the columns of the features from `from` on.
    fn back_filters(&self, width: &Width, from: usize, tape: &Tape) -> (Vec<f32>, Vec<f32>) {
        let (dim, all, size) = (self.words.dim, self.head.width, width.window * self.words.dim);
        let (mut d_weight, mut d_bias) = (vec![0.0; width.filters * size], vec![0.0; width.filters]);
        threads::chunks(true, &mut d_weight, 16 * size, |task, out| {
            for (filter, out) in (task * 16..).zip(out.chunks_exact_mut(size)) {
                for (index, pair) in tape.offsets.windows(2).enumerate() {
                    let at = index * all + from + filter;
                    let (g, start) = (tape.d_features[at], pair[0] + tape.winners[at] as usize);
                    if g != 0.0 {
                        let seen = &tape.x[start * dim..(start + width.window).min(pair[1]) * dim];
                        passes::axpy(&mut out[..seen.len()], g, seen);
                    }
                }
            }
        });
        for row in tape.d_features.chunks_exact(all) {
            passes::add(&mut d_bias, &row[from..from + width.filters]);
        }
        (d_weight, d_bias)
    }

    /// The gradient of the embeddings, sequence by sequence.
    fn back_words(&self, tape: &mut Tape, spatial: Option<Noise>) -> candle_core::Result<()> {
        let (dim, all) = (self.words.dim, self.head.width);
        let weights =
            self.widths.iter().map(|width| width.weight.hold()).collect::<candle_core::Result<Vec<_>>>()?;
        let weights: Vec<&[f32]> = weights.iter().map(|weight| &**weight).collect();
        tape.d_x.resize(tape.x.len(), 0.0);
        let (d_features, winners) = (&tape.d_features, &tape.winners);
        let items = sequences(&mut tape.d_x, &tape.offsets, dim).enumerate();
        each(tape.offsets.len() > 2, items, |(index, (_, out))| {
            out.fill(0.0);
            let mut at = index * all;
            for (width, weight) in self.widths.iter().zip(&weights) {
                for weight in weight.chunks_exact(width.window * dim) {
                    if d_features[at] != 0.0 {
                        let out = &mut out[winners[at] as usize * dim..];
                        let len = weight.len().min(out.len());
                        passes::axpy(&mut out[..len], d_features[at], &weight[..len]);
                    }
                    at += 1;
                }
            }
            if let Some(noise) = spatial {
                out.chunks_exact_mut(dim).for_each(|row| passes::drop_in_place(row, noise.row(index as u64)));
            }
        });
        Ok(())
    }
}

/// Each sequence's first token and its rows of `x`.
fn sequences<'a>(
    x: &'a mut [f32],
    offsets: &'a [usize],
    dim: usize,
) -> impl Iterator<Item = (usize, &'a mut [f32])> {
    let mut rest = x;
    offsets.windows(2).map(move |pair| {
        let (here, after) = std::mem::take(&mut rest).split_at_mut((pair[1] - pair[0]) * dim);
        rest = after;
        (pair[0], here)
    })
}

/// The largest feature of each filter, and its window if `winners` is not empty.
fn maxima(out: &mut [f32], winners: &mut [u32], features: &[f32]) {
    let filters = out.len();
    out.copy_from_slice(&features[..filters]);
    winners.fill(0);
    for (window, row) in (0..).zip(features.chunks_exact(filters)).skip(1) {
        if winners.is_empty() {
            recurrent::larger(out, row);
        } else {
            recurrent::maximum(out, winners, row, window);
        }
    }
}

impl Frozen for FrozenConvolutions {
    fn outputs(&self) -> usize {
        self.model.head.outputs
    }

    fn run(&self, input: Packed<'_>, logits: &mut [f32]) -> Result<()> {
        let (tokens, offsets) = input.tokens()?;
        check(tokens.len(), offsets, logits.len(), self.outputs())?;
        self.model.words.check(tokens)?;
        self.model.answer(&self.ready, &self.table, (tokens, offsets), logits);
        Ok(())
    }
}
