//! Rotations of pairs of columns.

use super::isa::versions;

versions! {
    /// Turns columns `i` and `i + depth / 2` of a head.
    fn rotate_halves(head: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
        let (a, b) = head.split_at_mut(cos.len());
        for (((a, b), c), s) in a.iter_mut().zip(b).zip(cos).zip(sin) {
            let s = sign * s;
            (*a, *b) = (*a * c - *b * s, *a * s + *b * c);
        }
    }

    /// Turns columns `2 i` and `2 i + 1` of a head.
    fn rotate_neighbours(head: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
        for ((pair, c), s) in head.as_chunks_mut::<2>().0.iter_mut().zip(cos).zip(sin) {
            let s = sign * s;
            *pair = [pair[0] * c - pair[1] * s, pair[0] * s + pair[1] * c];
        }
    }
}
