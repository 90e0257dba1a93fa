//! A bag of rows, dropout, a linear layer; three classes that show in their rows.

use std::cell::Cell;
use std::path::Path;

use biotope_core::{Features, RecordId, Seed, Target, Task};
use biotope_nn::layers::{Activation, Dropout, EmbeddingBag, Linear};
use biotope_nn::{Batch, Example, Mode, Model, Output, Params};
use biotope_optim::Group;
use biotope_train::{Callback, Outcome, Result, RunDir, TrainConfig, Trainer};
use candle_core::Device;
use candle_nn::Init;

const ROWS: usize = 24;

pub(crate) struct Toy {
    table: EmbeddingBag,
    dropout: Dropout,
    head: Linear,
}

impl Model for Toy {
    fn forward(&self, batch: &Batch, mode: Mode) -> biotope_nn::Result<Output> {
        let mut rows = Vec::new();
        let x = self.table.forward(batch.input.bag()?, mode, &mut rows)?; // [batch, 6]
        let logits = self.head.forward(&self.dropout.forward(&x, mode)?, mode)?;
        Ok(Output::sparse(logits, rows))
    }

    fn sparse(&self) -> Vec<String> {
        vec![self.table.name().to_owned()]
    }
}

pub(crate) fn toy(seed: u64, rate: f64, outputs: usize) -> (Params, Toy) {
    let params = Params::new(Seed(seed), &Device::Cpu);
    let vb = params.vb();
    let init = Init::Randn { mean: 0.0, stdev: 0.5 };
    let table = EmbeddingBag::sparse(ROWS, 6, init, &vb.pp("table")).unwrap();
    let head = Linear::new(6, outputs, Activation::Identity, &vb.pp("head")).unwrap();
    (params, Toy { table, dropout: Dropout::new(rate, "dropout"), head })
}

pub(crate) fn task() -> Task {
    Task::single_label(["crude", "grain", "粮食"])
}

pub(crate) fn examples(count: usize, salt: usize) -> Vec<Example> {
    let example = |at: usize| {
        let class = at % 3;
        let mut rows: Vec<u32> = [class * 3 + at % 2, class * 3 + 2, 9 + (at * 7 + salt) % 15]
            .iter()
            .map(|row| *row as u32)
            .collect();
        rows.truncate(3 - at % 2); // of different lengths
        let weights = vec![1.0; rows.len()];
        let id = RecordId::of(&[&at.to_le_bytes(), &salt.to_le_bytes()]);
        Example { id, features: Features::Bag { rows, weights }, target: Some(Target::Class(class)) }
    };
    (0..count).map(example).collect()
}

/// Every bit of every parameter.
pub(crate) fn bits(params: &Params) -> Vec<(String, Vec<u32>)> {
    let values = |var: &candle_core::Var| var.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    params.iter().map(|(name, var)| (name, values(&var).iter().map(|x| x.to_bits()).collect())).collect()
}

pub(crate) fn small() -> TrainConfig {
    let groups = vec![Group { names: vec!["table*".into()], lr_scale: 2.0, weight_decay: Some(0.0) }];
    TrainConfig { epochs: 2, batch_size: 4, batch_tokens: 100, lr: 0.02, groups, ..TrainConfig::default() }
}

/// One sitting of a run on fresh parameters.
pub(crate) fn sit<'a>(
    dir: &Path,
    config: &TrainConfig,
    listener: impl Callback + 'a,
) -> (Params, Result<Outcome>) {
    let (params, model) = toy(5, 0.3, 3);
    let task = task();
    let ticks = Cell::new(0.0);
    let clock = || {
        ticks.set(ticks.get() + 0.25);
        ticks.get()
    };
    let outcome = Trainer::new(config, Seed(7), &model, &params, &task).and_then(|trainer| {
        trainer.clock(clock).callback(listener).run(&examples(22, 1), &examples(9, 2), &RunDir::open(dir)?)
    });
    (params, outcome)
}
