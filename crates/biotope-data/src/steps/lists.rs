//! Lists of terms, domains or addresses: said in the recipe or read from files when the step is made.
//!
//! A bundle is opened where the files are not, so what was read travels inline (see [`crate::Step::settled`]).
// tidy: no entry because it is what two steps read their lists with

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use biotope_core::{Invalid, Table};

use crate::{Error, Result};

/// Largest list file, in bytes.
const MAX_BYTES: u64 = 8 << 20;
/// Most entries of a list.
const MAX_ENTRIES: usize = 500_000;
/// Longest entry, in bytes.
const MAX_LENGTH: usize = 500;

/// Reads a list: one entry a line, `#` begins a comment line, empty lines do not count.
pub(super) fn read(path: &Path) -> Result<Vec<String>> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(Error::io("read", path))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(Error::io("read", path))?;
    if text.len() as u64 > MAX_BYTES {
        let why = format!("it has more than {MAX_BYTES} bytes");
        return Err(Error::Format { path: path.to_owned(), expected: "list", why });
    }
    let text = String::from_utf8(text).map_err(|error| Error::Format {
        path: path.to_owned(),
        expected: "list in UTF-8",
        why: error.utf8_error().to_string(),
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

/// Adds what the files say to what was said inline, sorted and without doubles; `field` names it in errors.
pub(super) fn gather(field: &'static str, inline: &[String], files: &[PathBuf]) -> Result<Vec<String>> {
    let mut all = inline.to_vec();
    for file in files {
        all.extend(read(file)?);
    }
    all.sort();
    all.dedup();
    if all.len() > MAX_ENTRIES {
        return Err(Invalid::new(field, format!("must have at most {MAX_ENTRIES} entries"), all.len()).into());
    }
    match all.iter().find(|entry| entry.trim().is_empty() || entry.len() > MAX_LENGTH) {
        Some(wrong) => {
            let got: String = wrong.chars().take(40).collect();
            let rule = format!("must have entries of 1 to {MAX_LENGTH} bytes");
            Err(Invalid::new(field, rule, format!("{got:?}")).into())
        }
        None => Ok(all),
    }
}

/// The options of a step with its lists inline and no file.
pub(super) fn inline(options: impl serde::Serialize) -> Option<Table> {
    Table::try_from(options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_within_limits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        std::fs::write(&path, "\u{feff}# comment\nbeta\n\n  赌博 \nalpha\n").unwrap();
        let all = gather("terms", &["beta".into()], std::slice::from_ref(&path)).unwrap();
        assert_eq!(all, ["alpha", "beta", "赌博"]);
        std::fs::write(&path, b"\xff\xfe").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(
            error.ends_with("list.txt is no list in UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
            "{error}"
        );
        let error = gather("terms", &["x".repeat(600)], &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("invalid terms: must have entries of 1 to 500 bytes, got \"xxx"),
            "{error}"
        );
        assert!(read(&folder.path().join("none")).unwrap_err().to_string().starts_with("cannot read "));
    }
}
