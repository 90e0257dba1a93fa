//! Small files, whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::{Error, Result};

/// Writes a file into its folder: into a temporary neighbour, flushed, then renamed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Error::io("write in", folder))?;
    let written = file.write_all(bytes).and_then(|()| file.as_file().sync_all());
    written.map_err(Error::io("write", path))?;
    file.persist(path).map_err(|error| Error::io("write", path)(error.error))?;
    Ok(())
}
