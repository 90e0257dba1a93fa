//! The ids that `bench/peers/workload.py` wrote: little-endian 32-bit integers.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use biotope_core::{Features, RecordId, Target};
use biotope_nn::Example;

/// The integers of a file.
pub(crate) fn integers(path: &Path) -> Result<Vec<u32>> {
    let bytes = fs::read(path)
        .with_context(|| format!("{} (`cargo xtask bench --peers` writes it)", path.display()))?;
    ensure!(
        bytes.len().is_multiple_of(4),
        "{}: {} bytes are no 32-bit integers",
        path.display(),
        bytes.len()
    );
    let (words, _) = bytes.as_chunks::<4>();
    Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
}

/// The texts `NAME.bin`, cut by `NAME.lengths.bin`, with the classes of `NAME.labels.bin`.
pub(crate) fn texts(work: &Path, name: &str, target: fn(u32) -> Target) -> Result<Vec<Example>> {
    let read = |kind: &str| integers(&work.join(format!("{name}{kind}.bin")));
    let (ids, lengths, labels) = (read("")?, read(".lengths")?, read(".labels")?);
    ensure!(lengths.len() == labels.len(), "{name}: {} lengths, {} labels", lengths.len(), labels.len());
    let total: usize = lengths.iter().map(|length| *length as usize).sum();
    ensure!(total == ids.len(), "{name}: lengths add up to {total}, there are {} ids", ids.len());
    let mut rest = ids.as_slice();
    let cut = |(at, (length, label)): (usize, (&u32, &u32))| {
        let (text, after) = rest.split_at(*length as usize);
        rest = after;
        Example {
            id: RecordId::of(&[name.as_bytes(), &at.to_le_bytes()]),
            features: Features::Tokens(text.to_vec()),
            target: Some(target(*label)),
        }
    };
    Ok(lengths.iter().zip(&labels).enumerate().map(cut).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, numbers: &[u32]) {
        fs::write(path, numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>()).unwrap();
    }

    #[test]
    fn texts_are_cut_by_their_lengths() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("x.bin"), &[1, 2, 3]);
        write(&dir.path().join("x.lengths.bin"), &[2, 1]);
        write(&dir.path().join("x.labels.bin"), &[0, 3]);
        let class = |label| Target::Class(label as usize);
        let found = texts(dir.path(), "x", class).unwrap();
        assert_eq!(found[0].features, Features::Tokens(vec![1, 2]));
        assert_eq!((found.len(), &found[1].target), (2, &Some(Target::Class(3))));
        write(&dir.path().join("x.lengths.bin"), &[2, 2]);
        let error = texts(dir.path(), "x", class).unwrap_err().to_string();
        assert_eq!(error, "x: lengths add up to 4, there are 3 ids");
        assert!(texts(dir.path(), "y", class).unwrap_err().to_string().contains("y.bin"));
    }
}
