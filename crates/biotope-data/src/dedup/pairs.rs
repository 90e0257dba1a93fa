//! Which documents are the same: exact groups, then candidates of each band, verified.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::Result;
use crate::dedup::clusters::Pair;
use crate::dedup::keys::Keys;
use crate::dedup::shelf::{Shelf, jaccard};

/// How many members of a bucket each later member is compared with. A bucket is this large only when very many
/// documents nearly agree, and then each is still tied to the bucket's first ones.
const BUCKET: usize = 256;

/// Groups of equal hashes, each ascending, in the order of their first members. Singletons included.
pub(crate) fn exact(hashes: &[[u8; 16]]) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0..hashes.len() as u32).collect();
    order.par_sort_unstable_by_key(|index| (hashes[*index as usize], *index));
    let same = |a: &u32, b: &u32| hashes[*a as usize] == hashes[*b as usize];
    let mut groups: Vec<Vec<u32>> = order.chunk_by(same).map(<[u32]>::to_vec).collect();
    groups.sort_unstable_by_key(|group| group[0]);
    groups
}

/// Looks for near-duplicates within a budget of memory.
pub(crate) struct Search<'a> {
    pub(crate) shelf: &'a Shelf,
    pub(crate) threshold: f64,
    /// Bytes for the keys that are sorted at a time, and again for the candidates that wait.
    pub(crate) budget: usize,
    /// So many documents are of an earlier version and known not to be each other's duplicates.
    pub(crate) former: u32,
}

impl Search<'_> {
    /// Verified pairs among the documents for which `leads` says so; a pair may come twice.
    ///
    /// One band is sorted at a time; if its keys are more than the budget allows, in as many passes over the file as
    /// there are parts of the key space. Candidates wait until there are as many as the budget allows, then each is checked
    /// once. Which pairs there are does not depend on the budget.
    pub(crate) fn near(&self, leads: &[bool], keys: &mut Keys) -> Result<Vec<Pair>> {
        let passes = (leads.len() * 8).div_ceil(self.budget.max(1)).max(1) as u64;
        let (mut waiting, mut found): (Vec<u64>, Vec<Pair>) = Default::default();
        for (band, pass) in (0..keys.width()).flat_map(|band| (0..passes).map(move |pass| (band, pass))) {
            let mut order: Vec<u64> = Vec::new();
            keys.read(band, |index, key| {
                if leads[index as usize] && (u64::from(key) * passes) >> 32 == pass {
                    order.push((u64::from(key) << 32) | u64::from(index));
                }
            })?;
            order.par_sort_unstable();
            for bucket in order.chunk_by(|a, b| a >> 32 == b >> 32).filter(|bucket| bucket.len() > 1) {
                self.candidates(bucket, &mut waiting, &mut found)?;
            }
        }
        self.settle(&mut waiting, &mut found)?;
        Ok(found)
    }

    /// Adds the candidates of a bucket, and has them checked whenever they are too many.
    fn candidates(&self, bucket: &[u64], waiting: &mut Vec<u64>, found: &mut Vec<Pair>) -> Result<()> {
        let index = |entry: &u64| *entry as u32;
        for (position, a) in bucket.iter().map(index).enumerate().take(BUCKET) {
            let others = bucket[position + 1..]
                .iter()
                .map(index)
                .filter(|b| *b >= self.former && self.near_in_size(a, *b));
            waiting.extend(others.map(|b| (u64::from(a) << 32) | u64::from(b)));
            if waiting.len() * 8 > self.budget {
                self.settle(waiting, found)?;
            }
        }
        Ok(())
    }

    fn near_in_size(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.shelf.len(a), self.shelf.len(b));
        a.min(b) as f64 >= self.threshold * a.max(b) as f64
    }

    fn settle(&self, waiting: &mut Vec<u64>, found: &mut Vec<Pair>) -> Result<()> {
        waiting.par_sort_unstable();
        waiting.dedup();
        let rows: Vec<&[u64]> = waiting.chunk_by(|a, b| a >> 32 == b >> 32).collect();
        let pairs: Vec<Vec<Pair>> = rows.par_iter().map(|row| self.verify(row)).collect::<Result<_>>()?;
        found.extend(pairs.into_iter().flatten());
        waiting.clear();
        Ok(())
    }

    /// Candidates with the same first document.
    fn verify(&self, row: &[u64]) -> Result<Vec<Pair>> {
        let a = (row[0] >> 32) as u32;
        let set = self.shelf.get(a)?;
        let mut pairs = Vec::new();
        for b in row.iter().map(|entry| *entry as u32) {
            let similarity = jaccard(&set, &self.shelf.get(b)?);
            if similarity >= self.threshold {
                pairs.push(Pair { a, b, similarity });
            }
        }
        Ok(pairs)
    }
}

/// Pairs of the first document of an address with each later one, if they are at least that similar.
pub(crate) fn of_one_address(addresses: &[Option<u64>], shelf: &Shelf, least: f64) -> Result<Vec<Pair>> {
    let mut first: HashMap<u64, u32> = HashMap::new();
    let mut pairs = Vec::new();
    for (b, address) in addresses.iter().enumerate().filter_map(|(b, address)| Some((b as u32, (*address)?)))
    {
        let a = *first.entry(address).or_insert(b);
        if a != b {
            let similarity = jaccard(&shelf.get(a)?, &shelf.get(b)?);
            if similarity >= least {
                pairs.push(Pair { a, b, similarity });
            }
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use biotope_core::RecordId;

    use super::super::{DedupConfig, Deduplicator, Sketcher};
    use super::*;

    /// Twenty texts, each with three that differ in a word: three candidates per document and more at a time.
    fn found(budget: usize) -> Vec<(u32, u32)> {
        let config = DedupConfig::default();
        let (sketcher, mut known) = (Sketcher::new(&config), Deduplicator::new(&config, None).unwrap());
        for number in 0..80u32 {
            let words: Vec<String> = (0..60).map(|word| format!("w{}", (number / 4) * 60 + word)).collect();
            let text = format!("{} end{}", words.join(" "), number % 4);
            let id = RecordId::of(&[&number.to_le_bytes()]);
            known.add(id, "memory", None, &sketcher.sketch(&text)).unwrap();
        }
        known.shelf.flush().unwrap();
        known.keys.flush().unwrap();
        let search = Search { shelf: &known.shelf, threshold: 0.8, budget, former: 0 };
        let pairs = search.near(&[true; 80], &mut known.keys).unwrap();
        let mut pairs: Vec<(u32, u32)> = pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    #[test]
    fn a_budget_for_one_candidate_finds_what_a_large_one_finds() {
        assert_eq!(found(8), found(1 << 30));
        assert_eq!(found(8).len(), 20 * 6);
    }
}
