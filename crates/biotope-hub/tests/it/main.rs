//! The hub against a server on loopback and against clients made of shell.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod huggingface;
mod packages;
mod server;
mod together;
mod web;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use biotope_core::{Progress, Unit};
use biotope_hub::{Assets, Hub, HubConfig, Limits, Result, Secret};
use server::Server;

/// What progress was told.
#[derive(Debug, Default)]
pub(crate) struct Told(pub(crate) Mutex<Vec<String>>);

impl Progress for Told {
    fn begin(&self, task: &str, total: Option<u64>, unit: Unit) {
        self.0.lock().unwrap().push(format!("begin {task} {total:?} {unit:?}"));
    }
    fn at(&self, done: u64) {
        self.0.lock().unwrap().push(format!("at {done}"));
    }
    fn say(&self, message: &str) {
        self.0.lock().unwrap().push(format!("say {message}"));
    }
    fn end(&self) {
        self.0.lock().unwrap().push("end".to_owned());
    }
}

/// A hub with a cache folder of its own.
pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) config: HubConfig,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = HubConfig::new(dir.path().join("cache"));
        config.token = Secret::new("hf_secret");
        config.limits = Limits {
            file_bytes: 1 << 20,
            package_bytes: 1 << 20,
            pause: Duration::from_millis(1),
            connect: Duration::from_millis(500),
            idle: Duration::from_millis(700),
            client: Duration::from_secs(20),
            ..Limits::default()
        };
        Self { dir, config }
    }

    /// Its hub is the server.
    pub(crate) fn at(server: &Server) -> Self {
        let mut bench = Self::new();
        bench.config.endpoint.clone_from(&server.url);
        bench
    }

    pub(crate) fn assets(mut self, table: &str) -> Self {
        self.config.assets = Assets::parse(table).unwrap();
        self
    }

    pub(crate) fn hub(&self) -> Hub {
        Hub::new(self.config.clone())
    }

    pub(crate) fn fetch(&self, spec: &str) -> Result<PathBuf> {
        self.hub().fetch(spec, &biotope_core::Silent)
    }

    /// The error of a fetch, which must not hold the token.
    pub(crate) fn error(&self, spec: &str) -> String {
        let error = self.fetch(spec).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hf_secret"), "{error:?}");
        error.to_string()
    }

    /// Every file in the cache but locks, by path.
    pub(crate) fn kept(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.config.cache, &mut found);
        let root = self.config.cache.clone();
        let name = |path: PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        found.into_iter().map(name).filter(|name| !name.starts_with("locks/")).collect()
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

/// Bytes that repeat nowhere near.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(next).collect()
}
