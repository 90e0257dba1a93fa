//! Convolutions over words (Kim 2014): widths 3, 4 and 5 with 100 filters each over 128 columns.

use anyhow::Result;
use biotope_core::{Component, Seed, Target, Task};
use biotope_models::Catalogue;
use biotope_nn::Params;
use candle_core::Device;

use crate::options::Options;
use crate::report::Line;
use crate::{training, workload};

/// Ids of the tokenizer that made the texts.
const WORDS: usize = 30_522;

/// Seconds of a batch.
pub(crate) fn train(options: &Options) -> Result<Line> {
    let class = |label| Target::Class(label as usize);
    let texts = workload::texts(&options.work, &format!("full{}", options.length), class)?;
    let task = Task::single_label(["0", "1", "2", "3"]);
    let cnn = Component::new("text-cnn").with("dim", 128).with("filters", 100).with("dropout", 0.5);
    let params = Params::new(Seed(options.seed), &Device::Cpu);
    let model = Catalogue::default().build(&cnn, &task, WORDS, &params)?;
    let config = training::config(options, "lr = 1e-3\noptimizer = { use = \"adam\" }")?;
    let timed = training::run(options, &config, (model.as_ref(), &params, &task), &texts)?;
    let line = Line::new("text-cnn-train", "samples/s", options.batch as f64, &timed.seconds);
    Ok(Line { rss: timed.rss, path: format!("f32 {}", line.path), ..line })
}
