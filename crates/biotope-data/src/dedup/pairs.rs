//! Which documents are the same: exact groups, then candidates of each band, verified.

use rayon::prelude::*;

use crate::Result;
use crate::dedup::clusters::Pair;
use crate::dedup::shelf::{Shelf, jaccard};

/// How many members of a bucket each later member is compared with. A bucket is this large only when very many
/// documents nearly agree, and then each is still tied to the bucket's first ones.
const BUCKET: usize = 256;

/// Groups of equal hashes, each ascending, in the order of their first members. Singletons included.
pub(crate) fn exact(hashes: &[[u8; 16]]) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0..hashes.len() as u32).collect();
    order.sort_unstable_by_key(|index| (hashes[*index as usize], *index));
    let same = |a: &u32, b: &u32| hashes[*a as usize] == hashes[*b as usize];
    let mut groups: Vec<Vec<u32>> = order.chunk_by(same).map(<[u32]>::to_vec).collect();
    groups.sort_unstable_by_key(|group| group[0]);
    groups
}

/// Verified pairs among `leaders`. `bands` holds `width` keys per document.
pub(crate) fn near(
    leaders: &[u32],
    bands: &[u32],
    width: usize,
    shelf: &Shelf,
    threshold: f64,
) -> Result<Vec<Pair>> {
    let mut found = Vec::new();
    for band in 0..width {
        let keys = |index: u32| &bands[index as usize * width..][..width];
        let mut order: Vec<u32> = leaders.to_vec();
        order.par_sort_unstable_by_key(|index| (keys(*index)[band], *index));
        let buckets = order.chunk_by(|a, b| keys(*a)[band] == keys(*b)[band]);
        for bucket in buckets.filter(|bucket| bucket.len() > 1) {
            // A pair that met in an earlier band was settled there.
            let fresh = |a: u32, b: u32| !keys(a)[..band].iter().zip(&keys(b)[..band]).any(|(x, y)| x == y);
            found.extend(verify(bucket, fresh, shelf, threshold)?);
        }
    }
    Ok(found)
}

fn verify(
    bucket: &[u32],
    fresh: impl Fn(u32, u32) -> bool + Sync,
    shelf: &Shelf,
    threshold: f64,
) -> Result<Vec<Pair>> {
    let firsts = &bucket[..bucket.len().min(BUCKET)];
    let row = |(position, a): (usize, &u32)| -> Result<Vec<Pair>> {
        let near_in_size = |b: u32| {
            let (small, large) = (shelf.len(*a).min(shelf.len(b)), shelf.len(*a).max(shelf.len(b)));
            small as f64 >= threshold * large as f64
        };
        let mut others =
            bucket[position + 1..].iter().filter(|b| fresh(*a, **b) && near_in_size(**b)).peekable();
        if others.peek().is_none() {
            return Ok(Vec::new());
        }
        let set = shelf.get(*a)?;
        let mut pairs = Vec::new();
        for b in others {
            let similarity = jaccard(&set, &shelf.get(*b)?);
            if similarity >= threshold {
                pairs.push(Pair { a: *a, b: *b, similarity });
            }
        }
        Ok(pairs)
    };
    let rows: Vec<Vec<Pair>> = firsts.par_iter().enumerate().map(row).collect::<Result<_>>()?;
    Ok(rows.concat())
}
