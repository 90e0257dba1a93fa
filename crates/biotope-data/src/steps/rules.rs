//! What the quality filters have in common: one set of thresholds for spaced scripts, one for Chinese.
// tidy: no entry because it is what the quality filters compare with

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use biotope_core::{Invalid, Table};

/// Reads a table of thresholds in which whatever is not said is as in `defaults`.
pub(super) fn over<'de, T, D>(defaults: &T, from: D) -> Result<T, D::Error>
where
    T: Serialize + DeserializeOwned,
    D: Deserializer<'de>,
{
    let said = Table::deserialize(from)?;
    let mut table = Table::try_from(defaults).map_err(D::Error::custom)?;
    table.extend(said);
    table.try_into().map_err(D::Error::custom)
}

/// Refuses what is not a share.
pub(super) fn check_shares(shares: &[(&str, f64)]) -> Result<(), Invalid> {
    match shares.iter().find(|(_, share)| !(0.0..=1.0).contains(share)) {
        Some((field, share)) => Err(Invalid::new(*field, "must be in 0..=1", share)),
        None => Ok(()),
    }
}

/// `part / whole`; nothing of nothing is nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Why a share is too large, if it is.
pub(super) fn above(what: &str, part: usize, whole: usize, most: f64) -> Option<String> {
    let share = share(part, whole);
    (share > most).then(|| format!("{what}: {share:.3}, at most {most}"))
}

/// Why a share is too small, if it is.
pub(super) fn below(what: &str, part: usize, whole: usize, least: f64) -> Option<String> {
    let share = share(part, whole);
    (share < least).then(|| format!("{what}: {share:.3}, at least {least}"))
}
