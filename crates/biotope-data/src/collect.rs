//! From a source to a raw dataset: nothing is cleaned, nothing is lost, bad records are set aside.

use std::collections::BTreeMap;

use biotope_core::{Progress, Unit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::dataset::Writer;
use crate::quarantine::{Made, Quarantine, SetAside};
use crate::source::{Memory, Source};
use crate::step::Reason;
use crate::store::Store;
use crate::{Error, Result};

/// What [`collect`] did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectReport {
    /// Documents that were collected.
    pub documents: u64,
    /// Records that were set aside.
    pub set_aside: u64,
    /// Version of the raw dataset.
    pub version: u64,
    /// Its content digest.
    pub digest: String,
    /// Whether the version is new: false if the source said the same as last time.
    pub written: bool,
    /// What came from which host of the web.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hosts: BTreeMap<String, HostCount>,
}

/// What came from one host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCount {
    /// Documents that were collected.
    pub documents: u64,
    /// Records that were set aside.
    pub set_aside: u64,
}

/// Writes all documents of `source` as the newest version of `<store>/datasets/NAME.raw` and its bad records into
/// `<store>/quarantine/NAME/collect.jsonl`. Killed half-way it leaves the former version as it
/// was, and what was fetched from the web is remembered in `<store>/crawls/NAME`: the next call asks for the rest only.
pub fn collect(
    source: &dyn Source,
    store: &Store,
    name: &str,
    progress: &dyn Progress,
) -> Result<CollectReport> {
    let mut writer = Writer::raw(store.raw(name)?)?;
    let mut quarantine = Quarantine::create(&store.quarantine(name)?, "collect")?;
    let mut set_aside = 0;
    progress.begin("collect", None, Unit::Items);
    let memory = Memory { folder: store.crawls(name)?, progress };
    let mut hosts = BTreeMap::<String, HostCount>::new();
    for document in source.resume(&memory)? {
        match document {
            Ok(document) => {
                if let Some(host) = host(&document.source) {
                    hosts.entry(host).or_default().documents += 1;
                }
                writer.push_raw(document)?;
            }
            Err(error @ Error::TooManyBroken { .. }) => {
                // The run ends, but the quarantine is what tells why.
                quarantine.finish(&Made::default())?;
                return Err(error);
            }
            Err(error) => {
                let bad = bad_record(error)?;
                if let Some(host) = host(&bad.source) {
                    hosts.entry(host).or_default().set_aside += 1;
                }
                quarantine.add(&bad)?;
                set_aside += 1;
            }
        }
        progress.at(writer.rows() + set_aside);
    }
    progress.end();
    let made = Made { digest: writer.digest(), from: None };
    quarantine.finish(&made)?;
    if writer.rows() == 0 {
        // The next call asks anew, for the pages that failed may be there by then.
        source.settle(&memory)?;
        return Err(Error::Empty { place: source.describe(), seen: set_aside, set_aside });
    }
    let done = writer.commit(json!({ "source": source.describe(), "set_aside": set_aside }))?;
    source.settle(&memory)?;
    let (documents, version, digest, written) = (done.rows, done.version, done.digest, done.written);
    Ok(CollectReport { documents, set_aside, version, digest, written, hosts })
}

/// The host of a web address.
fn host(source: &str) -> Option<String> {
    let (scheme, rest) = source.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|_| scheme.starts_with("http"))?;
    Some(host.to_owned())
}

/// A bad record for the quarantine; any other error goes on up.
pub(crate) fn bad_record(error: Error) -> Result<SetAside> {
    match error {
        Error::Bad { place, line, why } => Ok(SetAside::record(place, line, Reason::new("read", why))),
        Error::Broken { document, place, line, column, value, rule } => {
            let (id, label) = *document;
            let why = format!("{column} {rule}, got {value:?}");
            let record = SetAside::record(place, line, Reason::new("schema", why));
            Ok(SetAside { id: Some(id), label, ..record })
        }
        other => Err(other),
    }
}
