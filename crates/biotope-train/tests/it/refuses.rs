//! What it refuses, and how that looks.

use std::fs;
use std::path::Path;

use biotope_core::{Component, Seed, Target, Task};
use biotope_nn::{Batch, Example, Mode, Model, Output, Params};
use biotope_train::{Error, Kind, Result, RunDir, TrainConfig, Trainer};
use candle_core::{DType, Device, Tensor};
use candle_nn::init::ONE;

use crate::toy::{Toy, bits, examples, sit, small, task, toy};

fn train(dir: &Path, config: &TrainConfig, seed: u64, train: &[Example], valid: &[Example]) -> Result<()> {
    let (params, model) = toy(5, 0.3, 3);
    let task = task();
    Trainer::new(config, Seed(seed), &model, &params, &task)?.run(train, valid, &RunDir::open(dir)?)?;
    Ok(())
}

/// A folder with a run that was killed at step 3, saved at step 2.
fn half_done() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let kill = |event: &biotope_train::Event| match event {
        biotope_train::Event::StepDone { step: 3, .. } => Err(Error::Callback("killed".into())),
        _ => Ok(biotope_train::Flow::Continue),
    };
    assert_eq!(sit(dir.path(), &saving(), kill).1.unwrap_err().to_string(), "callback: killed");
    dir
}

fn saving() -> TrainConfig {
    TrainConfig { save_every: 2, ..small() }
}

fn resume(dir: &Path) -> Error {
    sit(dir, &saving(), |_: &biotope_train::Event| Ok(biotope_train::Flow::Continue)).1.unwrap_err()
}

/// The toy, with parameters that are not used, and that are used behind a cut.
struct Frozen {
    inner: Toy,
    cut: Tensor,
}

impl Model for Frozen {
    fn forward(&self, batch: &Batch, mode: Mode) -> biotope_nn::Result<Output> {
        let mut output = self.inner.forward(batch, mode)?;
        output.logits = output.logits.broadcast_mul(&self.cut.detach())?;
        Ok(output)
    }

    fn sparse(&self) -> Vec<String> {
        self.inner.sparse()
    }
}

#[test]
fn parameters_without_a_gradient_are_all_named_and_nothing_moves() {
    let (params, inner) = toy(5, 0.0, 3);
    params.vb().get_with_hints(3, "unused.bias", ONE).unwrap();
    let cut = params.vb().get_with_hints(3, "cut", ONE).unwrap();
    let before = bits(&params);
    let (dir, task, model) = (tempfile::tempdir().unwrap(), task(), Frozen { inner, cut });
    let mut trainer = Trainer::new(&small(), Seed(7), &model, &params, &task).unwrap();
    let error =
        trainer.run(&examples(22, 1), &examples(9, 2), &RunDir::open(dir.path()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "no gradient reaches 2 of 5 parameters: cut, unused.bias");
    let hint = "does the forward pass use them, and only through differentiable layers?";
    assert_eq!(error.hint().unwrap(), hint);
    assert_eq!(bits(&params), before);
}

/// The toy, with a parameter that counts for nothing.
struct Weightless {
    inner: Toy,
    zero: Tensor,
}

impl Model for Weightless {
    fn forward(&self, batch: &Batch, mode: Mode) -> biotope_nn::Result<Output> {
        let mut output = self.inner.forward(batch, mode)?;
        output.logits = output.logits.broadcast_add(&(&self.zero * 0.0)?)?;
        Ok(output)
    }

    fn sparse(&self) -> Vec<String> {
        self.inner.sparse()
    }
}

#[test]
fn a_gradient_that_stays_zero_is_refused_but_one_that_is_zero_by_chance_is_not() {
    let (params, inner) = toy(5, 0.0, 3);
    let zero = params.vb().get_with_hints(3, "zero", ONE).unwrap();
    let (dir, task, model) = (tempfile::tempdir().unwrap(), task(), Weightless { inner, zero });
    let mut trainer = Trainer::new(&small(), Seed(7), &model, &params, &task).unwrap();
    let error =
        trainer.run(&examples(22, 1), &examples(9, 2), &RunDir::open(dir.path()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "no gradient reaches 1 of 4 parameters: zero");

    // As many of each class, and a head that prefers none: the first gradient of its bias is zero.
    let (params, model) = toy(5, 0.0, 3);
    for name in ["head.weight", "head.bias"] {
        let dims = params.get(name).unwrap().dims().to_vec();
        params.set(name, &Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap()).unwrap();
    }
    let (dir, rows) = (tempfile::tempdir().unwrap(), examples(21, 1));
    let config = TrainConfig { batch_size: 21, epochs: 12, ..small() };
    let mut trainer = Trainer::new(&config, Seed(7), &model, &params, &task).unwrap();
    trainer.run(&rows, &rows, &RunDir::open(dir.path()).unwrap()).unwrap();
}

#[test]
fn a_loss_that_is_no_number_names_the_step() {
    let run = |name: &str, value: f32| {
        let (params, model) = toy(5, 0.0, 3);
        let dims = params.get(name).unwrap().dims().to_vec();
        params.set(name, &Tensor::full(value, dims, &Device::Cpu).unwrap()).unwrap();
        let (dir, task) = (tempfile::tempdir().unwrap(), task());
        let mut trainer = Trainer::new(&small(), Seed(7), &model, &params, &task).unwrap();
        trainer
            .run(&examples(22, 1), &examples(9, 2), &RunDir::open(dir.path()).unwrap())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(run("head.weight", f32::NAN), "the loss is NaN at step 1");
    let blows_up = TrainConfig { lr: 1e30, clip_norm: 0.0, optimizer: Component::new("sgd"), ..small() };
    let dir = tempfile::tempdir().unwrap();
    let error = train(dir.path(), &blows_up, 7, &examples(22, 1), &examples(9, 2)).unwrap_err();
    assert!(matches!(error, Error::NotFinite { step: 2..=4, .. }), "{error}");
}

#[test]
fn empty_splits_empty_models_and_wrong_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let all = examples(9, 1);
    let error = train(dir.path(), &small(), 7, &[], &all).unwrap_err();
    assert_eq!(error.to_string(), "the train split is empty");
    let error = train(dir.path(), &small(), 7, &all, &[]).unwrap_err();
    assert_eq!(error.to_string(), "the valid split is empty");
    assert_eq!(error.hint().unwrap(), "split some examples off for validation");
    let rmse = TrainConfig { metric: Some("rmse".into()), ..small() };
    let error = train(dir.path(), &rmse, 7, &all, &all).unwrap_err();
    assert_eq!(error.to_string(), "metric \"rmse\" is not defined for a single-label task");
    let zero = TrainConfig { batch_size: 0, ..small() };
    let error = train(dir.path(), &zero, 7, &all, &all).unwrap_err();
    assert_eq!(error.to_string(), "invalid batch_size: must be at least 1, got 0");

    let (empty, (_, model), task) = (Params::new(Seed(1), &Device::Cpu), toy(5, 0.0, 3), task());
    let mut trainer = Trainer::new(&small(), Seed(7), &model, &empty, &task).unwrap();
    let error = trainer.run(&all, &all, &RunDir::open(dir.path()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the model has no parameters");
}

#[test]
fn targets_of_another_kind_are_refused() {
    let (params, model) = toy(5, 0.0, 1);
    let dir = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(&small(), Seed(7), &model, &params, &Task::Regression).unwrap();
    let all = examples(9, 1);
    assert_eq!(all[0].target, Some(Target::Class(0)));
    let error = trainer.run(&all, &all, &RunDir::open(dir.path()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "mse needs values, got class indices");
}

#[test]
fn another_run_is_not_resumed_as_this_one() {
    let dir = half_done();
    let look = |error: Error| {
        assert_eq!(error.hint().unwrap(), "set it back, or train into another folder");
        error.to_string().replace(&dir.path().display().to_string(), "RUN")
    };
    let (all, valid) = (examples(22, 1), examples(9, 2));
    let other = TrainConfig { lr: 0.5, ..saving() };
    let error = train(dir.path(), &other, 7, &all, &valid).unwrap_err();
    assert_eq!(look(error), "RUN: cannot resume, `lr` was 0.02, is now 0.5");
    let error = train(dir.path(), &saving(), 8, &all, &valid).unwrap_err();
    assert_eq!(look(error), "RUN: cannot resume, the seed was 7, is now 8");
    let error = look(train(dir.path(), &saving(), 7, &examples(22, 3), &valid).unwrap_err());
    assert!(error.starts_with("RUN: cannot resume, the training split was "), "{error}");
    let metric = TrainConfig { metric: Some("accuracy".into()), ..saving() };
    let error = train(dir.path(), &metric, 7, &all, &valid).unwrap_err();
    assert_eq!(look(error), "RUN: cannot resume, `metric` was not set, is now \"accuracy\"");
    train(dir.path(), &saving(), 7, &all, &valid).unwrap();
}

#[test]
fn damaged_checkpoints_are_named() {
    for (file, damage) in [("model.safetensors", 40), ("optimizer.safetensors", 90)] {
        let dir = half_done();
        let path = RunDir::open(dir.path()).unwrap().checkpoint(Kind::Last).join(file);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.len() - damage;
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let error = resume(dir.path());
        assert!(
            error.to_string().starts_with(&format!("{}: damaged, its digest is ", path.display())),
            "{error}"
        );
        let hint = "restore the file, or delete the folder's checkpoints to train again";
        assert_eq!(error.hint().unwrap(), hint);

        fs::remove_file(&path).unwrap();
        let error = resume(dir.path());
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
    let dir = half_done();
    let run = RunDir::open(dir.path()).unwrap();
    fs::write(run.events(), "").unwrap();
    assert!(resume(dir.path()).to_string().contains("damaged, it has 0 bytes, the checkpoint knows of "));
    let path = run.checkpoint(Kind::Last).join("state.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    assert!(resume(dir.path()).to_string().starts_with(&format!("{}: damaged, EOF", path.display())));
    run.clear().unwrap();
    train(dir.path(), &saving(), 7, &examples(22, 1), &examples(9, 2)).unwrap();
}

#[test]
fn a_folder_that_vanishes_or_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let block = |event: &biotope_train::Event| {
        if matches!(event, biotope_train::Event::StepDone { step: 1, .. }) {
            fs::remove_dir_all(dir.path().join("checkpoints")).unwrap();
            fs::write(dir.path().join("checkpoints"), "a file where the folder was").unwrap();
        }
        Ok(biotope_train::Flow::Continue)
    };
    let error = sit(dir.path(), &saving(), block).1.unwrap_err();
    let place = dir.path().join("checkpoints");
    assert!(error.to_string().starts_with(&place.display().to_string()), "{error}");
    assert_eq!(error.hint().unwrap(), "is the folder writable, and is there space left?");
}

#[test]
fn a_model_that_is_not_f32_is_refused() {
    let error = biotope_optim::Optimizer::new(
        &Component::new("sgd"),
        vec![("w".into(), candle_core::Var::zeros(2, DType::F64, &Device::Cpu).unwrap())],
        &[],
    );
    let error = Error::from(error.unwrap_err());
    assert_eq!(error.to_string(), "parameter \"w\" cannot be optimised: it is F64, expected F32");
}
