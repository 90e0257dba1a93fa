//! From a name to a verified local file.

use std::path::PathBuf;
use std::str::FromStr;

use biotope_core::Progress;

use crate::cache::{Cache, Place, Record};
use crate::config::HubConfig;
use crate::error::{Attempt, Error, Result};
use crate::http::Http;
use crate::sources::{self, Job, huggingface};
use crate::{Digest, Pin, Spec};

/// Resolves names to verified local files. All calls block: never make them within async code.
#[derive(Debug)]
pub struct Hub {
    config: HubConfig,
    cache: Cache,
    http: Http,
    client: huggingface::Client,
}

/// A file that is to be had.
struct Wanted<'a> {
    label: String,
    place: Place,
    pin: Pin,
    bytes: Option<u64>,
    sources: &'a [Spec],
}

impl Hub {
    /// A hub; nothing is opened or created yet.
    pub fn new(config: HubConfig) -> Self {
        let cache = Cache::new(config.cache.clone());
        let http = Http::new(config.limits, config.allow_http);
        Self { config, cache, http, client: huggingface::Client::default() }
    }

    /// What it was made with.
    pub fn config(&self) -> &HubConfig {
        &self.config
    }

    /// A local file with the content of `spec`: `asset:NAME`, or any form of [`Spec`].
    ///
    /// From the cache if it lies there, else fetched. An asset is held against its pin; any other source (but
    /// `file:`, which is returned as it is) against the digest of its first download.
    ///
    /// # Errors
    /// [`Error::Exhausted`] with one reason per source when several failed, else the reason itself.
    pub fn fetch(&self, spec: &str, progress: &dyn Progress) -> Result<PathBuf> {
        match spec.strip_prefix("asset:") {
            Some(name) => self.fetch_asset(name, progress),
            None => self.fetch_spec(&Spec::parse(spec)?, None, progress),
        }
    }

    /// As [`Hub::fetch`], held against `sha256` (64 hexadecimal digits). An asset must fit its own pin, too.
    pub fn fetch_verified(&self, spec: &str, sha256: &str, progress: &dyn Progress) -> Result<PathBuf> {
        let Ok(expected) = Digest::from_str(sha256) else {
            return Err(biotope_core::Invalid::new("sha256", "must be 64 hexadecimal digits", sha256).into());
        };
        let Some(name) = spec.strip_prefix("asset:") else {
            return self.fetch_spec(&Spec::parse(spec)?, Some(expected), progress);
        };
        let path = self.fetch_asset(name, progress)?;
        let (got, _) = Digest::of_file(&path).map_err(Error::io(&path))?;
        if got == expected {
            return Ok(path);
        }
        Err(Error::WrongDigest { spec: spec.to_owned(), expected, got, record: None })
    }

    /// Fetches all assets below a name (`minilm`) and returns the folder that holds them, laid out as named.
    pub fn fetch_folder(&self, name: &str, progress: &dyn Progress) -> Result<PathBuf> {
        for asset in self.config.assets.below(name)? {
            self.fetch_asset(asset, progress)?;
        }
        Ok(self.config.cache.join("assets").join(name.trim_end_matches('/')))
    }

    /// The recorded SHA-256 of a file that was fetched before: what trust on first use saw.
    pub fn recorded(&self, spec: &str) -> Result<Option<Digest>> {
        let place = match spec.strip_prefix("asset:") {
            Some(name) => Place::of_asset(name, &self.config.assets.get(name)?.sources[0]),
            None => Place::of_spec(&Spec::parse(spec)?, None),
        };
        Ok(self.cache.record(&place)?.and_then(|record| record.sha256.parse().ok()))
    }

    fn fetch_asset(&self, name: &str, progress: &dyn Progress) -> Result<PathBuf> {
        let asset = self.config.assets.get(name)?;
        self.obtain(
            &Wanted {
                label: name.to_owned(),
                place: Place::of_asset(name, &asset.sources[0]),
                pin: asset.pin,
                bytes: asset.bytes,
                sources: &asset.sources,
            },
            progress,
        )
    }

    fn fetch_spec(&self, spec: &Spec, pin: Option<Digest>, progress: &dyn Progress) -> Result<PathBuf> {
        if let Spec::File(path) = spec {
            return local(spec, path, pin);
        }
        self.obtain(
            &Wanted {
                label: spec.to_string(),
                place: Place::of_spec(spec, pin),
                pin: pin.map_or(Pin::FirstUse, Pin::Sha256),
                bytes: None,
                sources: std::slice::from_ref(spec),
            },
            progress,
        )
    }

    fn obtain(&self, wanted: &Wanted<'_>, progress: &dyn Progress) -> Result<PathBuf> {
        if self.is_cached(wanted)? {
            return Ok(self.cache.file(&wanted.place));
        }
        let _lock = self.cache.lock(&wanted.place, progress)?;
        // Another thread or process may have fetched it meanwhile.
        if self.is_cached(wanted)? {
            return Ok(self.cache.file(&wanted.place));
        }
        let mut attempts = Vec::new();
        for spec in wanted.sources {
            match self.try_source(wanted, spec, progress) {
                Ok(path) => return Ok(path),
                // The machine's own fault: no other source can mend it.
                Err(error @ Error::Io { .. }) if !matches!(spec, Spec::File(_)) => return Err(error),
                Err(error) => attempts.push(Attempt { source: spec.to_string(), error }),
            }
        }
        if attempts.len() == 1 {
            return Err(attempts.remove(0).error);
        }
        Err(Error::Exhausted { name: wanted.label.clone(), attempts })
    }

    /// Whether the file lies in the cache with the bytes that it must have.
    fn is_cached(&self, wanted: &Wanted<'_>) -> Result<bool> {
        match (self.cache.digest(&wanted.place)?, self.expected(wanted)?) {
            (Some(got), Some((expected, _))) => Ok(got == expected),
            // A file without a record was not put there by this crate.
            _ => Ok(false),
        }
    }

    /// The digest that the file must have, and whether it comes from a record.
    fn expected(&self, wanted: &Wanted<'_>) -> Result<Option<(Digest, bool)>> {
        if let Pin::Sha256(digest) = wanted.pin {
            return Ok(Some((digest, false)));
        }
        let record = self.cache.record(&wanted.place)?;
        Ok(record.and_then(|record| record.sha256.parse().ok()).map(|digest| (digest, true)))
    }

    fn try_source(&self, wanted: &Wanted<'_>, spec: &Spec, progress: &dyn Progress) -> Result<PathBuf> {
        let expected = self.expected(wanted)?;
        if let Spec::File(path) = spec {
            return local(spec, path, expected.map(|(digest, _)| digest));
        }
        let limit = wanted.bytes.unwrap_or(self.config.limits.file_bytes).min(self.config.limits.file_bytes);
        let job = Job {
            config: &self.config,
            cache: &self.cache,
            http: &self.http,
            client: &self.client,
            spec,
            folder: self.cache.staging(&wanted.place, spec)?,
            limit,
            expected: expected.map(|(digest, _)| digest),
            label: &wanted.label,
            progress,
        };
        let staged = sources::fetch(&job)?;
        let (got, bytes) = Digest::of_file(&staged).map_err(Error::io(&staged))?;
        if let Some((expected, recorded)) = expected
            && got != expected
        {
            self.cache.forget_staging(&wanted.place);
            self.cache.forget_package(spec);
            let record = recorded.then(|| self.cache.record_path(&wanted.place));
            return Err(Error::WrongDigest { spec: spec.to_string(), expected, got, record });
        }
        let record = Record { sha256: got.to_string(), bytes, source: spec.to_string() };
        self.cache.commit(&wanted.place, &staged, &record)
    }
}

/// A file of the user's own: never copied, checked where a digest is known.
fn local(spec: &Spec, path: &std::path::Path, expected: Option<Digest>) -> Result<PathBuf> {
    if !path.is_file() {
        let advice = path.is_dir().then(|| "it is a folder: name a file in it".to_owned());
        return Err(Error::NotFound { spec: spec.to_string(), advice });
    }
    let Some(expected) = expected else { return Ok(path.to_owned()) };
    let (got, _) = Digest::of_file(path).map_err(Error::io(path))?;
    if got == expected {
        return Ok(path.to_owned());
    }
    Err(Error::WrongDigest { spec: spec.to_string(), expected, got, record: None })
}
