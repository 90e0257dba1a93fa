//! Band keys on disk: written document by document, read band by band.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Documents whose keys are kept until they are written.
const CHUNK: usize = 1 << 14;

/// The keys of all documents, in a temporary file without a name. Chunk by chunk, each band's keys lie together.
#[derive(Debug)]
pub(crate) struct Keys {
    place: PathBuf,
    file: File,
    width: usize,
    waiting: Vec<u32>,
    documents: usize,
}

impl Keys {
    pub(crate) fn new(folder: Option<&Path>, width: usize) -> Result<Self> {
        let place = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let file = tempfile::tempfile_in(&place).map_err(Error::io("write in", &place))?;
        Ok(Self { place, file, width, waiting: Vec::new(), documents: 0 })
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn push(&mut self, keys: &[u32]) -> Result<()> {
        assert_eq!(keys.len(), self.width, "every document has one key per band");
        self.waiting.extend_from_slice(keys);
        self.documents += 1;
        if self.waiting.len() >= CHUNK * self.width { self.flush() } else { Ok(()) }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let documents = self.waiting.len() / self.width.max(1);
        let mut bytes = Vec::with_capacity(self.waiting.len() * 4);
        for band in 0..self.width {
            (0..documents).for_each(|doc| bytes.extend(self.waiting[doc * self.width + band].to_le_bytes()));
        }
        self.waiting.clear();
        let end = self.file.seek(SeekFrom::End(0)).and_then(|_| self.file.write_all(&bytes));
        end.map_err(Error::io("write in", &self.place))
    }

    /// Calls `each` with number and key of every document in a band. To be called after [`Keys::flush`].
    pub(crate) fn read(&mut self, band: usize, mut each: impl FnMut(u32, u32)) -> Result<()> {
        let mut first = 0;
        while first < self.documents {
            let count = CHUNK.min(self.documents - first);
            let at = (first * self.width + band * count) as u64 * 4;
            let mut bytes = vec![0; count * 4];
            let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(&mut bytes));
            read.map_err(Error::io("read in", &self.place))?;
            for (index, key) in bytes.chunks_exact(4).enumerate() {
                each((first + index) as u32, u32::from_le_bytes(key.try_into().expect("chunks of four")));
            }
            first += count;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_by_band_over_the_edges_of_chunks() {
        let mut keys = Keys::new(None, 2).unwrap();
        let count = CHUNK as u32 * 2 + 3;
        (0..count).for_each(|n| keys.push(&[n, n * 7]).unwrap());
        keys.flush().unwrap();
        let mut seen = 0;
        keys.read(1, |index, key| {
            assert_eq!((index, key), (seen, seen * 7));
            seen += 1;
        })
        .unwrap();
        assert_eq!(seen, count);
    }
}
