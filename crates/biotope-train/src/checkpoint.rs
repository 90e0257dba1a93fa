//! Checkpoints: a folder appears whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use biotope_core::RecordId;
use biotope_nn::{Params, params};
use biotope_optim::{Ema, Optimizer};
use candle_core::Device;

use crate::state::State;
use crate::{Error, Result};

const MODEL: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";

/// What moves the weights: a run goes on from it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movers<'a> {
    pub(crate) optimizer: &'a Optimizer,
    pub(crate) ema: Option<&'a Ema>,
}

/// Writes a checkpoint in place of the one before; `movers` only where the run goes on from it.
pub(crate) fn save(dir: &Path, state: &mut State, params: &Params, movers: Option<Movers<'_>>) -> Result<()> {
    replace(dir, |fresh| {
        params.save(&fresh.join(MODEL))?;
        state.files = [(MODEL.to_owned(), digest(&fresh.join(MODEL))?)].into();
        if let Some(Movers { optimizer, ema }) = movers {
            let mut tensors: HashMap<_, _> = optimizer.state()?.into_iter().collect();
            tensors.extend(ema.map_or_else(|| Ok(BTreeMap::new()), Ema::state)?);
            params::save(&tensors, &fresh.join(OPTIMIZER))?;
            state.files.insert(OPTIMIZER.to_owned(), digest(&fresh.join(OPTIMIZER))?);
        }
        let text = serde_json::to_vec_pretty(state).expect("a state is plain data with text keys");
        write(&fresh.join(STATE), &text)
    })
}

/// The state of a checkpoint; `None` if there is no checkpoint. Mends what a crash left between two renames.
pub(crate) fn state(dir: &Path) -> Result<Option<State>> {
    let old = sibling(dir, "old");
    if !dir.exists() && old.exists() {
        rename(&old, dir)?;
    }
    if !dir.exists() {
        return Ok(None);
    }
    let path = dir.join(STATE);
    let text = fs::read(&path).map_err(Error::io(&path))?;
    let state: State =
        serde_json::from_slice(&text).map_err(|error| Error::corrupted(&path, error.to_string()))?;
    if state.format != State::FORMAT {
        return Err(Error::corrupted(
            &path,
            format!("its format is {}, expected {}", state.format, State::FORMAT),
        ));
    }
    for (name, expected) in &state.files {
        let file = dir.join(name);
        let got = digest(&file)?;
        if got != *expected {
            return Err(Error::corrupted(&file, format!("its digest is {got}, {STATE} says {expected}")));
        }
    }
    Ok(Some(state))
}

/// Takes over the weights of a checkpoint.
pub(crate) fn load_params(dir: &Path, params: &Params) -> Result<()> {
    Ok(params.load(&dir.join(MODEL))?)
}

/// Takes over the optimizer of a checkpoint, and the mean of the weights if there is one.
pub(crate) fn load_movers(dir: &Path, optimizer: &mut Optimizer, ema: Option<&mut Ema>) -> Result<()> {
    let mut state = params::open(&dir.join(OPTIMIZER), &Device::Cpu)?;
    if let Some(ema) = ema {
        ema.load_state(&state)?;
        state.retain(|name, _| !name.starts_with("ema/"));
    }
    Ok(optimizer.load_state(&state)?)
}

/// Fills a neighbour folder and puts it in place by renames: a crash leaves the old folder, at its name or beside it.
fn replace(dir: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let (fresh, old) = (sibling(dir, "new"), sibling(dir, "old"));
    remove(&fresh)?;
    fs::create_dir_all(&fresh).map_err(Error::io(&fresh))?;
    if let Err(error) = fill(&fresh).and_then(|()| sync(&fresh)) {
        // The first error is the one to tell; on a full disk the half-written folder must not stay.
        fs::remove_dir_all(&fresh).ok();
        return Err(error);
    }
    remove(&old)?;
    if dir.exists() {
        rename(dir, &old)?;
    }
    rename(&fresh, dir)?;
    if let Some(parent) = dir.parent() {
        sync(parent)?;
    }
    remove(&old)
}

fn sibling(dir: &Path, suffix: &str) -> PathBuf {
    dir.with_extension(suffix)
}

fn remove(dir: &Path) -> Result<()> {
    if dir.exists() { fs::remove_dir_all(dir).map_err(Error::io(dir)) } else { Ok(()) }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::io(to))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written =
        File::create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(Error::io(path))
}

/// Names in a folder are on the disk only after this (Unix; elsewhere a folder cannot be opened).
fn sync(dir: &Path) -> Result<()> {
    if cfg!(unix) { File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::io(dir)) } else { Ok(()) }
}

fn digest(path: &Path) -> Result<RecordId> {
    Ok(RecordId::of(&[&fs::read(path).map_err(Error::io(path))?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(dir: &Path) -> String {
        fs::read_to_string(dir.join("x")).unwrap()
    }

    fn fill(text: &str) -> impl FnOnce(&Path) -> Result<()> + '_ {
        move |fresh| write(&fresh.join("x"), text.as_bytes())
    }

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("last");
        replace(&dir, fill("one")).unwrap();
        replace(&dir, fill("two")).unwrap();
        assert_eq!(text(&dir), "two");
        let gives_up = |fresh: &Path| {
            write(&fresh.join("x"), b"half")?;
            Err(Error::NoParameters)
        };
        replace(&dir, gives_up).unwrap_err();
        assert_eq!(text(&dir), "two");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing half-written is left beside it");
        replace(&dir, fill("three")).unwrap();
        assert_eq!(text(&dir), "three");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_crash_between_the_renames_leaves_the_old_one() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("last");
        replace(&dir, fill("one")).unwrap();
        fs::rename(&dir, sibling(&dir, "old")).unwrap();
        state(&dir).unwrap_err(); // there is no state.json in this toy, but the folder is back
        assert_eq!(text(&dir), "one");
    }
}
