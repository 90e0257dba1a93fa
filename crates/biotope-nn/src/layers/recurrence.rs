//! Packed sequences, dealt to the tasks that take them through time.

/// One sequence with its parts of packed tensors.
pub(crate) struct Sequence<'a, const N: usize> {
    /// Its place in the batch.
    pub(crate) index: usize,
    /// Its first token.
    pub(crate) start: usize,
    pub(crate) len: usize,
    pub(crate) parts: [&'a mut [f32]; N],
}

impl<const N: usize> Sequence<'_, N> {
    /// The place of a step within the sequence.
    pub(crate) fn at(&self, step: usize, reverse: bool) -> usize {
        if reverse { self.len - 1 - step } else { step }
    }
}

/// Deals the sequences, longest first, to one task per thread; each task's share is in falling order of length, so
/// that the shorter ones drop off its end as time goes on. `widths` are those of the tensors' rows.
pub(crate) fn deal<'a, const N: usize>(
    offsets: &[usize],
    parts: [&'a mut [f32]; N],
    widths: [usize; N],
) -> Vec<Vec<Sequence<'a, N>>> {
    let mut rest = parts;
    let mut all = Vec::new();
    for (index, pair) in offsets.windows(2).enumerate() {
        let len = pair[1] - pair[0];
        let mut widths = widths.iter();
        let parts = rest.each_mut().map(|rest| {
            let width = widths.next().expect("as many widths as parts");
            let (part, after) = std::mem::take(rest).split_at_mut(len * width);
            *rest = after;
            part
        });
        all.push(Sequence { index, start: pair[0], len, parts });
    }
    all.sort_by_key(|sequence| std::cmp::Reverse(sequence.len));
    let tasks = rayon::current_num_threads().clamp(1, all.len().max(1));
    let mut dealt: Vec<Vec<Sequence<'a, N>>> = (0..tasks).map(|_| Vec::new()).collect();
    for (turn, sequence) in all.into_iter().enumerate() {
        dealt[turn % tasks].push(sequence);
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sequence_is_dealt_once_with_its_rows() {
        let mut rows: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let dealt = deal(&[0, 1, 1, 6], [&mut rows], [2]);
        let mut all: Vec<_> = dealt.into_iter().flatten().collect();
        all.sort_by_key(|sequence| sequence.index);
        let seen: Vec<_> = all.iter().map(|s| (s.start, s.len, s.parts[0].first().copied())).collect();
        assert_eq!(seen, [(0, 1, Some(0.0)), (1, 0, None), (1, 5, Some(2.0))]);
        assert_eq!((all[2].at(0, false), all[2].at(0, true)), (0, 4));
    }
}
