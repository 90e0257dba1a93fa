//! The table's log: versions with what each commit said, and the commit that replaces the content.

use std::path::{Path, PathBuf};

use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add};
use deltalake::operations::create::CreateBuilder;
use deltalake::protocol::{DeltaOperation, SaveMode};
use serde_json::Value;

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
    let text = std::fs::read_to_string(&file).map_err(Error::io("read", &file))?;
    let mut lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let info = lines.find_map(|mut line| line.get_mut("commitInfo").map(Value::take)).unwrap_or_default();
    let operation = info["operation"].as_str().unwrap_or("UNKNOWN").to_owned();
    Ok((info["timestamp"].as_i64().unwrap_or(0), operation, info[KEY].clone()))
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

/// Replaces the table's content by `adds` in one commit; makes the table if there is none. Returns the version.
pub(crate) fn replace(path: &Path, layout: Layout, adds: Vec<Add>, info: Value) -> Result<u64> {
    let said = CommitProperties::default()
        .with_metadata([(KEY.to_owned(), info)])
        .with_cleanup_expired_logs(Some(false));
    let mut actions: Vec<Action> = adds.into_iter().map(Action::Add).collect();
    let done = if exists(path) {
        let table = load(path, None)?;
        let snapshot = table.snapshot().map_err(Error::table(path))?;
        actions.extend(snapshot.log_data().iter().map(|file| Action::Remove(file.remove_action(true))));
        let operation =
            DeltaOperation::Write { mode: SaveMode::Overwrite, partition_by: None, predicate: None };
        let commit = CommitBuilder::from(said).with_actions(actions).build(
            Some(snapshot),
            table.log_store(),
            operation,
        );
        wait(async { commit.await.map(|done| done.version()) })
    } else {
        let store = builder(path)?.build().map_err(Error::table(path))?.log_store();
        let create = CreateBuilder::new()
            .with_log_store(store)
            .with_columns(layout.columns())
            .with_actions(actions)
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_commit_properties(said);
        wait(async { create.await.map(|table| table.version().unwrap_or(0)) })
    };
    done.map_err(Error::table(path))
}
