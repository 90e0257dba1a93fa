//! Shingle sets on disk, read back by number.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::{Error, Result};

/// Sorted sets of hashes in a temporary file without a name.
#[derive(Debug)]
pub(crate) struct Shelf {
    place: PathBuf,
    writer: BufWriter<File>,
    reader: Mutex<File>,
    ends: Vec<u64>,
}

impl Shelf {
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self> {
        let place = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let file = tempfile::tempfile_in(&place).map_err(Error::io("write in", &place))?;
        let reader = Mutex::new(file.try_clone().map_err(Error::io("write in", &place))?);
        Ok(Self { place, writer: BufWriter::with_capacity(1 << 18, file), reader, ends: Vec::new() })
    }

    pub(crate) fn push(&mut self, set: &[u64]) -> Result<()> {
        let end = self.ends.last().copied().unwrap_or(0) + set.len() as u64;
        self.ends.push(end);
        let bytes: Vec<u8> = set.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        self.writer.write_all(&bytes).map_err(Error::io("write in", &self.place))
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.writer.flush().map_err(Error::io("write in", &self.place))
    }

    /// Size of a set, without reading it.
    pub(crate) fn len(&self, index: u32) -> u64 {
        self.ends[index as usize] - self.start(index)
    }

    fn start(&self, index: u32) -> u64 {
        if index == 0 { 0 } else { self.ends[index as usize - 1] }
    }

    pub(crate) fn get(&self, index: u32) -> Result<Vec<u64>> {
        let mut bytes = vec![0; self.len(index) as usize * 8];
        {
            let mut file = self.reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let read =
                file.seek(SeekFrom::Start(self.start(index) * 8)).and_then(|_| file.read_exact(&mut bytes));
            read.map_err(Error::io("read in", &self.place))?;
        }
        let hash = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
        Ok(bytes.chunks_exact(8).map(hash).collect())
    }
}

/// Jaccard similarity of two ascending sets; two empty ones are equal.
pub(crate) fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let shared = shared(a, b);
    let union = a.len() + b.len() - shared;
    if union == 0 { 1.0 } else { shared as f64 / union as f64 }
}

/// Members that two ascending sets have in common.
pub(crate) fn shared(a: &[u64], b: &[u64]) -> usize {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        // Without branches: which of two hashes is larger cannot be predicted.
        let (x, y) = (a[i], b[j]);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
        shared += usize::from(x == y);
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn jaccard_is_the_share_of_the_union(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let list = |set: &BTreeSet<u8>| set.iter().map(|x| u64::from(*x)).collect::<Vec<_>>();
            let union = a.union(&b).count();
            let expected = if union == 0 { 1.0 } else { a.intersection(&b).count() as f64 / union as f64 };
            prop_assert_eq!(jaccard(&list(&a), &list(&b)), expected);
        }
    }

    #[test]
    fn sets_come_back() {
        let mut shelf = Shelf::new(None).unwrap();
        for set in [&[1, 2, 3][..], &[], &[9]] {
            shelf.push(set).unwrap();
        }
        shelf.flush().unwrap();
        assert_eq!(
            (shelf.get(2).unwrap(), shelf.get(1).unwrap(), shelf.get(0).unwrap()),
            (vec![9], vec![], vec![1, 2, 3])
        );
    }
}
