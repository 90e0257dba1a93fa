//! The table's log: versions with what each commit said, and the commit that replaces the content.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use deltalake::DeltaTable;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, EagerSnapshot};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use serde_json::Value;

use crate::table::part::add;
use crate::table::read::rows;
use crate::table::record::Layout;
use crate::table::{builder, exists, load, wait};
use crate::{Error, Result};

/// Key of our own entry in a commit.
const KEY: &str = "biotope";

/// The versions whose commits lie in the log, ascending.
pub(crate) fn versions(path: &Path) -> Result<Vec<u64>> {
    let folder = path.join("_delta_log");
    let entries = std::fs::read_dir(&folder).map_err(Error::io("read", &folder))?;
    let number = |name: String| name.strip_suffix(".json").and_then(|stem| stem.parse().ok());
    let mut versions: Vec<u64> = entries
        .flatten()
        .filter_map(|entry| number(entry.file_name().to_string_lossy().into_owned()))
        .collect();
    versions.sort_unstable();
    Ok(versions)
}

/// Commit time in milliseconds since 1970, operation, and what we said in a commit.
pub(crate) fn commit_info(path: &Path, version: u64) -> Result<(i64, String, Value)> {
    let file = commit_file(path, version);
    Ok(parsed(&std::fs::read_to_string(&file).map_err(Error::io("read", &file))?))
}

/// The same from the text of a commit.
pub(crate) fn parsed(text: &str) -> (i64, String, Value) {
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let info = lines.find_map(|mut line| line.get_mut("commitInfo").map(Value::take)).unwrap_or_default();
    let operation = info["operation"].as_str().unwrap_or("UNKNOWN").to_owned();
    (info["timestamp"].as_i64().unwrap_or(0), operation, info[KEY].clone())
}

/// Names of the files directly in the table's folder that a commit added.
pub(crate) fn added(path: &Path, version: u64) -> Result<Vec<String>> {
    let file = commit_file(path, version);
    let text = std::fs::read_to_string(&file).map_err(Error::io("read", &file))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let names = lines.filter_map(|line| line["add"]["path"].as_str().map(str::to_owned));
    Ok(names.filter(|name| !name.contains(['/', '\\', '%'])).collect())
}

fn commit_file(path: &Path, version: u64) -> PathBuf {
    path.join("_delta_log").join(format!("{version:020}.json"))
}

/// A table that is to be written, wherever it lies.
pub(crate) struct Place<'a> {
    /// What errors call it.
    pub(crate) name: &'a Path,
    /// Its handle, loaded if it exists.
    pub(crate) table: DeltaTable,
    /// Whether there is a table yet.
    pub(crate) exists: bool,
}

/// Replaces the content of the table in a folder by `adds` in one commit; makes the table if there is none. Returns the
/// version.
pub(crate) fn replace(path: &Path, layout: Layout, adds: Vec<Add>, info: Value) -> Result<u64> {
    let exists = exists(path);
    let table =
        if exists { load(path, None)? } else { builder(path)?.build().map_err(Error::table(path))? };
    commit(&Place { name: path, table, exists }, layout, adds, info)
}

/// As [`replace`], wherever the table lies.
pub(crate) fn commit(place: &Place<'_>, layout: Layout, adds: Vec<Add>, info: Value) -> Result<u64> {
    let said = CommitProperties::default()
        .with_metadata([(KEY.to_owned(), info)])
        .with_cleanup_expired_logs(Some(false));
    let mut actions: Vec<Action> = Vec::new();
    let done = if place.exists {
        let snapshot = place.table.snapshot().map_err(Error::table(place.name))?;
        // A file that both versions have stays as it is: no commit may add and remove it.
        let mut adds: BTreeMap<String, Add> = adds.into_iter().map(|add| (add.path.clone(), add)).collect();
        for file in snapshot.log_data() {
            if adds.remove(file.path().as_ref()).is_none() {
                actions.push(Action::Remove(file.remove_action(true)));
            }
        }
        actions.extend(adds.into_values().map(Action::Add));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: None, predicate: None };
        let commit = CommitBuilder::from(said).with_actions(actions).build(
            Some(snapshot),
            place.table.log_store(),
            operation,
        );
        wait(async { commit.await.map(|done| done.version()) })
    } else {
        actions.extend(adds.into_iter().map(Action::Add));
        let create = CreateBuilder::new()
            .with_log_store(place.table.log_store())
            .with_columns(layout.columns())
            .with_actions(actions)
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_commit_properties(said);
        wait(async { create.await.map(|table| table.version().unwrap_or(0)) })
    };
    done.map_err(Error::table(place.name))
}

/// Makes a new version of the files that an older one has. Returns its number.
pub(crate) fn restore(path: &Path, version: u64, info: Value) -> Result<u64> {
    let said = CommitProperties::default()
        .with_metadata([(KEY.to_owned(), info)])
        .with_cleanup_expired_logs(Some(false));
    let (old, newest) = (load(path, Some(version))?, load(path, None)?);
    let wanted = old.snapshot().map_err(Error::table(path))?;
    let present = newest.snapshot().map_err(Error::table(path))?;
    let names = |snapshot: &EagerSnapshot| -> BTreeSet<String> {
        snapshot.log_data().iter().map(|file| file.path().into_owned()).collect()
    };
    let (before, now) = (names(wanted.snapshot()), names(present.snapshot()));
    let back = wanted.log_data().into_iter().filter(|file| !now.contains(file.path().as_ref()));
    // Not from the log's figures, which another program may have left out.
    let back = back.map(|file| {
        let rows = rows(&path.join(file.path().as_ref()))?;
        Ok(Action::Add(add(file.path().into_owned(), file.size(), rows, file.modification_time())))
    });
    let mut actions: Vec<Action> = back.collect::<Result<_>>()?;
    let gone = present.log_data().into_iter().filter(|file| !before.contains(file.path().as_ref()));
    actions.extend(gone.map(|file| Action::Remove(file.remove_action(true))));
    let operation = DeltaOperation::Restore { version: Some(version), datetime: None };
    let commit = CommitBuilder::from(said).with_actions(actions);
    let commit = commit.build(Some(present), newest.log_store(), operation);
    wait(async { commit.await.map(|done| done.version()) }).map_err(Error::table(path))
}
