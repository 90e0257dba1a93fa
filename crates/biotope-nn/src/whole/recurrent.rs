//! An LSTM over word embeddings, pooled over time, a classifier.
//!
//! Sequences are taken in groups of [`GROUP`], in the order of the batch; a group goes through all steps on one thread.
//! Within a group, rows lie step by step, the sequences longest first: what a step needs lies side by side, and shorter
//! sequences drop off the end. Groups and rows depend on the batch only, so sums over tokens do not depend on threads.

mod group;
mod tape;

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use self::group::{Group, Place};
use self::tape::{Tape, Track};
use super::head::{Answer, Head};
use super::words::Words;
use super::{Spare, Weight, attach, check};
use crate::kernels::gemm::{self, Mat, each};
use crate::kernels::noise::Noise;
use crate::kernels::{passes, scratch, threads};
use crate::layers::Dropout;
use crate::layers::backend::fused;
use crate::layers::recurrence::{directions, dropouts};
use crate::{DirectGrad, Frozen, Input, Mode, Output, Packed, Result};

/// Sequences of a group: rows of a step's product.
pub(super) const GROUP: usize = 16;

/// How the states of a sequence become one row; an empty sequence gives zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The final state of each direction.
    Last,
    /// The largest value of each column over time.
    Max,
    /// The mean over time.
    Mean,
}

/// Shape and dropout of a [`Recurrent`] pass.
#[derive(Clone, Debug)]
pub struct RecurrentConfig {
    /// Rows of the table.
    pub rows: usize,
    /// Width of an embedding.
    pub dim: usize,
    /// Width of one direction's state.
    pub hidden: usize,
    /// Whether a second LSTM reads from the end.
    pub bidirectional: bool,
    /// How states are pooled.
    pub pooling: Pooling,
    /// Share of embedding columns dropped, the same at all steps.
    pub spatial_dropout: f64,
    /// Share of state columns dropped between steps, the same at all steps.
    pub recurrent_dropout: f64,
    /// Dropout of the pooled features.
    pub dropout: Dropout,
}

/// The pass of a recurrent text model.
#[derive(Clone, Debug)]
pub struct Recurrent {
    words: Words,
    directions: Vec<Direction>,
    hidden: usize,
    pooling: Pooling,
    head: Head,
    spare: Spare<Tape>,
}

#[derive(Clone, Debug)]
struct Direction {
    /// `[4 · hidden, dim]`, `[4 · hidden, hidden]`, `[4 · hidden]`.
    weights: [Weight; 3],
    reverse: bool,
    dropout: Dropout,
    recurrent_dropout: Dropout,
}

/// A direction with its weights packed.
struct Ready {
    inputs: gemm::Packed,
    states: gemm::Packed,
    bias: Vec<f32>,
    reverse: bool,
}

struct FrozenRecurrent {
    model: Recurrent,
    table: Vec<f32>,
    ready: Vec<Ready>,
    head: Answer,
}

impl Recurrent {
    /// Finds `embedding.weight [rows, dim]`, the parameters of [`crate::layers::Lstm`] under `lstm`, and
    /// `classifier.weight [outputs, directions · hidden]`, `classifier.bias`.
    pub fn find(config: &RecurrentConfig, outputs: usize, vb: &VarBuilder) -> Result<Self> {
        let direction = |vb: &VarBuilder, reverse| Direction::find(config, vb, reverse);
        let directions = directions(config.bidirectional, &vb.pp("lstm"), direction)?;
        let width = directions.len() * config.hidden;
        Ok(Self {
            words: Words::find(&vb.pp("embedding"), [config.rows, config.dim])?,
            directions,
            hidden: config.hidden,
            pooling: config.pooling,
            head: Head::find(&vb.pp("classifier"), [outputs, width], config.dropout.clone())?,
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
            return self.learn(&ids, offsets, mode).map(Some);
        }
        let mut logits = vec![0.0; batch * outputs];
        let (ready, head) = (self.ready()?, self.head.answer()?);
        self.answer((&ready, &head), &self.words.table.hold()?, (&ids, offsets), &mut logits);
        Ok(Some(Output::dense(Tensor::from_vec(logits, (batch, outputs), &Device::Cpu)?)))
    }

    /// The model as it is now, for answering, in `f32`.
    pub fn freeze(&self) -> Result<Option<Box<dyn Frozen>>> {
        if !fused(&[&self.words.table.tensor]) {
            return Ok(None);
        }
        let (table, ready, head) = (self.words.table.hold()?.to_vec(), self.ready()?, self.head.answer()?);
        Ok(Some(Box::new(FrozenRecurrent { model: self.clone(), table, ready, head })))
    }

    fn ready(&self) -> Result<Vec<Ready>> {
        self.directions.iter().map(|direction| Ok(direction.ready(self.words.dim, self.hidden)?)).collect()
    }

    /// Numbers that a token takes in the buffers of a pass without learning.
    fn per_token(&self) -> usize {
        self.words.dim + 7 * self.hidden
    }

    fn answer(
        &self,
        (ready, head): (&[Ready], &Answer),
        table: &[f32],
        (ids, offsets): (&[u32], &[usize]),
        logits: &mut [f32],
    ) {
        let (batch, outputs, width) = (offsets.len() - 1, self.head.outputs, self.head.width);
        // A row does not depend on the others, so groups may be as small as there are threads.
        let size = batch.div_ceil(rayon::current_num_threads()).clamp(1, GROUP);
        threads::chunks(batch > 1, logits, size * outputs, |index, logits| {
            let count = logits.len() / outputs;
            let group = Group::new(&offsets[index * size..=index * size + count]);
            let (dim, hidden, rows) = (self.words.dim, self.hidden, group.rows());
            scratch::with(rows * self.per_token() + count * (width + hidden), |buffer| {
                let (features, buffer) = buffer.split_at_mut(count * width);
                let (pooled, buffer) = buffer.split_at_mut(count * hidden);
                for (column, ready) in ready.iter().enumerate() {
                    let mut place = Place::cut(buffer, rows, dim, hidden);
                    group.gather(place.x, table, &ids[group.start()..], dim, ready.reverse, None);
                    group.forward(ready, &mut place, None);
                    group.pool(self.pooling, place.states, pooled, &mut []);
                    for (features, pooled) in
                        features.chunks_exact_mut(width).zip(pooled.chunks_exact(hidden))
                    {
                        features[column * hidden..][..hidden].copy_from_slice(pooled);
                    }
                }
                head.run(features, logits);
            });
        });
    }

    fn learn(&self, ids: &[u32], offsets: &[usize], mode: Mode) -> Result<Output> {
        let (batch, outputs, noise) = (offsets.len() - 1, self.head.outputs, self.head.noise(mode));
        let mut tape = self.spare.take();
        tape.fit(self, ids.len(), offsets, mode);
        let ready = self.ready()?;
        {
            let table = self.words.table.hold()?;
            let (table, dim): (&[f32], usize) = (&table, self.words.dim);
            each(true, tape.forward_jobs(self), |(group, first, direction, noise, mut job)| {
                let ready = &ready[direction];
                let tokens = &ids[group.start()..];
                group.gather(
                    job.place.x,
                    table,
                    tokens,
                    dim,
                    ready.reverse,
                    noise[0].map(|noise| (noise, first)),
                );
                group.list(job.ids, tokens, ready.reverse);
                group.forward(ready, &mut job.place, noise[1].map(|noise| (noise, first)));
                group.pool(self.pooling, job.place.states, job.pooled, job.winners);
            });
        }
        tape.join(self.hidden);
        let logits = self.head.forward(&mut tape.features, noise)?;
        let (model, places) = (self.clone(), Places::new(self));
        let direct = places.all();
        let back = move |d_logits: &[f32]| {
            model.go_back(&mut tape, d_logits, noise, &places)?;
            model.spare.give(tape);
            Ok(())
        };
        Ok(Output { logits: attach(logits, [batch, outputs], Box::new(back))?, rows: Vec::new(), direct })
    }

    fn go_back(
        &self,
        tape: &mut Tape,
        d_logits: &[f32],
        noise: Option<Noise>,
        places: &Places,
    ) -> candle_core::Result<()> {
        let (dim, hidden) = (self.words.dim, self.hidden);
        tape.d_features.resize(tape.features.len(), 0.0);
        self.head.backward((&tape.features, &mut tape.d_features), d_logits, noise, &places.head)?;
        tape.part(hidden);
        let turned = self.directions.iter().map(|direction| direction.turned(dim, hidden));
        let turned = turned.collect::<candle_core::Result<Vec<_>>>()?;
        each(true, tape.backward_jobs(self), |(group, first, direction, noise, job)| {
            let [inputs, states] = &turned[direction];
            group.unpool(self.pooling, job.d_pooled, job.winners, job.d_states);
            group.backward(
                states,
                (job.gates, job.cells),
                job.d_states,
                noise[1].map(|noise| (noise, first)),
            );
            inputs.product(job.d_x, Mat::new(job.gates, [group.rows(), 4 * hidden]), false);
            group.mask(job.d_x, dim, noise[0].map(|noise| (noise, first)));
        });
        for ((direction, places), track) in self.directions.iter().zip(&places.directions).zip(&tape.tracks) {
            direction.leave(track, places, [dim, hidden])?;
        }
        let tokens = tape.offsets.last().copied().unwrap_or_default();
        let ids = tape.tracks.iter().flat_map(|track| track.ids.iter().copied());
        self.words.leave(&places.table, ids, |at, sum| {
            passes::add(sum, &tape.tracks[at / tokens].d_x[at % tokens * dim..][..dim]);
        })
    }
}

/// Where gradients are left.
struct Places {
    table: DirectGrad,
    directions: Vec<[DirectGrad; 3]>,
    head: [DirectGrad; 2],
}

impl Places {
    fn new(model: &Recurrent) -> Self {
        let directions =
            model.directions.iter().map(|direction| direction.weights.each_ref().map(Weight::place));
        Self {
            table: model.words.table.place(),
            directions: directions.collect(),
            head: [model.head.weight.place(), model.head.bias.place()],
        }
    }

    fn all(&self) -> Vec<DirectGrad> {
        [self.table.clone()].into_iter().chain(self.directions.concat()).chain(self.head.clone()).collect()
    }
}

impl Direction {
    fn find(config: &RecurrentConfig, vb: &VarBuilder, reverse: bool) -> Result<Self> {
        let gates = 4 * config.hidden;
        let [dropout, recurrent_dropout] = dropouts([config.spatial_dropout, config.recurrent_dropout], vb);
        Ok(Self {
            weights: [
                Weight::find(vb, (gates, config.dim), "weight_ih")?,
                Weight::find(vb, (gates, config.hidden), "weight_hh")?,
                Weight::find(vb, gates, "bias")?,
            ],
            reverse,
            dropout,
            recurrent_dropout,
        })
    }

    fn ready(&self, dim: usize, hidden: usize) -> candle_core::Result<Ready> {
        let [inputs, states, bias] = &self.weights;
        Ok(Ready {
            inputs: gemm::Packed::new(Mat::new(&inputs.hold()?, [4 * hidden, dim]).t()),
            states: gemm::Packed::new(Mat::new(&states.hold()?, [4 * hidden, hidden]).t()),
            bias: bias.hold()?.to_vec(),
            reverse: self.reverse,
        })
    }

    /// The weights of inputs and states, packed to go back.
    fn turned(&self, dim: usize, hidden: usize) -> candle_core::Result<[gemm::Packed; 2]> {
        let [inputs, states, _] = &self.weights;
        Ok([
            gemm::Packed::new(Mat::new(&inputs.hold()?, [4 * hidden, dim])),
            gemm::Packed::new(Mat::new(&states.hold()?, [4 * hidden, hidden])),
        ])
    }

    /// Gradients of the weights: one product over all tokens each. The gates' gradient is four times as wide as what it
    /// meets, so it stands on the right, packed once, and the small results are turned.
    fn leave(
        &self,
        track: &Track,
        places: &[DirectGrad; 3],
        [dim, hidden]: [usize; 2],
    ) -> candle_core::Result<()> {
        let (gates, rows) = (4 * hidden, track.ids.len());
        let d = gemm::Packed::new(Mat::new(&track.gates, [rows, gates]));
        let against = |x: &[f32], width: usize| {
            scratch::with(width * gates, |turned| {
                d.times(turned, Mat::new(x, [rows, width]).t(), false);
                turn(turned, gates)
            })
        };
        let bias = passes::column_sums(&track.gates, gates);
        let grads = [against(&track.x, dim), against(&track.seen, hidden), bias];
        for ((weight, place), grad) in self.weights.iter().zip(places).zip(grads) {
            place.set(weight.shaped(grad)?);
        }
        Ok(())
    }
}

/// The transpose of rows of `width` numbers.
fn turn(x: &[f32], width: usize) -> Vec<f32> {
    let rows = x.len() / width;
    let mut out = vec![0.0; x.len()];
    threads::chunks(true, &mut out, 64 * rows, |task, out| {
        for (row, x) in x.chunks_exact(width).enumerate() {
            for (out, x) in out.iter_mut().skip(row).step_by(rows).zip(&x[task * 64..]) {
                *out = *x;
            }
        }
    });
    out
}

impl Frozen for FrozenRecurrent {
    fn outputs(&self) -> usize {
        self.model.head.outputs
    }

    fn run(&self, input: Packed<'_>, logits: &mut [f32]) -> Result<()> {
        let (tokens, offsets) = input.tokens()?;
        check(tokens.len(), offsets, logits.len(), self.outputs())?;
        self.model.words.check(tokens)?;
        self.model.answer((&self.ready, &self.head), &self.table, (tokens, offsets), logits);
        Ok(())
    }
}
