//! Steps of the real trainer, each timed.

use std::time::Instant;

use anyhow::{Result, ensure};
use biotope_core::{Seed, Table, Task, config};
use biotope_nn::{Example, Model, Params};
use biotope_train::{Event, Flow, RunDir, TrainConfig, Trainer};

use crate::options::Options;
use crate::report::peak_rss;

/// Never reached: a timed run is not interrupted by evaluations and checkpoints; its end is, outside of what is timed.
const NEVER: u64 = 1 << 40;

/// Seconds of each step, and the memory held when the last one was done.
#[derive(Debug)]
pub(crate) struct Timed {
    pub(crate) seconds: Vec<f64>,
    pub(crate) rss: u64,
}

/// The loop's options: batches of `options.batch` texts whatever their length, a constant rate, no clipping.
pub(crate) fn config(options: &Options, keys: &str) -> Result<TrainConfig> {
    let updates = options.warmup + options.steps;
    let precision = &options.precision;
    let text = format!(
        "epochs = {updates}\nmax_steps = {updates}\nbatch_size = {}\nbatch_tokens = 1000000\nclip_norm = 0.0\n\
         evaluate_every = {NEVER}\nschedule = {{ use = \"constant\" }}\nprecision = \"{precision}\"\n{keys}",
        options.batch
    );
    let table: Table = text.parse()?;
    Ok(config::from_table(&table)?)
}

/// Trains for the warm-up and the timed steps.
pub(crate) fn run(
    options: &Options,
    config: &TrainConfig,
    (model, params, task): (&dyn Model, &Params, &Task),
    examples: &[Example],
) -> Result<Timed> {
    let (mut ends, mut rss) = (Vec::new(), 0);
    let begun = Instant::now();
    let dir = tempfile::tempdir()?;
    Trainer::new(config, Seed(options.seed), model, params, task)?
        .clock(move || begun.elapsed().as_secs_f64())
        .callback(|event: &Event| {
            match event {
                Event::RunStarted { seconds, .. } => ends.push(*seconds),
                Event::StepDone { seconds, .. } => {
                    ends.push(*seconds);
                    rss = peak_rss();
                }
                _ => {}
            }
            Ok(Flow::Continue)
        })
        .run(examples, &examples[..1], &RunDir::open(dir.path())?)?;
    let wanted = options.warmup + options.steps;
    ensure!(ends.len() == wanted + 1, "{} steps were made, {wanted} were wanted", ends.len() - 1);
    let seconds = ends.windows(2).skip(options.warmup).map(|pair| pair[1] - pair[0]).collect();
    Ok(Timed { seconds, rss })
}
