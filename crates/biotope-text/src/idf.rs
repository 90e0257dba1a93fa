//! In how many training documents each bucket occurs: learned, kept in a small file, and turned into weights.

use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::{Error, Result, saved};

/// The file's name.
pub(crate) const FILE: &str = "ngrams.bin";

const MAGIC: &[u8; 8] = b"BIOGRAM1";

/// Buckets that occur in enough training documents, ascending; their places are the rows of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    documents: u64,
    buckets: Vec<u32>,
    frequencies: Vec<u32>,
    places: Places,
}

/// Counts documents per bucket.
#[derive(Debug)]
pub(crate) struct Counter {
    documents: u64,
    counts: Vec<u32>,
}

impl Counter {
    pub(crate) fn new(bits: u32) -> Self {
        Self { documents: 0, counts: vec![0; 1 << bits] }
    }

    /// Adds the distinct buckets of a document.
    pub(crate) fn add(&mut self, distinct: &[u32]) {
        self.documents += 1;
        for bucket in distinct {
            let count = &mut self.counts[*bucket as usize];
            *count = count.saturating_add(1);
        }
    }

    pub(crate) fn finish(self, min_df: u32) -> Table {
        let seen = self.counts.iter().zip(0u32..).filter(|(count, _)| **count >= min_df.max(1));
        let (frequencies, buckets): (_, Vec<u32>) = seen.map(|(count, bucket)| (*count, bucket)).unzip();
        Table { documents: self.documents, places: Places::of(&buckets), buckets, frequencies }
    }
}

/// Places of ascending numbers, found by counting bits: a bit per number up to the largest, and how many are set before
/// each 64 of them (Jacobson 1989). It fits the cache where a binary search of the numbers would not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    bits: Vec<u64>,
    before: Vec<u32>,
}

impl Places {
    fn of(ascending: &[u32]) -> Self {
        let mut bits = vec![0u64; ascending.last().map_or(0, |last| *last as usize / 64 + 1)];
        for number in ascending {
            bits[*number as usize / 64] |= 1 << (number % 64);
        }
        let before = bits.iter().scan(0, |sum, word| {
            let before = *sum;
            *sum += word.count_ones();
            Some(before)
        });
        Self { before: before.collect(), bits }
    }

    fn find(&self, number: u32) -> Option<u32> {
        let (at, bit) = (number as usize / 64, 1u64 << (number % 64));
        let word = *self.bits.get(at)?;
        (word & bit != 0).then(|| self.before[at] + (word & (bit - 1)).count_ones())
    }
}

impl Table {
    pub(crate) fn len(&self) -> usize {
        self.buckets.len()
    }

    /// The row of a bucket, if it was seen often enough.
    pub(crate) fn row(&self, bucket: u32) -> Option<u32> {
        self.places.find(bucket)
    }

    /// `ln((1 + documents) / (1 + frequency)) + 1`, as scikit-learn's `smooth_idf`.
    pub(crate) fn idf(&self, row: u32) -> f64 {
        let frequency = f64::from(self.frequencies[row as usize]);
        ((1.0 + self.documents as f64) / (1.0 + frequency)).ln() + 1.0
    }

    /// Magic, documents, length (8 bytes each, little endian); steps between buckets and frequencies as LEB128; the
    /// xxh3 of all that.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.documents.to_le_bytes());
        bytes.extend((self.buckets.len() as u64).to_le_bytes());
        let mut last = 0;
        for (bucket, frequency) in self.buckets.iter().zip(&self.frequencies) {
            put(&mut bytes, bucket - last);
            put(&mut bytes, *frequency);
            last = *bucket;
        }
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        saved::write(path, &bytes)
    }

    pub(crate) fn open(path: &Path, bits: u32) -> Result<Self> {
        let bytes = saved::read(path)?;
        parse(&bytes, bits).map_err(|why| Error::corrupted(path, why))
    }
}

fn parse(bytes: &[u8], bits: u32) -> Result<Table, &'static str> {
    let (body, sum) = bytes.split_last_chunk::<8>().ok_or("it is cut short")?;
    let mut rest = body.strip_prefix(MAGIC).ok_or("it is not a table of n-grams of version 1")?;
    if xxh3_64(body) != u64::from_le_bytes(*sum) {
        return Err("its check sum does not agree");
    }
    let documents = number(&mut rest)?;
    let length = number(&mut rest)?;
    if length > 1 << bits {
        return Err("it has more entries than buckets");
    }
    let (mut buckets, mut frequencies) = (Vec::new(), Vec::new());
    let mut last = 0u32;
    for at in 0..length {
        let step = take(&mut rest)?;
        last = last.checked_add(step).filter(|_| step > 0 || at == 0).ok_or("its buckets do not ascend")?;
        buckets.push(last);
        frequencies.push(take(&mut rest)?);
    }
    let within = u64::from(last) < 1 << bits && rest.is_empty();
    if !within {
        return Err("it does not fit its options");
    }
    Ok(Table { documents, places: Places::of(&buckets), buckets, frequencies })
}

fn number(rest: &mut &[u8]) -> Result<u64, &'static str> {
    let (head, tail) = rest.split_first_chunk::<8>().ok_or("it is cut short")?;
    *rest = tail;
    Ok(u64::from_le_bytes(*head))
}

fn put(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take(rest: &mut &[u8]) -> Result<u32, &'static str> {
    let mut value = 0u64;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, tail) = rest.split_first().ok_or("it is cut short")?;
        *rest = tail;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return u32::try_from(value).map_err(|_| "a number is too large");
        }
    }
    Err("a number is too large")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(documents: &[Vec<u32>], min_df: u32) -> Table {
        let mut counter = Counter::new(8);
        for buckets in documents {
            let distinct: std::collections::BTreeSet<u32> = buckets.iter().copied().collect();
            counter.add(&distinct.into_iter().collect::<Vec<u32>>());
        }
        counter.finish(min_df)
    }

    #[test]
    fn a_document_counts_once() {
        let table = table(&[vec![3, 3, 200], vec![3], vec![0]], 2);
        assert_eq!((table.len(), table.row(3), table.row(200)), (1, Some(0), None));
        assert_eq!(table.idf(0), (4.0f64 / 3.0).ln() + 1.0);
    }

    proptest! {
        #[test]
        fn places_are_those_of_a_search(numbers in prop::collection::btree_set(0u32..1000, 0..200), asked in 0u32..1100) {
            let numbers: Vec<u32> = numbers.into_iter().collect();
            let expected = numbers.binary_search(&asked).ok().map(|place| place as u32);
            prop_assert_eq!(Places::of(&numbers).find(asked), expected);
        }

        #[test]
        fn what_is_written_is_read_and_any_flipped_byte_is_found(
            documents in prop::collection::vec(prop::collection::vec(0u32..256, 0..20), 0..20), at: prop::sample::Index,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(FILE);
            let table = table(&documents, 1);
            table.write(&path).unwrap();
            prop_assert_eq!(&Table::open(&path, 8).unwrap(), &table);
            let mut bytes = std::fs::read(&path).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 0x40;
            prop_assert!(parse(&bytes, 8).is_err());
            prop_assert!(parse(&bytes[..at], 8).is_err());
        }
    }
}
