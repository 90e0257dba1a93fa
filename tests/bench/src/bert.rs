//! `MiniLM` (Wang et al. 2020): fine-tuning and inference.

use std::path::Path;
use std::time::Instant;
use std::{fs, iter};

use anyhow::{Context, Result, bail};
use biotope_core::{Component, Features, Seed, Silent, Target, Task};
use biotope_hub::{Hub, HubConfig};
use biotope_models::{Catalogue, bert};
use biotope_nn::{Batch, Example, Frozen, Mode, Model, Packed, Params, Precision};
use candle_core::Device;

use crate::options::Options;
use crate::report::{Line, peak_rss};
use crate::{training, workload};

/// Files of the folder that the peers need beside the weights.
const BESIDE: [&str; 2] = ["tokenizer.json", "vocab.txt"];

/// Learning rate and decay of the peers' program.
const TRAIN: &str = "lr = 2e-5\noptimizer = { use = \"adamw\", weight_decay = 0.01 }";

fn task() -> Task {
    Task::single_label(["0", "1", "2", "3"])
}

/// Writes a folder that both sides open: the weights of `MiniLM` with a head that is drawn here.
pub(crate) fn prepare(options: &Options) -> Result<()> {
    let hub = Hub::new(HubConfig::from_env()?);
    let folder = hub.fetch_folder("minilm", &Silent)?;
    let (model, params) = (options.work.join("model"), Params::new(Seed(options.seed), &Device::Cpu));
    let config = bert::read_config(&folder)?;
    Catalogue::default().build(&Component::of(&config), &task(), config.vocab_size, &params)?;
    bert::open_pretrained(&params, &folder)?;
    bert::save_hf(&model, &config, &task(), &params)?;
    for file in BESIDE {
        fs::copy(folder.join(file), model.join(file)).with_context(|| format!("copy {file}"))?;
    }
    println!("{}", model.display());
    Ok(())
}

fn open(folder: &Path, seed: u64) -> Result<(Box<dyn Model>, Params)> {
    let params = Params::new(Seed(seed), &Device::Cpu);
    let config = bert::read_config(folder)?;
    let model = Catalogue::default().build(&Component::of(&config), &task(), config.vocab_size, &params)?;
    let opened = bert::open_pretrained(&params, folder)?;
    if !opened.fresh.is_empty() {
        bail!("{} lacks {}", folder.display(), opened.fresh.join(", "))
    }
    Ok((model, params))
}

fn texts(options: &Options) -> Result<Vec<Example>> {
    let name = match options.length.as_str() {
        "news" => "news".to_owned(),
        length => format!("full{length}"),
    };
    workload::texts(&options.work, &name, |label| Target::Class(label as usize))
}

/// Seconds of a batch. On news a step is a pass over all texts: batches differ in length.
pub(crate) fn train(options: &Options) -> Result<Line> {
    let texts = texts(options)?;
    let batches = if options.length == "news" { texts.len().div_ceil(options.batch) } else { 1 };
    let (model, params) = open(&options.work.join("model"), options.seed)?;
    let steps =
        Options { steps: options.steps * batches, warmup: options.warmup * batches, ..options.clone() };
    let config = training::config(&steps, TRAIN)?;
    let timed = training::run(&steps, &config, (model.as_ref(), &params, &task()), &texts)?;
    let seconds: Vec<f64> = timed.seconds.chunks(batches).map(|pass| pass.iter().sum()).collect();
    let amount = if batches == 1 { options.batch } else { texts.len() };
    let line = Line::new(format!("bert-train {}", options.length), "samples/s", amount as f64, &seconds);
    let path = format!("{} {}", options.precision, line.path);
    Ok(Line { rss: timed.rss, path, ..line })
}

/// Seconds of a batch of texts, from ids to logits on the host; on news of a pass over all batches.
pub(crate) fn infer(options: &Options) -> Result<Line> {
    let texts = texts(options)?;
    let mut answer = Answer::open(options)?;
    let per_step = if options.length == "news" { texts.len() } else { options.batch };
    let mut seconds = Vec::new();
    let steps = texts.chunks_exact(per_step).collect::<Vec<_>>();
    for (step, texts) in iter::repeat(&steps).flatten().enumerate().take(options.warmup + options.steps) {
        let begun = Instant::now();
        for batch in texts.chunks(options.batch) {
            answer.logits(batch)?;
        }
        if step >= options.warmup {
            seconds.push(begun.elapsed().as_secs_f64());
        }
    }
    let case = format!("bert-infer {}", options.length);
    let line = Line::new(case, "samples/s", per_step as f64, &seconds);
    let path = format!("{} {}{}", options.precision, line.path, answer.form());
    Ok(Line { rss: peak_rss(), probe: answer.logits(&texts[..1])?.to_vec(), path, ..line })
}

/// The model as it answers: without graph where it has such a form, and buffers that are used again.
struct Answer {
    model: Box<dyn Model>,
    /// Holds the weights that the model sees.
    _params: Params,
    frozen: Option<Box<dyn Frozen>>,
    tokens: Vec<u32>,
    offsets: Vec<usize>,
    logits: Vec<f32>,
}

impl Answer {
    fn open(options: &Options) -> Result<Self> {
        let (model, params) = open(&options.work.join("model"), options.seed)?;
        let precision: Precision = options.precision.parse()?;
        let frozen = model.freeze(precision)?;
        if frozen.is_none() && precision != Precision::F32 {
            bail!("this model does not answer in {precision}")
        }
        Ok(Self {
            model,
            _params: params,
            frozen,
            tokens: Vec::new(),
            offsets: Vec::new(),
            logits: Vec::new(),
        })
    }

    fn form(&self) -> &'static str {
        if self.frozen.is_some() { "" } else { ", with graph" }
    }

    /// Logits of the texts, one row after the other.
    fn logits(&mut self, texts: &[Example]) -> Result<&[f32]> {
        let Some(frozen) = &self.frozen else {
            let batch = Batch::collate(&texts.iter().collect::<Vec<_>>(), &Device::Cpu)?;
            self.logits = self.model.forward(&batch, Mode::Eval)?.logits.flatten_all()?.to_vec1()?;
            return Ok(&self.logits);
        };
        self.tokens.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for text in texts {
            let Features::Tokens(ids) = &text.features else { bail!("texts are token ids") };
            self.tokens.extend_from_slice(ids);
            self.offsets.push(self.tokens.len());
        }
        self.logits.resize(texts.len() * frozen.outputs(), 0.0);
        let packed = Packed::Tokens { tokens: &self.tokens, offsets: &self.offsets };
        frozen.run(packed, &mut self.logits)?;
        Ok(&self.logits)
    }
}
