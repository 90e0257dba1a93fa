//! What a share is a share of: everything that the result depends on.

use biotope_core::Seed;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::curate::CurateConfig;
use crate::curate::outside::{Outside, digest};
use crate::dataset::Dataset;

/// Shares are merged only if they agree on all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    biotope: String,
    /// Digest of the collected documents, whatever their order.
    raw: String,
    /// Digest of the collected rows as they lie there: order, sources and meta data, too.
    rows: String,
    config: String,
    outside: Outside,
    seed: Seed,
    shards: u32,
}

impl Manifest {
    pub(super) fn of(raw: &Dataset, config: &CurateConfig, seed: Seed, shards: u32) -> Result<Self> {
        let (biotope, outside) = (env!("CARGO_PKG_VERSION").to_owned(), config.outside()?);
        let config =
            serde_json::to_vec(&(config, config.settled_steps()?)).expect("a configuration is plain data");
        let config = blake3::hash(&config).to_hex().to_string();
        Ok(Self {
            biotope,
            raw: raw.digest()?, // Their names, which hold the moment of writing, do not enter it: equal rows in equal order are equal files.
            rows: digest(raw.files())?,
            config,
            outside,
            seed,
            shards,
        })
    }

    /// What differs from another, in words.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = [
            (self.biotope != other.biotope, "the version of biotope"),
            (self.raw != other.raw, "the collected documents"),
            (self.raw == other.raw && self.rows != other.rows, "order, source or meta data of the documents"),
            (self.config != other.config, "the configuration"),
            (self.outside.keys != other.outside.keys, "the masking key"),
            (self.seed != other.seed, "the seed"),
            (self.shards != other.shards, "the number of shares"),
        ];
        let plain = pairs.into_iter().filter(|(differs, _)| *differs).map(|(_, what)| what.to_owned());
        let (ours, theirs) = (&self.outside.files, &other.outside.files);
        let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let files = names.into_iter().filter(|name| ours.get(*name) != theirs.get(*name));
        plain.chain(files.map(|name| format!("the contents of {name:?}"))).collect()
    }
}
