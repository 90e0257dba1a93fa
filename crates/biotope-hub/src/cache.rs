//! The folder of verified files: a file stands under its final name only after its digest was checked.
//!
//! ```text
//! assets/NAME         files of the asset table, so that a prefix is a folder (`assets/minilm/config.json`)
//! files/KEY/NAME      files of other sources
//! records/KEY.json    digest, size and source of each file: what is enforced on every later use
//! packages/KEY/       packages that files were taken out of; may be deleted at any time
//! partial/KEY/        transfers under way
//! locks/KEY.lock      held while a file is fetched, by thread and by process
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use biotope_core::Progress;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::{Digest, Spec};

/// The cache folder.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    root: PathBuf,
}

/// Where a file lies in the cache.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    key: String,
    relative: PathBuf,
}

/// What is known about a file in the cache.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// Size.
    pub bytes: u64,
    /// Where it came from, without secrets.
    pub source: String,
}

/// Held while a file is fetched; released when dropped, even by a crash.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// 128 bits of a digest: a file name for any text.
fn key(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()[..32].to_owned()
}

impl Place {
    /// The place of an asset; a name without extension gets that of its first source.
    pub(crate) fn of_asset(name: &str, first: &Spec) -> Self {
        let file_name = first.file_name();
        let extension = Path::new(&file_name).extension().and_then(|extension| extension.to_str());
        let relative = match extension {
            Some(extension) if Path::new(name).extension().is_none() => format!("assets/{name}.{extension}"),
            _ => format!("assets/{name}"),
        };
        Self { key: key(&format!("asset:{name}")), relative: relative.into() }
    }

    /// The place of a source; another pin is another place.
    pub(crate) fn of_spec(spec: &Spec, pin: Option<Digest>) -> Self {
        let pin = pin.map(|pin| pin.to_string()).unwrap_or_default();
        let key = key(&format!("{}#{pin}", spec.identity()));
        Self { relative: Path::new("files").join(&key).join(spec.file_name()), key }
    }
}

impl Cache {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The final name of a file.
    pub(crate) fn file(&self, place: &Place) -> PathBuf {
        self.root.join(&place.relative)
    }

    /// Digest and size of the file that lies there, if one does.
    pub(crate) fn digest(&self, place: &Place) -> Result<Option<Digest>> {
        let path = self.file(place);
        match Digest::of_file(&path) {
            Ok((digest, _)) => Ok(Some(digest)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(Error::io(&path)(error)),
        }
    }

    /// Where the record of a place lies.
    pub(crate) fn record_path(&self, place: &Place) -> PathBuf {
        self.root.join("records").join(format!("{}.json", place.key))
    }

    /// The record of a place, if there is one.
    pub(crate) fn record(&self, place: &Place) -> Result<Option<Record>> {
        let path = self.record_path(place);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        let record = serde_json::from_slice(&bytes).map_err(io::Error::from).map_err(Error::io(&path))?;
        Ok(Some(record))
    }

    /// Waits until nobody else fetches this file.
    pub(crate) fn lock(&self, place: &Place, progress: &dyn Progress) -> Result<Lock> {
        self.lock_key(&place.key, progress)
    }

    fn lock_key(&self, key: &str, progress: &dyn Progress) -> Result<Lock> {
        let path = self.folder("locks")?.join(format!("{key}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::io(&path))?;
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
            Err(TryLockError::WouldBlock) => {
                progress.say("waiting for another process that fetches the same file");
            }
        }
        file.lock().map_err(Error::io(&path))?;
        Ok(Lock { _file: file })
    }

    /// The folder in which one source of a file works; what a cut transfer left there is still there.
    pub(crate) fn staging(&self, place: &Place, spec: &Spec) -> Result<PathBuf> {
        self.folder(&format!("partial/{}/{}", place.key, key(&spec.identity())))
    }

    /// Forgets all transfers of a file.
    pub(crate) fn forget_staging(&self, place: &Place) {
        // What cannot be removed is found again and overwritten by the next transfer.
        let _ = fs::remove_dir_all(self.root.join("partial").join(&place.key));
    }

    /// The folder of a package, with a lock on it.
    pub(crate) fn package(&self, spec: &Spec, progress: &dyn Progress) -> Result<(PathBuf, Lock)> {
        let key = key(&spec.package_identity());
        let lock = self.lock_key(&key, progress)?;
        Ok((self.folder(&format!("packages/{key}"))?, lock))
    }

    /// Forgets a package.
    pub(crate) fn forget_package(&self, spec: &Spec) {
        // As above: a new download replaces it.
        let _ = fs::remove_dir_all(self.root.join("packages").join(key(&spec.package_identity())));
    }

    /// Gives a verified file its final name, in one step, and writes its record.
    pub(crate) fn commit(&self, place: &Place, staged: &Path, record: &Record) -> Result<PathBuf> {
        let path = self.file(place);
        let parent = path.parent().expect("a place lies below the root");
        fs::create_dir_all(parent).map_err(Error::io(parent))?;
        self.write_record(place, record)?;
        File::open(staged).and_then(|file| file.sync_all()).map_err(Error::io(staged))?;
        fs::rename(staged, &path).map_err(Error::io(&path))?;
        self.forget_staging(place);
        Ok(path)
    }

    fn write_record(&self, place: &Place, record: &Record) -> Result<()> {
        let folder = self.folder("records")?;
        let path = self.record_path(place);
        let json = serde_json::to_vec_pretty(record).map_err(io::Error::from).map_err(Error::io(&path))?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(Error::io(&folder))?;
        file.write_all(&json).and_then(|()| file.as_file().sync_all()).map_err(Error::io(&path))?;
        file.persist(&path).map_err(|error| Error::io(&path)(error.error))?;
        Ok(())
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).map_err(Error::io(&path))?;
        Ok(path)
    }
}

/// Whether there is nothing: also where a part of the path is a file.
fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::Silent;

    fn spec(text: &str) -> Spec {
        Spec::parse(text).unwrap()
    }

    #[test]
    fn places_are_apart_and_keep_extensions() {
        let a = Place::of_asset("reuters-r8-test", &spec("pypi:p==1/x.tab"));
        assert_eq!(a.relative, Path::new("assets/reuters-r8-test.tab"));
        let b = Place::of_asset("minilm/config.json", &spec("pypi:p==1/x.json"));
        assert_eq!(b.relative, Path::new("assets/minilm/config.json"));
        let plain = Place::of_spec(&spec("hf:a/b@main/c.json"), None);
        let pinned = Place::of_spec(&spec("hf:a/b@main/c.json"), Some(Digest::of(b"")));
        assert!(plain.key != pinned.key && plain.relative.ends_with("c.json"));
    }

    #[test]
    fn a_commit_moves_the_file_and_leaves_a_record() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("cache"));
        let place = Place::of_spec(&spec("https://host.example/a.txt"), None);
        assert_eq!(cache.digest(&place).unwrap(), None);
        let _lock = cache.lock(&place, &Silent).unwrap();
        let staged = cache.staging(&place, &spec("https://host.example/a.txt")).unwrap().join("data");
        fs::write(&staged, "x").unwrap();
        let record = Record { sha256: Digest::of(b"x").to_string(), bytes: 1, source: "s".into() };
        let path = cache.commit(&place, &staged, &record).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "x");
        assert_eq!(cache.record(&place).unwrap(), Some(record));
        assert_eq!(cache.digest(&place).unwrap(), Some(Digest::of(b"x")));
        assert!(!staged.exists() && !dir.path().join("cache/partial").join(&place.key).exists());
    }

    #[test]
    fn a_broken_record_is_told_and_not_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().into());
        let place = Place::of_spec(&spec("https://host.example/a.txt"), None);
        fs::create_dir(dir.path().join("records")).unwrap();
        fs::write(cache.record_path(&place), "{").unwrap();
        let error = cache.record(&place).unwrap_err().to_string();
        assert!(error.contains("records") && error.contains("EOF"), "{error}");
    }
}
