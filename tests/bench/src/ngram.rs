//! The n-gram model from text to accuracy, as fastText does it (Joulin et al. 2017): words and pairs of words, a
//! hidden layer, softmax, five epochs of SGD with a rate that falls to zero.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use biotope_core::{Component, Document, RecordId, Seed, Table, Target, Task, config};
use biotope_models::Catalogue;
use biotope_nn::{Example, Params};
use biotope_text::{Featurizer, train_featurizer};
use biotope_train::{Event, Flow, RunDir, TrainConfig, Trainer, predict};
use candle_core::Device;

use crate::options::Options;
use crate::report::{Line, peak_rss};

const EPOCHS: usize = 5;

/// What fastText writes in front of a class.
const LABEL: &str = "__label__";

/// A text file of the workload: classes and texts.
struct Corpus {
    docs: Vec<Document>,
    classes: Vec<usize>,
}

impl Corpus {
    fn open(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut corpus = Self { docs: Vec::new(), classes: Vec::new() };
        for (at, line) in text.lines().enumerate() {
            let parts = line.strip_prefix(LABEL).and_then(|line| line.split_once(' '));
            let (class, text) = parts.with_context(|| format!("{}:{}: no label", path.display(), at + 1))?;
            corpus.classes.push(class.parse()?);
            corpus.docs.push(Document::new("bench", text));
        }
        ensure!(!corpus.docs.is_empty(), "{} is empty", path.display());
        Ok(corpus)
    }

    fn words(&self) -> usize {
        self.docs.iter().map(|doc| doc.text.split_whitespace().count()).sum()
    }

    fn examples(&self, featurizer: &dyn Featurizer) -> Result<Vec<Example>> {
        let features = featurizer.features_all(&self.docs)?;
        let each = features.into_iter().zip(&self.classes).enumerate();
        Ok(each
            .map(|(at, (features, class))| Example {
                id: RecordId::of(&[&at.to_le_bytes()]),
                features,
                target: Some(Target::Class(*class)),
            })
            .collect())
    }
}

/// Seconds of a whole training: reading the file, counting n-grams, five epochs. The unit is a word read once.
pub(crate) fn train(options: &Options) -> Result<Line> {
    let (path, test) =
        (options.work.join("ngram.train.txt"), Corpus::open(&options.work.join("ngram.test.txt"))?);
    let words = Corpus::open(&path)?.words() * EPOCHS;
    let (mut seconds, mut accuracy, mut rss) = (Vec::new(), 0.0, 0);
    for round in 0..options.warmup + options.steps {
        let begun = Instant::now();
        let learned = Learned::new(options, &Corpus::open(&path)?)?;
        rss = learned.rss;
        if round >= options.warmup {
            seconds.push((learned.done - begun).as_secs_f64());
        }
        if round == 0 {
            accuracy = learned.accuracy(&test)?;
        }
    }
    let line = Line::new(format!("ngram-train {}", options.dim), "tokens/s", words as f64, &seconds);
    Ok(Line { rss, accuracy: Some(accuracy), path: format!("f32 {}", line.path), ..line })
}

struct Learned {
    featurizer: Box<dyn Featurizer>,
    model: Box<dyn biotope_nn::Model>,
    task: Task,
    /// Holds the weights that the model sees.
    _params: Params,
    /// When the last step was done, and the memory held then; the checkpoint that follows is not timed: the peer
    /// saves nothing.
    done: Instant,
    rss: u64,
}

impl Learned {
    fn new(options: &Options, corpus: &Corpus) -> Result<Self> {
        let featurizer =
            train_featurizer(&bag(options.dim), &mut corpus.docs.iter().map(Document::full_text))?;
        let examples = corpus.examples(featurizer.as_ref())?;
        let classes = corpus.classes.iter().max().map_or(0, |most| most + 1);
        let task = Task::single_label((0..classes).map(|class| class.to_string()));
        let params = Params::new(Seed(options.seed), &Device::Cpu);
        let ngram = Component::new("ngram-linear").with("dim", options.dim as i64);
        let model = Catalogue::default().build(&ngram, &task, featurizer.vocab_size(), &params)?;
        let (mut done, mut rss, dir) = (Instant::now(), 0, tempfile::tempdir()?);
        Trainer::new(&training(options)?, Seed(options.seed), model.as_ref(), &params, &task)?
            .callback(|event: &Event| {
                if matches!(event, Event::StepDone { .. }) {
                    done = Instant::now();
                    rss = peak_rss();
                }
                Ok(Flow::Continue)
            })
            .run(&examples, &examples[..1], &RunDir::open(dir.path())?)?;
        Ok(Self { featurizer, model, task, _params: params, done, rss })
    }

    /// Share of texts whose class is found.
    fn accuracy(&self, test: &Corpus) -> Result<f64> {
        let examples = test.examples(self.featurizer.as_ref())?;
        let budget = training_budget();
        let found = predict(self.model.as_ref(), &self.task, &examples, budget, &Device::Cpu)?;
        let right = found.iter().zip(&test.classes).filter(|(found, class)| found.best() == Some(**class));
        Ok(right.count() as f64 / examples.len() as f64)
    }
}

/// Words and pairs of words; with a hidden layer weighted as fastText does, without one as our recipes do.
fn bag(dim: usize) -> Component {
    let bag = Component::new("ngrams").with("words", 2).with("bits", 21).with("min_df", 1);
    if dim == 0 { bag } else { bag.with("weighting", "tf").with("sublinear", false) }
}

fn training_budget() -> biotope_core::pack::Budget {
    biotope_core::pack::Budget { tokens: 100_000, examples: 256 }
}

/// A batch of 32 makes a step that 32 single ones of fastText make: the rate is so much larger.
fn training(options: &Options) -> Result<TrainConfig> {
    let lr = match options.dim {
        _ if options.lr > 0.0 => options.lr,
        0 => 60.0,
        _ => 3.0,
    };
    let text = format!(
        "epochs = {EPOCHS}\nbatch_size = 32\nbatch_tokens = 100000\nclip_norm = 0.0\nlr = {lr:?}\n\
         evaluate_every = 1000000000\nschedule = {{ use = \"linear\" }}\noptimizer = {{ use = \"sgd\" }}"
    );
    let table: Table = text.parse()?;
    Ok(config::from_table(&table)?)
}
