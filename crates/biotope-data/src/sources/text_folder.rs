//! A folder of text files or pages, whose sub-folders are the labels.

use std::path::{Path, PathBuf};

use biotope_core::{Config, Document, Invalid};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use crate::source::charset::decode;
use crate::source::files::utf8;
use crate::source::{Documents, Source};
use crate::{Error, Result};

/// Which folder, and which files in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextFolderConfig {
    /// The folder; `sport/1.txt` in it has the label `sport`.
    pub path: PathBuf,
    /// Which files are read, by their extension; `html` and `htm` are pages.
    pub extensions: Vec<String>,
    /// `"utf-8"`: anything else is set aside; `"auto"`: the encoding is found out.
    pub charset: String,
    /// Largest file, in bytes; a larger one is set aside unread.
    pub max_bytes: u64,
}

impl Default for TextFolderConfig {
    fn default() -> Self {
        let extensions = ["txt", "html", "htm"].map(str::to_owned).to_vec();
        Self { path: PathBuf::new(), extensions, charset: "utf-8".into(), max_bytes: 64 << 20 }
    }
}

impl Config for TextFolderConfig {
    const NAME: &'static str = "text-folder";
    const SUMMARY: &'static str = "a folder of texts, one sub-folder per label";

    fn check(&self) -> Result<(), Invalid> {
        if self.path.as_os_str().is_empty() {
            return Err(Invalid::new("path", "must name a folder", "\"\""));
        }
        if matches!(self.charset.as_str(), "utf-8" | "auto") {
            return Ok(());
        }
        Err(Invalid::new("charset", "must be \"utf-8\" or \"auto\"", format!("{:?}", self.charset)))
    }
}

/// The source.
#[derive(Clone, Debug)]
pub struct TextFolder {
    config: TextFolderConfig,
}

impl TextFolder {
    /// A source over this folder.
    pub fn new(config: TextFolderConfig) -> Self {
        Self { config }
    }

    fn is_wanted(&self, path: &Path) -> bool {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        extension.is_some_and(|extension| self.config.extensions.contains(&extension))
    }

    fn read(&self, path: &Path) -> Result<Document> {
        let inside = path.strip_prefix(&self.config.path).unwrap_or(path);
        let place = inside.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let size = path.metadata().map_err(Error::io("read", path))?.len();
        if size > self.config.max_bytes {
            let why = format!("{size} bytes, at most {} are read", self.config.max_bytes);
            return Err(Error::bad(place, None, why));
        }
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let text = match self.config.charset.as_str() {
            "auto" => decode(&bytes, None).0,
            _ => utf8(bytes).map_err(|why| Error::bad(&place, None, why))?,
        };
        let label = place.split_once('/').map(|(folder, _)| folder.to_owned());
        let source = format!("file:{place}");
        let page = path.extension().is_some_and(|extension| !extension.eq_ignore_ascii_case("txt"));
        let doc = if page { Document::page(source, text) } else { Document::new(source, text) };
        Ok(Document { label, ..doc })
    }
}

impl Source for TextFolder {
    fn documents(&self) -> Result<Documents<'_>> {
        std::fs::read_dir(&self.config.path).map_err(Error::io("read", &self.config.path))?;
        let walk = WalkDir::new(&self.config.path).sort_by_file_name().into_iter();
        let documents = walk.filter_map(|entry| match entry {
            Ok(entry) if entry.file_type().is_file() && self.is_wanted(entry.path()) => {
                Some(self.read(entry.path()))
            }
            Ok(_) => None,
            Err(error) => {
                let path = error.path().unwrap_or(&self.config.path).to_owned();
                let cause = error.into_io_error().unwrap_or_else(|| std::io::Error::other("a loop of links"));
                Some(Err(Error::io("read", path)(cause)))
            }
        });
        Ok(Box::new(documents))
    }

    fn describe(&self) -> String {
        self.config.path.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::MediaType;

    #[test]
    fn sub_folders_are_labels_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, content: &[u8]| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        };
        put("体育/2.html", "<p>比赛</p>".as_bytes());
        put("business/1.txt", b"Profit rose");
        put("business/3.txt", b"\xff\xfe bad");
        put("business/notes.md", b"not wanted");
        let source =
            TextFolder::new(TextFolderConfig { path: folder.path().into(), ..TextFolderConfig::default() });
        let docs: Vec<_> = source.documents().unwrap().collect();
        let first = docs[0].as_ref().unwrap();
        assert_eq!(
            (first.label.as_deref(), first.source.as_str()),
            (Some("business"), "file:business/1.txt")
        );
        let error = docs[1].as_ref().unwrap_err().to_string();
        assert_eq!(error, "bad record at business/3.txt: invalid UTF-8 after 0 bytes");
        let page = docs[2].as_ref().unwrap();
        assert_eq!((page.label.as_deref(), page.media, docs.len()), (Some("体育"), MediaType::Html, 3));
    }
}
