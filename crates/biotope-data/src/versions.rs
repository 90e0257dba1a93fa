//! Versions of a dataset: which one is meant, what lies between two of them, and the way back to an older one.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use biotope_core::Invalid;
use jiff::Timestamp;
use serde_json::json;

use crate::dataset::{Committed, Dataset};
use crate::dates::moment;
use crate::table::log;
use crate::{Error, Result};

pub mod diff;
pub mod find;

/// Which version is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// The newest.
    #[default]
    Newest,
    /// By its number.
    Version(u64),
    /// The newest that was committed at or before a moment.
    Time(Timestamp),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("newest"),
            Self::Version(version) => write!(f, "{version}"),
            Self::Time(time) => write!(f, "{time}"),
        }
    }
}

impl FromStr for At {
    type Err = Invalid;

    /// `3`, `2026-11-24` (its first moment, UTC), `2026-11-24T18:00:00Z`, or `newest`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text == "newest" {
            return Ok(Self::Newest);
        }
        let version = text.parse().ok().map(Self::Version);
        version.or_else(|| moment(text).map(Self::Time)).ok_or_else(|| {
            Invalid::new("version", "must be a number, a date or a time", format!("{text:?}"))
                .with_hint("NAME@3, NAME@2026-11-24 or NAME@2026-11-24T18:00:00Z")
        })
    }
}

/// The name and the version of `NAME`, `NAME@3` or `NAME@2026-11-24`.
///
/// ```
/// use biotope_data::versions::{At, named};
/// assert_eq!(named("news@3")?, ("news", At::Version(3)));
/// assert_eq!(named("新闻")?, ("新闻", At::Newest));
/// # Ok::<(), biotope_core::Invalid>(())
/// ```
pub fn named(text: &str) -> Result<(&str, At), Invalid> {
    let (name, at) = text.split_once('@').unwrap_or((text, ""));
    Ok((name, at.parse()?))
}

impl Dataset {
    /// The version that is meant.
    pub fn open_as(path: impl AsRef<Path>, at: At) -> Result<Self> {
        let path = path.as_ref();
        match at {
            At::Newest => Self::open(path),
            At::Version(version) => Self::open_at(path, version),
            At::Time(time) => Self::open_at(path, committed_before(path, time)?),
        }
    }

    /// Makes a new version that has the rows of this one, without writing them anew: only the log grows. If the newest
    /// version has the same content, nothing is written.
    pub fn rollback(&self) -> Result<Committed> {
        let (digest, rows) = (self.digest()?, self.len()?);
        let newest = Self::open(self.path())?;
        if newest.digest()? == digest {
            return Ok(Committed { version: newest.version(), digest, rows, written: false });
        }
        let mut about = self.about()?;
        if !about.is_object() {
            about = json!({});
        }
        about["rollback_to"] = self.version().into();
        let info = json!({ "digest": digest, "rows": rows, "about": about });
        let version = log::restore(self.path(), self.version(), info)?;
        Ok(Committed { version, digest, rows, written: true })
    }
}

fn committed_before(path: &Path, time: Timestamp) -> Result<u64> {
    let missing = || Error::NoDataset { path: path.to_owned(), version: None };
    let versions = if path.join("_delta_log").is_dir() { log::versions(path)? } else { Vec::new() };
    let first = *versions.first().ok_or_else(missing)?;
    for version in versions.into_iter().rev() {
        if log::commit_info(path, version)?.0 <= time.as_millisecond() {
            return Ok(version);
        }
    }
    let began = Timestamp::from_millisecond(log::commit_info(path, first)?.0).unwrap_or_default();
    let rule = format!("must not lie before the first version, {began}");
    Err(Invalid::new("version", rule, time).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_named_by_number_date_and_time() {
        assert_eq!(named("a@2026-11-24").unwrap().1, At::Time(moment("2026-11-24").unwrap()));
        assert_eq!(named("a@newest").unwrap(), ("a", At::Newest));
        assert_eq!(
            named("a@last week").unwrap_err().to_string(),
            "invalid version: must be a number, a date or a time, got \"last week\""
        );
    }
}
