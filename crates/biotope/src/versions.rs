//! What the command line asks of a dataset's versions.

use biotope_data::card::DatasetCard;
use biotope_data::versions::diff::{self, Diff};
use biotope_data::versions::named;
use biotope_data::{At, Committed, Dataset, Opening, Quarantine, Remote, VersionInfo};

use crate::{House, Result};

/// The dataset that `NAME` or `NAME@VERSION` means.
pub fn open(house: &House, name: &str) -> Result<Dataset> {
    let (plain, at) = named(name)?;
    Ok(Dataset::open_as(house.store.dataset(plain)?, at)?)
}

/// All versions of a dataset, newest first.
pub fn history(house: &House, name: &str) -> Result<Vec<VersionInfo>> {
    Ok(open(house, name)?.history()?)
}

/// What lies between two versions: `from` and `to` are numbers, dates or times; by default the last two.
pub fn between(house: &House, name: &str, from: Option<At>, to: Option<At>) -> Result<Diff> {
    let path = house.store.dataset(name)?;
    let new = Dataset::open_as(&path, to.unwrap_or_default())?;
    let before = At::Version(new.version().saturating_sub(1));
    let old = Dataset::open_as(&path, from.unwrap_or(before))?;
    let set_aside = Quarantine::of(&house.store.quarantine(name)?, &new.digest()?)?;
    Ok(diff::diff(&old, &new, set_aside.into_iter().flatten())?)
}

/// Makes the content of `NAME@VERSION` the newest version.
pub fn rollback(house: &House, name: &str) -> Result<Committed> {
    Ok(open(house, name)?.rollback()?)
}

/// Every recorded opening of the test split.
pub fn openings(house: &House, name: &str) -> Result<Vec<Opening>> {
    Ok(open(house, name)?.openings()?)
}

/// The card of `NAME` or `NAME@VERSION`, given on under `license`.
pub fn card(house: &House, name: &str, license: &str) -> Result<DatasetCard> {
    let (dataset, plain) = (open(house, name)?, named(name)?.0);
    Ok(DatasetCard::of(&dataset, plain, license)?)
}

/// Pushes `NAME` or `NAME@VERSION` to a Delta table at an address.
pub fn push(house: &House, name: &str, url: &str) -> Result<Committed> {
    Ok(Remote::new(url)?.push(&open(house, name)?)?)
}

/// Pulls a version from such a table as the next version of a dataset here.
pub fn pull(house: &House, name: &str, url: &str, version: Option<u64>) -> Result<Committed> {
    Ok(Remote::new(url)?.pull(version, &house.store.dataset(name)?)?)
}
