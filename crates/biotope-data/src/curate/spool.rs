//! The half of pass 1 that knows all documents: cleaned texts to disk, everything small in memory.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use biotope_core::{Document, RecordId};
use rayon::prelude::*;

use crate::curate::clean::{CHUNK, Outcome};
use crate::curate::lines::Lines;
use crate::curate::{Clusters, CurateConfig, Deduplicator};
use crate::dates::moment;
use crate::dedup::former::FormerRow;
use crate::dedup::{Shelf, Sketch, Sketcher};
use crate::quarantine::{Quarantine, SetAside};
use crate::split::{Split, SplitRow, Splitter, build_splitter};
use crate::step::Reason;
use crate::{Error, Result};

/// What pass 1 leaves behind.
pub(crate) struct Spooled {
    pub(crate) rows: Vec<SplitRow>,
    pub(crate) clusters: Clusters,
    /// Shingle sets by row, if duplicates were looked for.
    pub(crate) sets: Option<Shelf>,
    /// Hashes of the words by row.
    pub(crate) exact: Vec<[u8; 16]>,
    /// Splits of the first rows, which are of an earlier version and not in the spool.
    pub(crate) former: Vec<Split>,
    path: PathBuf,
}

impl Spooled {
    /// The cleaned documents, in the order of the rows that are not of an earlier version.
    pub(crate) fn documents(&self) -> Result<impl Iterator<Item = Result<Document>> + use<>> {
        documents(&self.path)
    }
}

/// Takes the outcomes of the cleaner, in the order of the source.
pub(crate) struct Spool<'a> {
    sketcher: Option<Sketcher>,
    duplicates: Option<Deduplicator>,
    lines: Option<Lines>,
    splitter: Box<dyn Splitter>,
    quarantine: &'a mut Quarantine,
    file: BufWriter<File>,
    path: PathBuf,
    known: HashSet<RecordId>,
    names: HashSet<Arc<str>>,
    rows: Vec<SplitRow>,
    former: Vec<Split>,
}

impl<'a> Spool<'a> {
    pub(crate) fn new(config: &CurateConfig, scratch: &Path, quarantine: &'a mut Quarantine) -> Result<Self> {
        let path = scratch.join("cleaned.jsonl");
        let file = File::create(&path).map_err(Error::io("write", &path))?;
        let dedup = config.dedup.as_ref();
        Ok(Self {
            sketcher: dedup.map(Sketcher::new),
            duplicates: dedup.map(|dedup| Deduplicator::new(dedup, Some(scratch))).transpose()?,
            lines: config.lines.is_on().then(|| Lines::new(&config.lines)),
            splitter: build_splitter(&config.split)?,
            quarantine,
            file: BufWriter::with_capacity(1 << 18, file),
            path,
            known: HashSet::new(),
            names: HashSet::new(),
            rows: Vec::new(),
            former: Vec::new(),
        })
    }

    /// Takes note of the rows of an earlier version.
    pub(crate) fn begin_with(&mut self, former: &[FormerRow]) -> Result<()> {
        for row in former {
            if let (Some(duplicates), Some(sketcher)) = (&mut self.duplicates, &self.sketcher) {
                duplicates.add_former(row, sketcher)?;
            }
            self.known.insert(row.id);
            let label = row.label.as_deref().map(|label| self.shared(label));
            let group = row.group.as_deref().map(|group| self.shared(group));
            let published = row.published.as_deref().and_then(moment);
            self.rows.push(SplitRow { id: row.id, label, published, cluster: row.id, group });
            self.former.push(row.split);
        }
        Ok(())
    }

    pub(crate) fn take(&mut self, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Kept(doc, sketch) => self.keep(*doc, sketch),
            Outcome::Aside(entry) => self.quarantine.add(&entry),
        }
    }

    fn keep(&mut self, doc: Document, sketch: Option<Sketch>) -> Result<()> {
        if !self.known.insert(doc.id) {
            let reason = Reason::new("duplicate", "the same source and text came before");
            return self.quarantine.add(&SetAside::document(doc, reason));
        }
        let published = doc.published.as_deref().and_then(moment);
        if let (Some(duplicates), Some(sketch)) = (&mut self.duplicates, sketch) {
            duplicates.add(doc.id, &doc.source, published, &sketch)?;
        }
        if let Some(lines) = &mut self.lines {
            lines.count(self.rows.len() as u32, &doc);
        }
        let label = doc.label.as_deref().map(|label| self.shared(label));
        let group = self.splitter.group(&doc).map(|group| self.shared(&group));
        self.rows.push(SplitRow { id: doc.id, label, published, cluster: doc.id, group });
        write(&mut self.file, &doc, &self.path)
    }

    /// One allocation per distinct label.
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(name);
        self.names.insert(new.clone());
        new
    }

    pub(crate) fn finish(mut self) -> Result<Spooled> {
        self.file.flush().map_err(Error::io("write", &self.path))?;
        if let Some(lines) = self.lines.take() {
            self.strip(&lines)?;
        }
        let (clusters, sets, exact) = match self.duplicates {
            Some(duplicates) => {
                let found = duplicates.finish_with_sets()?;
                (found.clusters, Some(found.sets), found.exact)
            }
            None => (Clusters::alone(self.rows.iter().map(|row| row.id).collect()), None, Vec::new()),
        };
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.cluster = clusters.cluster(index);
        }
        let (rows, former, path) = (self.rows, self.former, self.path);
        Ok(Spooled { rows, clusters, sets, exact, former, path })
    }

    /// Takes out of the spooled documents what others have, too, and sketches what is left.
    fn strip(&mut self, lines: &Lines) -> Result<()> {
        let stripped = self.path.with_extension("stripped");
        let file = File::create(&stripped).map_err(Error::io("write", &stripped))?;
        let mut spool = BufWriter::with_capacity(1 << 18, file);
        let (mut documents, mut number) = (documents(&self.path)?, self.former.len() as u32);
        loop {
            let chunk: Vec<Document> = documents.by_ref().take(CHUNK.0).collect::<Result<_>>()?;
            if chunk.is_empty() {
                break;
            }
            let (sketcher, first) = (self.sketcher.as_ref(), number);
            let strip = |(index, mut doc): (usize, Document)| {
                lines.strip(first + index as u32, &mut doc);
                let sketch = sketcher.map(|sketcher| sketcher.sketch(&doc.full_text()));
                (doc, sketch)
            };
            let done: Vec<_> = chunk.into_par_iter().enumerate().map(strip).collect();
            for (doc, sketch) in done {
                if let (Some(duplicates), Some(sketch)) = (&mut self.duplicates, sketch) {
                    let published = doc.published.as_deref().and_then(moment);
                    duplicates.add(doc.id, &doc.source, published, &sketch)?;
                }
                write(&mut spool, &doc, &stripped)?;
                number += 1;
            }
        }
        spool.flush().map_err(Error::io("write", &stripped))?;
        std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))?;
        self.path = stripped;
        Ok(())
    }
}

fn write(spool: &mut BufWriter<File>, doc: &Document, path: &Path) -> Result<()> {
    let written = serde_json::to_writer(&mut *spool, doc).map_err(std::io::Error::from);
    written.and_then(|()| spool.write_all(b"\n")).map_err(Error::io("write", path))
}

/// The documents of a spool file, in order.
fn documents(path: &Path) -> Result<impl Iterator<Item = Result<Document>> + use<>> {
    let path = path.to_owned();
    let file = File::open(&path).map_err(Error::io("read", &path))?;
    Ok(BufReader::with_capacity(1 << 18, file).lines().map(move |line| {
        let line = line.map_err(Error::io("read", &path))?;
        let why = |error: serde_json::Error| error.to_string();
        serde_json::from_str(&line).map_err(why).map_err(|why| Error::Format {
            path: path.clone(),
            expected: "spool of this run",
            why,
        })
    }))
}
