//! The version that new documents are added to, if `dedup.against = "previous"`: its rows stay as they are, and its sketches
//! are loaded instead of made again.

use std::path::Path;

use biotope_core::Component;
use rayon::prelude::*;

use crate::curate::CurateConfig;
use crate::curate::spool::Spooled;
use crate::dataset::{Dataset, Row};
use crate::dedup::former::{self, FormerRow, Origin};
use crate::dedup::{Against, Sketcher};
use crate::split::{Split, build_splitter};
use crate::{Error, Result};

/// Rows that are sketched at a time, if that is needed.
const CHUNK: usize = 512;

/// An earlier version and what is known of its rows, in their order.
#[derive(Debug)]
pub(crate) struct Former {
    dataset: Dataset,
    pub(crate) rows: Vec<FormerRow>,
}

impl Former {
    /// The newest version, if the configuration asks for it and there is one.
    pub(crate) fn load(config: &CurateConfig, path: &Path) -> Result<Option<Self>> {
        let Some(dedup) = config.dedup.as_ref().filter(|dedup| dedup.against == Against::Previous) else {
            return Ok(None);
        };
        let dataset = match Dataset::open(path) {
            Err(Error::NoDataset { .. }) => return Ok(None),
            opened => opened?,
        };
        let origin = origin(config, dedup.shingle, dataset.len()?);
        let rows = match former::read(path, &dataset.digest()?, &origin) {
            Some(rows) => rows,
            None => made(&dataset, config, &Sketcher::new(dedup))?,
        };
        Ok(Some(Self { dataset, rows }))
    }

    /// Gives every row, to be carried over.
    pub(crate) fn carry(&self, mut each: impl FnMut(usize, Row) -> Result<()>) -> Result<()> {
        for (count, row) in self.dataset.rows(None).enumerate() {
            let row = row?;
            if self.rows.get(count).is_none_or(|known| known.id != row.doc.id) {
                let why = format!("row {count} is not the one that was sketched");
                return Err(Error::Format {
                    path: self.dataset.path().into(),
                    expected: "unchanged dataset",
                    why,
                });
            }
            each(count, row)?;
        }
        Ok(())
    }
}

/// Sketches of a version for which none were kept.
fn made(dataset: &Dataset, config: &CurateConfig, sketcher: &Sketcher) -> Result<Vec<FormerRow>> {
    let splitter = build_splitter(&config.split)?;
    let sketch = |row: Row| {
        let sketch = sketcher.sketch(&row.doc.full_text());
        let group = splitter.group(&row.doc);
        let (id, source, label, published) = (row.doc.id, row.doc.source, row.doc.label, row.doc.published);
        let (exact, shingles) = (sketch.exact, sketch.shingles);
        FormerRow { id, source, label, published, group, split: row.split, exact, shingles }
    };
    let (mut rows, mut all) = (dataset.rows(None), Vec::new());
    loop {
        let chunk: Vec<Row> = rows.by_ref().take(CHUNK).collect::<Result<_>>()?;
        if chunk.is_empty() {
            return Ok(all);
        }
        all.extend(chunk.into_par_iter().map(sketch).collect::<Vec<_>>());
    }
}

fn origin(config: &CurateConfig, shingle: usize, rows: u64) -> Origin {
    let Component { name, options } = &config.split;
    Origin { shingle, group: format!("{name} {options}"), rows }
}

/// Writes the sketches of the new version, row by row in its order.
pub(crate) struct Keeper<'a> {
    writer: former::Writer,
    spooled: &'a Spooled,
}

impl<'a> Keeper<'a> {
    /// For a version of so many rows; nothing unless the configuration asks for it.
    pub(crate) fn new(
        config: &CurateConfig,
        path: &Path,
        rows: usize,
        spooled: &'a Spooled,
    ) -> Result<Option<Self>> {
        match &config.dedup {
            Some(dedup) if dedup.against == Against::Previous => {
                let writer = former::Writer::create(path, &origin(config, dedup.shingle, rows as u64))?;
                Ok(Some(Self { writer, spooled }))
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn push(
        &mut self,
        index: usize,
        source: &str,
        published: Option<&str>,
        split: Split,
    ) -> Result<()> {
        let row = &self.spooled.rows[index];
        let shingles = match &self.spooled.sets {
            Some(sets) => sets.get(index as u32)?,
            None => Vec::new(),
        };
        self.writer.push(&FormerRow {
            id: row.id,
            source: source.to_owned(),
            label: row.label.as_deref().map(str::to_owned),
            published: published.map(str::to_owned),
            group: row.group.as_deref().map(str::to_owned),
            split,
            exact: self.spooled.exact[index],
            shingles,
        })
    }

    pub(crate) fn finish(self, digest: &str) -> Result<()> {
        self.writer.finish(digest)
    }
}
