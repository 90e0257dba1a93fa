//! One record out of many: only the column that is asked about is read until it is found.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use biotope_core::{Document, RecordId};

use crate::dataset::{Dataset, Row};
use crate::table::read::matching;
use crate::table::record::Record;
use crate::{Error, Result};

impl Dataset {
    /// The document of that id, collected or curated.
    pub fn document(&self, id: RecordId) -> Result<Option<Document>> {
        Ok(self.matching("id", &[id])?.into_iter().next().map(|record| record.doc))
    }

    /// The rows of those ids, in the dataset's order; ids that it does not hold are left out.
    pub fn rows_of(&self, ids: &[RecordId]) -> Result<Vec<Row>> {
        Ok(self.matching("id", ids)?.into_iter().filter_map(row).collect())
    }

    /// The rows of a near-duplicate cluster, in the dataset's order.
    pub fn members(&self, cluster: RecordId) -> Result<Vec<Row>> {
        Ok(self.matching("cluster", &[cluster])?.into_iter().filter_map(row).collect())
    }

    /// Versions that hold a record, ascending, of those whose files are still there.
    pub fn versions_with(&self, id: RecordId) -> Result<Vec<u64>> {
        let (mut found, mut known) = (Vec::new(), BTreeMap::<PathBuf, bool>::new());
        for version in crate::table::log::versions(self.path())? {
            let dataset = match Self::open_at(self.path(), version) {
                Err(Error::Cleared { .. }) => continue,
                dataset => dataset?,
            };
            let mut holds = false;
            for file in dataset.files() {
                if !known.contains_key(file) {
                    known.insert(file.clone(), !matching(file, "id", &wanted(&[id]))?.is_empty());
                }
                holds |= known[file];
            }
            found.extend(holds.then_some(version));
        }
        Ok(found)
    }

    fn matching(&self, column: &str, ids: &[RecordId]) -> Result<Vec<Record>> {
        let wanted = wanted(ids);
        let files = self.files().iter().map(|file| matching(file, column, &wanted));
        Ok(files.collect::<Result<Vec<_>>>()?.concat())
    }
}

fn wanted(ids: &[RecordId]) -> HashSet<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn row(record: Record) -> Option<Row> {
    record.place.map(|(split, cluster)| Row { doc: record.doc, split, cluster })
}
