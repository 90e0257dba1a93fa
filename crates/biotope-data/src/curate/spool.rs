//! Pass 1: steps and sketches on all threads, cleaned documents to disk in the order of the source.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use biotope_core::{Document, Progress, RecordId, Unit};
use rayon::prelude::*;

use crate::collect::bad_record;
use crate::curate::lines::Lines;
use crate::curate::{Clusters, CurateConfig, Deduplicator};
use crate::dates::moment;
use crate::dedup::former::FormerRow;
use crate::dedup::{Shelf, Sketch, Sketcher};
use crate::pipeline::Pipeline;
use crate::quarantine::{Quarantine, SetAside};
use crate::source::Source;
use crate::split::{Split, SplitRow, build_splitter};
use crate::step::{Reason, Verdict};
use crate::{Error, Result};

/// Documents, or text bytes, that are worked on at a time.
const CHUNK: (usize, usize) = (512, 32 << 20);

/// What pass 1 leaves behind.
pub(crate) struct Spooled {
    pub(crate) seen: u64,
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

/// Runs pass 1.
pub(crate) fn first_pass(
    source: &dyn Source,
    config: &CurateConfig,
    former: &[FormerRow],
    scratch: &Path,
    quarantine: &mut Quarantine,
    progress: &dyn Progress,
) -> Result<Spooled> {
    let mut pass = Pass::new(config, scratch, quarantine)?;
    pass.begin_with(former)?;
    progress.begin("clean", None, Unit::Items);
    let mut chunk: Vec<Document> = Vec::new();
    let mut bytes = 0;
    for document in source.documents()? {
        pass.seen += 1;
        match document {
            Ok(document) => {
                bytes += document.text.len();
                chunk.push(document);
            }
            Err(error) => pass.quarantine.add(&bad_record(error)?)?,
        }
        if chunk.len() >= CHUNK.0 || bytes >= CHUNK.1 {
            pass.work(std::mem::take(&mut chunk))?;
            bytes = 0;
            progress.at(pass.seen);
        }
    }
    pass.work(chunk)?;
    progress.at(pass.seen);
    progress.end();
    pass.finish()
}

struct Pass<'a> {
    config: &'a CurateConfig,
    pipeline: Pipeline,
    sketcher: Option<Sketcher>,
    duplicates: Option<Deduplicator>,
    lines: Option<Lines>,
    meta_key: Option<String>,
    quarantine: &'a mut Quarantine,
    spool: BufWriter<File>,
    path: PathBuf,
    known: HashSet<RecordId>,
    names: HashSet<Arc<str>>,
    rows: Vec<SplitRow>,
    former: Vec<Split>,
    seen: u64,
}

impl<'a> Pass<'a> {
    fn new(config: &'a CurateConfig, scratch: &Path, quarantine: &'a mut Quarantine) -> Result<Self> {
        let path = scratch.join("cleaned.jsonl");
        let file = File::create(&path).map_err(Error::io("write", &path))?;
        let dedup = config.dedup.as_ref();
        Ok(Self {
            config,
            pipeline: Pipeline::open(&config.steps)?,
            sketcher: dedup.map(Sketcher::new),
            duplicates: dedup.map(|dedup| Deduplicator::new(dedup, Some(scratch))).transpose()?,
            lines: config.lines.is_on().then(|| Lines::new(&config.lines)),
            meta_key: build_splitter(&config.split)?.meta_key().map(str::to_owned),
            quarantine,
            spool: BufWriter::with_capacity(1 << 18, file),
            path,
            known: HashSet::new(),
            names: HashSet::new(),
            rows: Vec::new(),
            former: Vec::new(),
            seen: 0,
        })
    }

    /// Takes note of the rows of an earlier version.
    fn begin_with(&mut self, former: &[FormerRow]) -> Result<()> {
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

    fn work(&mut self, chunk: Vec<Document>) -> Result<()> {
        let clean = |doc: Document| match self.pipeline.apply(doc) {
            Verdict::Keep(doc) => self.label(doc).map(|doc| {
                // If lines are to be taken out, what is left of the text is sketched.
                let sketch = self.sketcher.as_ref().filter(|_| self.lines.is_none());
                let sketch = sketch.map(|sketcher| sketcher.sketch(&doc.full_text()));
                (doc, sketch)
            }),
            Verdict::Drop(doc, reason) => Err(Box::new((doc, reason))),
        };
        let done: Vec<_> = chunk.into_par_iter().map(clean).collect();
        for outcome in done {
            match outcome {
                Ok((doc, sketch)) => self.keep(&doc, sketch)?,
                Err(dropped) => self.set_aside(dropped.0, dropped.1)?,
            }
        }
        Ok(())
    }

    fn label(&self, mut doc: Document) -> Result<Document, Box<(Document, Reason)>> {
        if let Some(new) = doc.label.as_ref().and_then(|label| self.config.rename.get(label)) {
            doc.label = Some(new.clone());
        }
        if self.config.require_label && doc.label.is_none() {
            return Err(Box::new((doc, Reason::new("label", "no label"))));
        }
        Ok(doc)
    }

    fn keep(&mut self, doc: &Document, sketch: Option<Sketch>) -> Result<()> {
        if !self.known.insert(doc.id) {
            let reason = Reason::new("duplicate", "the same source and text came before");
            return self.set_aside(doc.clone(), reason);
        }
        let published = doc.published.as_deref().and_then(moment);
        if let (Some(duplicates), Some(sketch)) = (&mut self.duplicates, sketch) {
            duplicates.add(doc.id, &doc.source, published, &sketch)?;
        }
        if let Some(lines) = &mut self.lines {
            lines.count(self.rows.len() as u32, doc);
        }
        let group = self.meta_key.as_ref().and_then(|key| doc.meta.get(key)).cloned();
        let label = doc.label.clone().map(|label| self.shared(&label));
        let group = group.map(|group| self.shared(&group));
        self.rows.push(SplitRow { id: doc.id, label, published, cluster: doc.id, group });
        write(&mut self.spool, doc, &self.path)
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

    fn set_aside(&mut self, doc: Document, reason: Reason) -> Result<()> {
        let Reason { step, why } = reason;
        self.quarantine.add(&SetAside {
            id: Some(doc.id),
            source: doc.source,
            line: None,
            cluster: None,
            step,
            why,
        })
    }

    fn finish(mut self) -> Result<Spooled> {
        self.spool.flush().map_err(Error::io("write", &self.path))?;
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
        let (seen, rows, former, path) = (self.seen, self.rows, self.former, self.path);
        Ok(Spooled { seen, rows, clusters, sets, exact, former, path })
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
