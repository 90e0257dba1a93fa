//! A folder in which work is under way, and who may clear it up.
//!
//! A killed process cannot remove its unfinished files; nobody else can tell them from those of a running one by their
//! looks. So everybody who works in a folder holds a shared lock on a file in it, which the system lets go when the
//! process ends, however it ends. Who comes and gets the lock for himself alone knows that all unfinished files are
//! nobody's, and removes them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use crate::{Error, Result};

/// The file that is locked; its leading dot hides it from engines that read the folder.
const LOCK: &str = ".in-use";

/// Somebody at work in a folder, until dropped.
#[derive(Debug)]
pub struct Workplace {
    /// `None` where the file system knows no locks: then nothing is ever swept.
    _lock: Option<File>,
}

impl Workplace {
    /// Begins work in a folder, which is made if need be. If nobody else is at work in it, everything directly in it
    /// whose name `is_unfinished` is removed first.
    pub fn enter(folder: &Path, is_unfinished: impl Fn(&str) -> bool) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("make folder", folder))?;
        let path = folder.join(LOCK);
        let open = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
        let file = open.map_err(Error::io("write in", folder))?;
        match file.try_lock() {
            Ok(()) => {
                sweep(folder, is_unfinished)?;
                // Between the two locks another may sweep; nothing of ours lies here yet.
                file.unlock().map_err(Error::io("unlock", &path))?;
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(_)) => return Ok(Self { _lock: None }),
        }
        // Waits for a sweep that is under way, never for work.
        file.lock_shared().map_err(Error::io("lock", &path))?;
        Ok(Self { _lock: Some(file) })
    }
}

fn sweep(folder: &Path, is_unfinished: impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        if !is_unfinished(&entry.file_name().to_string_lossy()) {
            continue;
        }
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(Error::io("remove", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(folder: &Path) -> Workplace {
        Workplace::enter(folder, |name| name.starts_with("run-")).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_nobodys_goes_and_what_is_somebodys_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = enter(folder.path());
        fs::create_dir(folder.path().join("run-1")).unwrap();
        fs::write(folder.path().join("run-1/x"), "x").unwrap();
        fs::write(folder.path().join("run-2"), "x").unwrap();
        fs::write(folder.path().join("kept"), "x").unwrap();
        let second = enter(folder.path());
        assert_eq!(names(folder.path()), [".in-use", "kept", "run-1", "run-2"]);
        drop(first);
        let third = enter(folder.path());
        assert_eq!(names(folder.path()), [".in-use", "kept", "run-1", "run-2"]);
        drop((second, third));
        let _alone = enter(folder.path());
        assert_eq!(names(folder.path()), [".in-use", "kept"]);
    }
}
