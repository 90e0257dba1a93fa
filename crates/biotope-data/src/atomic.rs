//! Small files, whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::table::part::{is_unfinished, make_readable, unfinished};
use crate::{Error, Result, Workplace};

/// Writes a file into its folder: into a temporary neighbour, flushed, then renamed. What killed runs left there of this
/// kind is removed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let _here = Workplace::enter(folder, is_unfinished)?;
    let mut file = unfinished(folder).map_err(Error::io("write in", folder))?;
    let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
    written.map_err(Error::io("write", path))?;
    make_readable(file.as_file());
    file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_for_all_who_see_its_folder_and_what_was_left_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".part-left.tmp"), "x").unwrap();
        write(&folder.path().join("a.json"), b"{}").unwrap();
        assert!(!folder.path().join(".part-left.tmp").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join("a.json")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o644);
        }
    }
}
