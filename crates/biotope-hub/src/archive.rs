//! One file out of a package.
//!
//! The name of the target is ours, never the package's; only regular files are taken, never links; sizes are counted
//! while unpacking, whatever the package claims.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use biotope_core::suggest;
use flate2::read::GzDecoder;

/// Why a file could not be taken out.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It is not in there; perhaps another is meant.
    Missing(Option<String>),
    /// The package is damaged.
    Broken(String),
    /// More bytes than allowed.
    TooLarge,
    /// The target cannot be written.
    Disk(io::Error),
}

/// Result of unpacking.
pub(crate) type Outcome = std::result::Result<(), Failure>;

/// Most entries of a package that are looked at.
const MOST_ENTRIES: usize = 1_000_000;

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(error.to_string())
}

/// The file `path` of a zip archive.
pub(crate) fn from_zip(archive: &Path, path: &str, target: &Path, limit: u64) -> Outcome {
    let file = File::open(archive).map_err(broken)?;
    let mut zip = zip::ZipArchive::new(io::BufReader::new(file)).map_err(broken)?;
    if zip.index_for_name(path).is_none() {
        return Err(Failure::Missing(suggest::nearest(path, zip.file_names()).map(str::to_owned)));
    }
    let mut entry = zip.by_name(path).map_err(broken)?;
    if !entry.is_file() || entry.is_symlink() {
        return Err(broken("the entry is no regular file"));
    }
    copy(&mut entry, target, limit)
}

/// The file `path` below the one top folder of a gzipped tape archive, as npm packs it.
pub(crate) fn from_tgz(archive: &Path, path: &str, target: &Path, limit: u64) -> Outcome {
    let file = File::open(archive).map_err(broken)?;
    let inner = |name: &str| name.split_once('/').map(|(_, inner)| inner.to_owned());
    take(GzDecoder::new(io::BufReader::new(file)), path, inner, target, limit)
}

/// The file `path` of a tape archive whose names begin with `./`, as Debian packs it.
pub(crate) fn from_tar(stream: impl Read, path: &str, target: &Path, limit: u64) -> Outcome {
    take(stream, path, |name| Some(name.trim_start_matches("./").to_owned()), target, limit)
}

fn take(
    stream: impl Read,
    path: &str,
    inner: impl Fn(&str) -> Option<String>,
    target: &Path,
    limit: u64,
) -> Outcome {
    let mut names = Vec::new();
    let mut tar = tar::Archive::new(stream);
    for entry in tar.entries().map_err(broken)?.take(MOST_ENTRIES) {
        let mut entry = entry.map_err(broken)?;
        let Some(name) = inner(&String::from_utf8_lossy(&entry.path_bytes())) else { continue };
        if name == path {
            let regular = entry.header().entry_type().is_file();
            return if regular {
                copy(&mut entry, target, limit)
            } else {
                Err(broken("the entry is no regular file"))
            };
        }
        names.push(name);
    }
    Err(Failure::Missing(suggest::nearest(path, names.iter().map(String::as_str)).map(str::to_owned)))
}

fn copy(entry: &mut impl Read, target: &Path, limit: u64) -> Outcome {
    let mut file = File::create(target).map_err(Failure::Disk)?;
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = match entry.read(&mut buffer) {
            Ok(0) => return file.flush().map_err(Failure::Disk),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        bytes += read as u64;
        if bytes > limit {
            return Err(Failure::TooLarge);
        }
        file.write_all(&buffer[..read]).map_err(Failure::Disk)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::fs;
    use zip::write::SimpleFileOptions;

    fn zip_with(dir: &Path, entries: &[(&str, &[u8])]) -> std::path::PathBuf {
        let path = dir.join("x.whl");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        path
    }

    fn tar_with(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "package/link", "/etc/passwd").unwrap();
        tar.into_inner().unwrap()
    }

    #[test]
    fn one_file_of_a_wheel() {
        let dir = tempfile::tempdir().unwrap();
        let (wheel, target) =
            (zip_with(dir.path(), &[("a/b.tab", b"hello"), ("../../evil", b"x")]), dir.path().join("t"));
        from_zip(&wheel, "a/b.tab", &target, 5).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"hello");
        assert!(matches!(from_zip(&wheel, "a/b.tab", &target, 4), Err(Failure::TooLarge)));
        assert!(
            matches!(from_zip(&wheel, "a/c.tab", &target, 9), Err(Failure::Missing(Some(near))) if near == "a/b.tab")
        );
        assert!(matches!(from_zip(&wheel, "link", &target, 99), Err(Failure::Broken(_))));
        fs::write(&wheel, "no zip").unwrap();
        assert!(matches!(from_zip(&wheel, "a/b.tab", &target, 9), Err(Failure::Broken(_))));
        assert!(!dir.path().join("../../evil").exists());
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        let (wheel, target) = (zip_with(dir.path(), &[("bomb", &vec![0; 4 << 20])]), dir.path().join("t"));
        assert!(fs::metadata(&wheel).unwrap().len() < 20_000);
        assert!(matches!(from_zip(&wheel, "bomb", &target, 1 << 20), Err(Failure::TooLarge)));
        assert!(fs::metadata(&target).unwrap().len() <= 1 << 20);
    }

    #[test]
    fn one_file_of_a_tape_archive() {
        let dir = tempfile::tempdir().unwrap();
        let (tgz, target) = (dir.path().join("x.tgz"), dir.path().join("t"));
        let tar = tar_with(&[("package/a.json", b"{}"), ("package/b.json", b"[]")]);
        let mut gz = GzEncoder::new(File::create(&tgz).unwrap(), Compression::fast());
        gz.write_all(&tar).unwrap();
        gz.finish().unwrap();
        from_tgz(&tgz, "b.json", &target, 2).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"[]");
        assert!(matches!(from_tgz(&tgz, "link", &target, 9), Err(Failure::Broken(_))));
        assert!(
            matches!(from_tgz(&tgz, "a.jsn", &target, 9), Err(Failure::Missing(Some(near))) if near == "a.json")
        );
        let debian = tar_with(&[("./usr/share/x", b"x")]);
        from_tar(debian.as_slice(), "usr/share/x", &target, 1).unwrap();
        assert!(matches!(from_tar(&debian[..100], "usr/share/x", &target, 1), Err(Failure::Broken(_))));
    }
}
