//! A dataset on an object store: versions pushed there and pulled from there, as Delta tables.
//!
//! Curation works on a disk. What is shared lies where engines find it: `s3://bucket/news`, `gs://`, `az://`, or any
//! folder by `file://`. Credentials come from the environment, by the names that the stores' own tools use
//! (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT`, `GOOGLE_APPLICATION_CREDENTIALS`, `AZURE_STORAGE_...`). A commit is
//! written on condition that nobody else wrote that version.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};

use biotope_core::Invalid;
use deltalake::kernel::Add;
use deltalake::logstore::object_store::{ObjectStoreExt, PutPayload, parse_url_opts, path::Path as Key};
use deltalake::logstore::{
    LogStore, LogStoreFactory, ObjectStoreFactory, ObjectStoreRef, StorageConfig, default_logstore,
    logstore_factories, object_store_factories,
};
use deltalake::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use serde_json::Value;
use url::Url;

use crate::dataset::{Committed, Dataset, content};
use crate::table::log::{self, Place};
use crate::table::part::add;
use crate::table::read::rows;
use crate::table::record::Layout;
use crate::table::{check_columns, check_whole, wait};
use crate::{Error, Result};

/// Schemes that the cloud's stores answer to.
const SCHEMES: [&str; 6] = ["s3", "s3a", "gs", "az", "abfs", "abfss"];

/// How the names of environment variables begin that say how to reach a store.
const SETTINGS: [&str; 3] = ["AWS_", "AZURE_", "GOOGLE_"];

/// A Delta table at an address.
#[derive(Clone, Debug)]
pub struct Remote {
    url: Url,
}

/// Makes stores of the cloud known to the Delta library, whose own crates for them would bring their makers' kits.
#[derive(Debug)]
struct Cloud;

impl ObjectStoreFactory for Cloud {
    fn parse_url_opts(&self, url: &Url, config: &StorageConfig) -> DeltaResult<(ObjectStoreRef, Key)> {
        let (store, path) = parse_url_opts(url, config.raw.iter())?;
        Ok((Arc::from(store), path))
    }
}

impl LogStoreFactory for Cloud {
    fn with_options(
        &self,
        prefixed: ObjectStoreRef,
        root: ObjectStoreRef,
        location: &Url,
        options: &StorageConfig,
    ) -> DeltaResult<Arc<dyn LogStore>> {
        Ok(default_logstore(prefixed, root, location, options))
    }
}

fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for scheme in SCHEMES {
            let url = Url::parse(&format!("{scheme}://")).expect("a scheme is an address");
            object_store_factories().insert(url.clone(), Arc::new(Cloud));
            logstore_factories().insert(url, Arc::new(Cloud));
        }
    });
}

impl Remote {
    /// The table at an address; nothing is asked of it yet.
    pub fn new(url: &str) -> Result<Self> {
        let rule = "must be an address: s3://, gs://, az:// or file://";
        let invalid = || Invalid::new("url", rule, format!("{url:?}"));
        let parsed = Url::parse(url).map_err(|_| invalid())?;
        let known = SCHEMES.contains(&parsed.scheme()) || parsed.scheme() == "file";
        if !known {
            return Err(invalid().with_hint("s3://bucket/news").into());
        }
        Ok(Self { url: parsed })
    }

    /// What errors call it.
    fn name(&self) -> &Path {
        Path::new(self.url.as_str())
    }

    fn table(&self, version: Option<u64>) -> Result<(DeltaTable, bool)> {
        register();
        if let Ok(folder) = self.url.to_file_path() {
            std::fs::create_dir_all(&folder).map_err(Error::io("make folder", &folder))?;
        }
        let settings = std::env::vars()
            .filter(|(name, _)| SETTINGS.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(name, value)| (name.to_lowercase(), value));
        let builder = DeltaTableBuilder::from_url(self.url.clone())
            .map_err(Error::table(self.name()))?
            .with_storage_options(settings.collect::<HashMap<_, _>>());
        let mut table = builder.build().map_err(Error::table(self.name()))?;
        let found = wait(async {
            if !table.verify_deltatable_existence().await? {
                return Ok(false);
            }
            match version {
                Some(version) => table.load_version(version).await?,
                None => table.load().await?,
            }
            Ok::<_, DeltaTableError>(true)
        });
        Ok((table, found.map_err(Error::table(self.name()))?))
    }

    /// Pushes a version: its files, then one commit that replaces the content there. If the newest version there has the
    /// same digest, nothing is written. A table that is not one of ours is left alone.
    pub fn push(&self, dataset: &Dataset) -> Result<Committed> {
        let (digest, rows) = (dataset.digest()?, dataset.len()?);
        let (table, exists) = self.table(None)?;
        if exists {
            let version = table.version().unwrap_or_default();
            if self.ours(&table, version)?.0 == digest {
                return Ok(Committed { version, digest, rows, written: false });
            }
        }
        let store = table.log_store().object_store(None);
        let mut adds = Vec::new();
        for (file, rows) in dataset.files().iter().zip(dataset.rows_by_file()?) {
            let bytes = std::fs::read(file).map_err(Error::io("read", file))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let size = bytes.len() as i64;
            let put = wait(store.put(&Key::from(name.as_str()), PutPayload::from(bytes)));
            put.map_err(DeltaTableError::from).map_err(Error::table(self.name()))?;
            adds.push(add(name, size, rows, jiff::Timestamp::now().as_millisecond()));
        }
        let info = serde_json::json!({ "digest": digest, "rows": rows, "about": dataset.about()? });
        let place = Place { name: self.name(), table, exists };
        let version = log::commit(&place, Layout::Curated, adds, info)?;
        Ok(Committed { version, digest, rows, written: true })
    }

    /// Pulls a version, or the newest, into the dataset at `path` as its next version. If that has the same digest,
    /// nothing is written. Its rows must have the digest that its commit names; if they have not, or anything else fails,
    /// nothing is left behind.
    pub fn pull(&self, version: Option<u64>, path: &Path) -> Result<Committed> {
        let (table, exists) = self.table(version)?;
        if !exists {
            return Err(Error::NoDataset { path: self.name().to_owned(), version });
        }
        let (digest, mut said) = self.ours(&table, table.version().unwrap_or_default())?;
        if let Ok(newest) = Dataset::open(path)
            && newest.digest()? == digest
        {
            let (version, rows) = (newest.version(), newest.len()?);
            return Ok(Committed { version, digest, rows, written: false });
        }
        let mut new = Vec::new();
        let is_new = !path.exists();
        let fetched = self.fetch(&table, path, &digest, &mut new);
        let (adds, rows) = fetched.inspect_err(|_| {
            // What cannot be removed is named nowhere and harms nobody.
            for file in &new {
                let _ = std::fs::remove_file(file);
            }
            let _ = if is_new { std::fs::remove_dir_all(path) } else { Ok(()) };
        })?;
        said["rows"] = rows.into();
        let version = log::replace(path, Layout::Curated, adds, said)?;
        Ok(Committed { version, digest, rows, written: true })
    }

    /// Brings the files of a version that are not here yet, and makes sure that they hold what they should. Gives them with
    /// their rows; `new` are those that were brought.
    fn fetch(
        &self,
        table: &DeltaTable,
        path: &Path,
        digest: &str,
        new: &mut Vec<PathBuf>,
    ) -> Result<(Vec<Add>, u64)> {
        let store = table.log_store().object_store(None);
        let snapshot = table.snapshot().map_err(Error::table(self.name()))?;
        let (mut adds, mut files, mut sum) = (Vec::new(), Vec::new(), 0);
        for file in snapshot.log_data() {
            let name = file.path().into_owned();
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return Err(self.foreign(format!("its file {name:?} does not lie directly in its folder")));
            }
            let local = path.join(&name);
            if !local.exists() {
                let bytes = wait(async { store.get(&Key::from(name.as_str())).await?.bytes().await });
                let bytes = bytes.map_err(DeltaTableError::from).map_err(Error::table(self.name()))?;
                crate::atomic::write(&local, &bytes)?;
                new.push(local.clone());
            }
            // Not from the log's figures, which another program may have left out.
            let rows = rows(&local)?;
            adds.push(add(name, file.size(), rows, file.modification_time()));
            files.push(local);
            sum += rows;
        }
        let found = content(files)?;
        if found != digest {
            return Err(self.foreign(format!("its rows have the digest {found}, its commit says {digest}")));
        }
        Ok((adds, sum))
    }

    fn foreign(&self, why: String) -> Error {
        Error::Format { path: self.name().to_owned(), expected: "dataset of ours", why }
    }

    /// Digest and whatever else we said in a commit there; an error if the version is none of ours.
    fn ours(&self, table: &DeltaTable, version: u64) -> Result<(String, Value)> {
        let said = self.said(table, version)?;
        let Some(digest) = said["digest"].as_str().map(str::to_owned) else {
            return Err(self.foreign(format!("its version {version} was written by another program")));
        };
        check_columns(self.name(), table, Layout::Curated)?;
        check_whole(self.name(), table)?;
        Ok((digest, said))
    }

    /// What we said in a commit there.
    fn said(&self, table: &DeltaTable, version: u64) -> Result<Value> {
        let store = table.log_store().object_store(None);
        let key = Key::from(format!("_delta_log/{version:020}.json"));
        let bytes = wait(async { store.get(&key).await?.bytes().await });
        let bytes = bytes.map_err(DeltaTableError::from).map_err(Error::table(self.name()))?;
        Ok(log::parsed(&String::from_utf8_lossy(&bytes)).2)
    }
}
