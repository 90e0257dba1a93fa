//! The half of pass 1 that knows one document at a time: steps, labels and sketches, on all threads.

use biotope_core::{Document, Progress, RecordId, Unit};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::collect::bad_record;
use crate::curate::CurateConfig;
use crate::curate::shard::Shard;
use crate::dedup::{Sketch, Sketcher};
use crate::label::Labels;
use crate::pipeline::Pipeline;
use crate::quarantine::SetAside;
use crate::source::Source;
use crate::step::{Reason, Verdict};
use crate::{Error, Result};

/// Documents, or text bytes, that are worked on at a time.
pub(super) const CHUNK: (usize, usize) = (512, 32 << 20);

/// What is known of a record before it is held against the others.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// It goes on, with its sketch if duplicates are looked for and no lines are to be taken out before.
    Kept(Box<Document>, Option<Sketch>),
    /// It goes into quarantine.
    Aside(Box<SetAside>),
}

/// Whoever takes the outcomes, in the order of the source: position (from 0) and outcome.
pub(crate) type Sink<'a> = dyn FnMut(u64, Outcome) -> Result<()> + 'a;

/// Applies steps, label rules and the sketcher.
pub(crate) struct Cleaner<'a> {
    config: &'a CurateConfig,
    pipeline: Pipeline,
    labels: Labels,
    sketcher: Option<Sketcher>,
}

impl<'a> Cleaner<'a> {
    pub(crate) fn new(config: &'a CurateConfig) -> Result<Self> {
        let pipeline = Pipeline::open(&config.steps)?;
        let labels = Labels::open(&config.local_labels())?;
        let dedup = config.dedup.as_ref().filter(|_| !config.lines.is_on());
        Ok(Self { config, pipeline, labels, sketcher: dedup.map(Sketcher::new) })
    }

    /// Gives the outcome of every record of the source that belongs to the shard; returns how many it has in all.
    pub(crate) fn each(
        &self,
        source: &dyn Source,
        shard: Shard,
        progress: &dyn Progress,
        sink: &mut Sink<'_>,
    ) -> Result<u64> {
        progress.begin("clean", None, Unit::Items);
        let (mut seen, mut bytes, mut chunk) = (0, 0, Vec::new());
        for document in source.documents()? {
            let at = seen;
            seen += 1;
            if !shard.holds(at, document.as_ref().ok().map(|document| document.id)) {
                continue;
            }
            bytes += document.as_ref().map_or(0, |document| document.text.len());
            chunk.push((at, document));
            if chunk.len() >= CHUNK.0 || bytes >= CHUNK.1 {
                self.work(std::mem::take(&mut chunk), sink)?;
                bytes = 0;
                progress.at(seen);
            }
        }
        self.work(chunk, sink)?;
        progress.at(seen);
        progress.end();
        Ok(seen)
    }

    fn work(&self, chunk: Vec<(u64, Result<Document>)>, sink: &mut Sink<'_>) -> Result<()> {
        let done: Vec<(u64, Result<Outcome>)> =
            chunk.into_par_iter().map(|(at, document)| (at, self.outcome(document))).collect();
        done.into_iter().try_for_each(|(at, outcome)| sink(at, outcome?))
    }

    fn outcome(&self, document: Result<Document, Error>) -> Result<Outcome> {
        let doc = match document {
            Ok(doc) => doc,
            Err(error) => return Ok(Outcome::Aside(Box::new(bad_record(error)?))),
        };
        Ok(match self.pipeline.apply(doc) {
            Verdict::Keep(doc) => self.labelled(doc),
            Verdict::Drop(doc, reason) => Outcome::Aside(Box::new(SetAside::document(doc, reason))),
        })
    }

    fn labelled(&self, mut doc: Document) -> Outcome {
        self.labels.apply(&mut doc);
        if let Some((old, new)) = doc.label.as_ref().and_then(|label| self.config.rename.get_key_value(label))
        {
            doc.trace("rename", format!("{new:?}, was {old:?}"));
            doc.label = Some(new.clone());
        }
        if self.config.require_label && doc.label.is_none() {
            let reason = Reason::new("label", "no label");
            return Outcome::Aside(Box::new(SetAside::document(doc, reason)));
        }
        let sketch = self.sketcher.as_ref().map(|sketcher| sketcher.sketch(&doc.full_text()));
        Outcome::Kept(Box::new(doc), sketch)
    }
}

/// The first eight bytes of an id as a number.
pub(super) fn number(id: RecordId) -> u64 {
    u64::from_le_bytes(id.as_bytes()[..8].try_into().expect("an id has 16 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Documents;
    use biotope_core::Silent;

    /// A bad record, which has no id, after every third document.
    struct Broken;

    impl Source for Broken {
        fn documents(&self) -> Result<Documents<'_>> {
            Ok(Box::new((0..90).map(|n| match n % 4 {
                3 => Err(Error::bad("a.csv", Some(n), "3 fields, expected 4")),
                _ => Ok(Document {
                    label: Some("grain".into()),
                    ..Document::new(format!("a#{n}"), "小麦期货上涨")
                }),
            })))
        }

        fn describe(&self) -> String {
            "broken".into()
        }
    }

    #[test]
    fn every_record_belongs_to_one_share_a_bad_one_by_its_position() {
        let config = CurateConfig::default();
        let cleaner = Cleaner::new(&config).unwrap();
        let outcomes = |shard: Shard| {
            let mut all = Vec::new();
            let mut sink = |at, outcome: Outcome| {
                all.push((at, serde_json::to_string(&outcome).unwrap()));
                Ok(())
            };
            assert_eq!(cleaner.each(&Broken, shard, &Silent, &mut sink).unwrap(), 90);
            all
        };
        let whole = outcomes(Shard::WHOLE);
        assert!(whole[3].1.contains("3 fields, expected 4"));
        for count in [2, 3, 7] {
            let shares = (1..=count).map(|index| outcomes(Shard::new(index, count).unwrap()));
            let mut shares: Vec<_> = shares.flatten().collect();
            shares.sort();
            assert_eq!(shares, whole, "{count}");
        }
    }
}
