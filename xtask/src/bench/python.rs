//! The interpreters of the peers: given by the environment, or made once under `target/bench`.

use std::cell::OnceCell;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, anyhow, ensure};

use crate::run::{root, run};

/// Which environment a program lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What makes the ids, where no peer is run.
    Ids,
    /// `PyTorch` and all that goes with it.
    Torch,
    /// Keras on TensorFlow, apart: it brings its own pins and thread pools.
    Keras,
}

impl Kind {
    /// The variable that names an interpreter, the folder made otherwise, what goes into it.
    fn place(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ids => ("BIOTOPE_BENCH_PYTHON", "venv-ids", "requirements-ids.txt"),
            Self::Torch => ("BIOTOPE_BENCH_PYTHON", "venv", "requirements.txt"),
            Self::Keras => ("BIOTOPE_BENCH_KERAS_PYTHON", "venv-keras", "requirements-keras.txt"),
        }
    }
}

/// Where the peers' programs lie.
pub(crate) fn peers() -> PathBuf {
    root().join("tests/bench/peers")
}

/// The environments; each is made when first asked for, and asked for once.
pub(crate) struct Python {
    folder: PathBuf,
    found: [OnceCell<Result<PathBuf, String>>; 3],
}

impl Python {
    pub(crate) fn find(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), found: Default::default() }
    }

    /// An interpreter that has the packages.
    pub(crate) fn ready(&self, kind: Kind) -> Result<&Path> {
        let cell = &self.found[kind as usize];
        let found = cell.get_or_init(|| self.make(kind).map_err(|error| format!("{error:#}")));
        found.as_deref().map_err(|error| anyhow!("{error}"))
    }

    fn make(&self, kind: Kind) -> Result<PathBuf> {
        let (variable, name, requirements) = kind.place();
        if let Some(given) = env::var_os(variable).filter(|given| !given.is_empty()) {
            let given = PathBuf::from(given);
            ensure!(given.exists(), "{variable}: {} does not exist", given.display());
            return Ok(given);
        }
        let folder = self.folder.join(name);
        let (python, done) = (folder.join("bin/python"), folder.join("done"));
        if !done.exists() {
            Self::install(&folder, &python, &peers().join(requirements), variable)?;
            std::fs::write(done, requirements)?;
        }
        Ok(python)
    }

    fn install(folder: &Path, python: &Path, requirements: &Path, variable: &str) -> Result<()> {
        let hint = format!("; an existing interpreter can be named by {variable}");
        let made = run(Command::new("python3").args(["-m", "venv"]).arg(folder));
        ensure!(made.is_ok_and(|made| made), "python3 could not make {}{hint}", folder.display());
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements);
        ensure!(run(&mut pip)?, "pip could not install {}{hint}", requirements.display());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_packages_pin_every_version() {
        for kind in [Kind::Ids, Kind::Torch, Kind::Keras] {
            let path = peers().join(kind.place().2);
            let text = std::fs::read_to_string(&path).unwrap();
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("==")), "{}", path.display());
        }
    }

    #[test]
    fn a_failure_is_remembered() {
        let folder = Path::new("/proc/nowhere");
        let python = Python::find(folder);
        python.found[Kind::Torch as usize].set(Err("no network".into())).unwrap();
        assert_eq!(python.ready(Kind::Torch).unwrap_err().to_string(), "no network");
    }
}
