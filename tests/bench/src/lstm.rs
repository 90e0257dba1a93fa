//! Embedding(10000, 64), LSTM(128) with dropout on inputs and states, one output: the example of Keras's guide.

use anyhow::Result;
use biotope_core::{Component, Seed, Target, Task};
use biotope_models::Catalogue;
use biotope_nn::Params;
use candle_core::Device;

use crate::options::Options;
use crate::report::Line;
use crate::{training, workload};

const WORDS: usize = 10_000;

/// Seconds of a batch.
pub(crate) fn train(options: &Options) -> Result<Line> {
    let labels = |label| Target::Labels(vec![label == 1]);
    let texts = workload::texts(&options.work, &format!("lstm{}", options.length), labels)?;
    let task = Task::MultiLabel { labels: vec!["positive".into()] };
    let lstm = Component::new("lstm")
        .with("dim", 64)
        .with("hidden", 128)
        .with("bidirectional", false)
        .with("pooling", "last")
        .with("dropout", 0.0)
        .with("spatial_dropout", 0.2)
        .with("recurrent_dropout", 0.2);
    let params = Params::new(Seed(options.seed), &Device::Cpu);
    let model = Catalogue::default().build(&lstm, &task, WORDS, &params)?;
    let config = training::config(options, "lr = 1e-3\noptimizer = { use = \"adam\" }")?;
    let timed = training::run(options, &config, (model.as_ref(), &params, &task), &texts)?;
    let case = format!("lstm-train {}", options.length);
    let line = Line::new(case, "samples/s", options.batch as f64, &timed.seconds);
    Ok(Line { rss: timed.rss, path: format!("f32 {}", line.path), ..line })
}
