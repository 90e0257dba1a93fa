//! What a training pass keeps for its way back, in buffers that are used again.

use super::group::{Group, Place};
use super::{GROUP, Recurrent};
use crate::Mode;
use crate::kernels::noise::Noise;

/// What makes cutting sure.
const SHARE: &str = "the groups share the buffers";

/// A pass over a batch.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) offsets: Vec<usize>,
    pub(super) tracks: Vec<Track>,
    /// Pooled states of all directions `[batch, directions · hidden]`, masked, and their gradient.
    pub(super) features: Vec<f32>,
    pub(super) d_features: Vec<f32>,
}

/// One direction; rows lie as [`Group`] says, group after group.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) ids: Vec<u32>,
    pub(super) x: Vec<f32>,
    /// Activations; after the pass back, the gradient before them.
    pub(super) gates: Vec<f32>,
    cells: Vec<f32>,
    states: Vec<f32>,
    pub(super) seen: Vec<f32>,
    pub(super) d_x: Vec<f32>,
    d_states: Vec<f32>,
    pooled: Vec<f32>,
    winners: Vec<u32>,
    noise: [Option<Noise>; 2],
}

/// A group's part of a track, forward.
pub(super) struct Forward<'a> {
    pub(super) ids: &'a mut [u32],
    pub(super) place: Place<'a>,
    pub(super) pooled: &'a mut [f32],
    pub(super) winners: &'a mut [u32],
}

/// A group's part of a track, backward.
pub(super) struct Backward<'a> {
    pub(super) gates: &'a mut [f32],
    pub(super) cells: &'a [f32],
    pub(super) d_x: &'a mut [f32],
    pub(super) d_states: &'a mut [f32],
    pub(super) d_pooled: &'a [f32],
    pub(super) winners: &'a [u32],
}

/// A group, its first sequence, its direction with the noise of inputs and states, and its part of the buffers.
type Job<'a, T> = (Group<'a>, usize, usize, [Option<Noise>; 2], T);

impl Tape {
    /// Makes room for a batch.
    pub(super) fn fit(&mut self, model: &Recurrent, tokens: usize, offsets: &[usize], mode: Mode) {
        let (batch, hidden, dim) = (offsets.len() - 1, model.hidden, model.words.dim);
        self.offsets.clear();
        self.offsets.extend_from_slice(offsets);
        self.features.resize(batch * model.head.width, 0.0);
        self.tracks.resize_with(model.directions.len(), Track::default);
        for (track, direction) in self.tracks.iter_mut().zip(&model.directions) {
            track.noise = [direction.dropout.noise(mode), direction.recurrent_dropout.noise(mode)];
            track.ids.resize(tokens, 0);
            track.winners.resize(batch * hidden, 0);
            for (buffer, len) in [
                (&mut track.x, tokens * dim),
                (&mut track.d_x, tokens * dim),
                (&mut track.gates, tokens * 4 * hidden),
                (&mut track.cells, tokens * hidden),
                (&mut track.states, tokens * hidden),
                (&mut track.seen, tokens * hidden),
                (&mut track.d_states, tokens * hidden),
                (&mut track.pooled, batch * hidden),
            ] {
                buffer.resize(len, 0.0);
            }
        }
    }

    pub(super) fn forward_jobs<'a>(
        &'a mut self,
        model: &Recurrent,
    ) -> impl Iterator<Item = Job<'a, Forward<'a>>> {
        let (hidden, dim, offsets) = (model.hidden, model.words.dim, &self.offsets);
        self.tracks.iter_mut().enumerate().flat_map(move |(direction, track)| {
            let noise = track.noise;
            let mut cuts = Cuts([
                &mut track.x,
                &mut track.gates,
                &mut track.cells,
                &mut track.states,
                &mut track.seen,
                &mut track.pooled,
            ]);
            let (mut ids, mut winners) = (&mut track.ids[..], &mut track.winners[..]);
            groups(offsets).map(move |(group, first, count)| {
                let rows = group.rows();
                let widths = [dim, 4 * hidden, hidden, hidden, hidden].map(|width| rows * width);
                let [a, b, c, d, e] = widths;
                let [x, gates, cells, states, seen, pooled] = cuts.next([a, b, c, d, e, count * hidden]);
                let place = Place { x, gates, cells, states, seen };
                let job = Forward {
                    ids: ids.split_off_mut(..rows).expect(SHARE),
                    place,
                    pooled,
                    winners: winners.split_off_mut(..count * hidden).expect(SHARE),
                };
                (group, first, direction, noise, job)
            })
        })
    }

    pub(super) fn backward_jobs<'a>(
        &'a mut self,
        model: &Recurrent,
    ) -> impl Iterator<Item = Job<'a, Backward<'a>>> {
        let (hidden, dim, offsets) = (model.hidden, model.words.dim, &self.offsets);
        self.tracks.iter_mut().enumerate().flat_map(move |(direction, track)| {
            let noise = track.noise;
            let (cells, pooled, winners) = (&track.cells[..], &track.pooled[..], &track.winners[..]);
            let mut cuts = Cuts([&mut track.gates, &mut track.d_x, &mut track.d_states]);
            groups(offsets).map(move |(group, first, count)| {
                let (rows, start) = (group.rows(), group.start());
                let [gates, d_x, d_states] = cuts.next([rows * 4 * hidden, rows * dim, rows * hidden]);
                let range = first * hidden..(first + count) * hidden;
                let cells = &cells[start * hidden..(start + rows) * hidden];
                let (d_pooled, winners) = (&pooled[range.clone()], &winners[range]);
                (group, first, direction, noise, Backward { gates, cells, d_x, d_states, d_pooled, winners })
            })
        })
    }

    /// The directions' pooled states, side by side.
    pub(super) fn join(&mut self, hidden: usize) {
        let width = hidden * self.tracks.len();
        for (column, track) in self.tracks.iter().enumerate() {
            for (row, pooled) in self.features.chunks_exact_mut(width).zip(track.pooled.chunks_exact(hidden))
            {
                row[column * hidden..][..hidden].copy_from_slice(pooled);
            }
        }
    }

    /// The gradient of the features, to the directions' pooled states, which are not needed any more.
    pub(super) fn part(&mut self, hidden: usize) {
        let width = hidden * self.tracks.len();
        for (column, track) in self.tracks.iter_mut().enumerate() {
            for (row, pooled) in
                self.d_features.chunks_exact(width).zip(track.pooled.chunks_exact_mut(hidden))
            {
                pooled.copy_from_slice(&row[column * hidden..][..hidden]);
            }
        }
    }
}

/// Groups of a batch, their first sequences, and how many they have.
fn groups(offsets: &[usize]) -> impl Iterator<Item = (Group<'_>, usize, usize)> {
    let batch = offsets.len() - 1;
    (0..batch).step_by(GROUP).map(move |first| {
        let count = GROUP.min(batch - first);
        (Group::new(&offsets[first..=first + count]), first, count)
    })
}

/// Buffers from which parts are cut, one after the other.
struct Cuts<'a, const N: usize>([&'a mut [f32]; N]);

impl<'a, const N: usize> Cuts<'a, N> {
    fn next(&mut self, lens: [usize; N]) -> [&'a mut [f32]; N] {
        let mut lens = lens.into_iter();
        self.0.each_mut().map(|rest| {
            let len = lens.next().expect("as many lengths as buffers");
            rest.split_off_mut(..len).expect(SHARE)
        })
    }
}
