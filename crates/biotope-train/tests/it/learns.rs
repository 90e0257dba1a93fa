//! That it learns, and when it stops.

use std::cell::RefCell;

use biotope_core::pack::Budget;
use biotope_core::{Component, Seed, Target, Task};
use biotope_nn::Params;
use biotope_train::{Event, Flow, Kind, Outcome, Reason, RunDir, TrainConfig, Trainer, predict};
use candle_core::Device;

use crate::toy::{bits, examples, small, task, toy};

fn run(config: &TrainConfig, rate: f64) -> (Params, Outcome) {
    let (params, model) = toy(5, rate, 3);
    let (dir, task) = (tempfile::tempdir().unwrap(), task());
    let mut trainer = Trainer::new(config, Seed(7), &model, &params, &task).unwrap();
    let outcome = trainer.run(&examples(22, 1), &examples(9, 2), &RunDir::open(dir.path()).unwrap()).unwrap();
    drop(trainer);
    (params, outcome)
}

/// All weights in a row.
fn numbers(params: &Params) -> Vec<f32> {
    bits(params).into_iter().flat_map(|(_, values)| values.into_iter().map(f32::from_bits)).collect()
}

#[test]
fn it_learns_the_toy_by_heart() {
    let (params, model) = toy(5, 0.0, 3);
    let (dir, task, train) = (tempfile::tempdir().unwrap(), task(), examples(22, 1));
    let config = TrainConfig { epochs: 40, metric: Some("loss".into()), ..small() };
    let mut trainer = Trainer::new(&config, Seed(7), &model, &params, &task).unwrap();
    let outcome = trainer.run(&train, &train, &RunDir::open(dir.path()).unwrap()).unwrap();
    assert!(outcome.best_value < 0.05, "{outcome:?}");
    assert_eq!(outcome.history.last().unwrap().metrics["accuracy"], 1.0);

    let one = predict(&model, &task, &train, Budget { tokens: 3, examples: 1 }, &Device::Cpu).unwrap();
    let many = predict(&model, &task, &train, Budget { tokens: 1000, examples: 7 }, &Device::Cpu).unwrap();
    for ((a, b), example) in one.iter().zip(&many).zip(&train) {
        assert_eq!((a.id, b.id), (example.id, example.id));
        assert_eq!(a.best().map(Target::Class), example.target);
        assert!(a.scores.iter().zip(&b.scores).all(|(x, y)| (x - y).abs() < 1e-6));
    }
}

#[test]
fn accumulated_batches_are_the_big_batch() {
    let rule = Component::new("momentum").with("momentum", 0.5);
    let whole = TrainConfig { batch_size: 8, optimizer: rule, epochs: 3, ..small() };
    let halves = TrainConfig { batch_size: 4, accumulate: 2, ..whole.clone() };
    let ((a, outcome_a), (b, outcome_b)) = (run(&whole, 0.0), run(&halves, 0.0));
    assert_eq!((outcome_a.steps, outcome_b.steps), (9, 9));
    for ((name, one), (_, other)) in bits(&a).into_iter().zip(bits(&b)) {
        for (x, y) in one.into_iter().map(f32::from_bits).zip(other.into_iter().map(f32::from_bits)) {
            assert!((x - y).abs() < 2e-6, "{name}: {x} {y}");
        }
    }
}

#[test]
fn it_stops_when_nothing_improves_and_gives_the_best_weights() {
    let (params, model) = toy(5, 0.3, 3);
    let (dir, task) = (tempfile::tempdir().unwrap(), task());
    let dir = RunDir::open(dir.path()).unwrap();
    let config =
        TrainConfig { epochs: 50, patience: 2, lr: 1e-9, metric: Some("accuracy".into()), ..small() };
    let mut trainer = Trainer::new(&config, Seed(7), &model, &params, &task).unwrap();
    let outcome = trainer.run(&examples(22, 1), &examples(9, 2), &dir).unwrap();
    assert!(outcome.stopped_early && outcome.reason == Reason::Patience);
    assert_eq!((outcome.best_step, outcome.epochs, outcome.steps), (6, 3, 18));
    let is_best: Vec<bool> = outcome.history.iter().map(|measured| measured.is_best).collect();
    assert_eq!(is_best, [true, false, false]);

    let best = toy(1, 0.0, 3).0;
    best.load(&dir.checkpoint(Kind::Best).join("model.safetensors")).unwrap();
    assert_eq!(bits(&params), bits(&best));
    let last = toy(1, 0.0, 3).0;
    last.load(&dir.checkpoint(Kind::Last).join("model.safetensors")).unwrap();
    assert_ne!(bits(&params), bits(&last));
}

#[test]
fn the_mean_of_the_weights_is_measured_and_saved_as_the_best() {
    let (params, model) = toy(5, 0.0, 3);
    let (dir, task, train) = (tempfile::tempdir().unwrap(), task(), examples(22, 1));
    let dir = RunDir::open(dir.path()).unwrap();
    let trail = RefCell::new(Vec::new());
    let listen = |event: &Event| {
        if matches!(event, Event::StepDone { .. }) {
            trail.borrow_mut().push(numbers(&params));
        }
        Ok(Flow::Continue)
    };
    let config = TrainConfig { epochs: 4, ema: 0.8, metric: Some("loss".into()), ..small() };
    let mut trainer = Trainer::new(&config, Seed(7), &model, &params, &task).unwrap().callback(listen);
    let outcome = trainer.run(&train, &train, &dir).unwrap();
    drop(trainer);
    assert_eq!((outcome.best_step, outcome.steps), (24, 24));

    let trail = trail.into_inner();
    let mut mean = trail[0].clone();
    for weights in &trail[1..] {
        mean.iter_mut().zip(weights).for_each(|(mean, weight)| *mean = 0.8 * *mean + 0.2 * weight);
    }
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0f32, |most, (a, b)| most.max((a - b).abs()));
    assert!(apart(&numbers(&params), &mean) < 1e-6, "the run ends with the mean");
    let (of_best, of_last) = (toy(1, 0.0, 3).0, toy(1, 0.0, 3).0);
    of_best.load(&dir.checkpoint(Kind::Best).join("model.safetensors")).unwrap();
    of_last.load(&dir.checkpoint(Kind::Last).join("model.safetensors")).unwrap();
    assert_eq!(bits(&of_best), bits(&params));
    assert_eq!(numbers(&of_last), trail[23], "the run itself goes on from the weights");
    assert!(apart(&mean, &trail[23]) > 1e-3);
}

#[test]
fn clipping_by_value_holds_every_element_back() {
    let sgd = |clip_value| TrainConfig {
        clip_value,
        clip_norm: 0.0,
        max_steps: 1,
        optimizer: Component::new("sgd"),
        schedule: Component::new("constant"),
        groups: Vec::new(),
        ..small()
    };
    let start = numbers(&toy(5, 0.0, 3).0);
    let longest = |config: &TrainConfig| {
        let end = numbers(&run(config, 0.0).0);
        start.iter().zip(end).fold(0f32, |most, (a, b)| most.max((a - b).abs())) / 0.02
    };
    let free = longest(&sgd(0.0));
    assert!(free > 0.06, "{free}");
    assert!((longest(&sgd(0.05)) - 0.05).abs() < 1e-4);
}

#[test]
fn max_steps_ends_the_run_in_mid_epoch_and_measures_it() {
    let (_, outcome) = run(&TrainConfig { max_steps: 4, ..small() }, 0.3);
    assert_eq!((outcome.steps, outcome.epochs, outcome.reason), (4, 0, Reason::Done));
    assert_eq!(outcome.history.len(), 1);
}

#[test]
fn a_number_is_learned_as_well() {
    let (params, model) = toy(5, 0.0, 1);
    let dir = tempfile::tempdir().unwrap();
    let mut train = examples(22, 1);
    for example in &mut train {
        let Some(Target::Class(class)) = example.target else { unreachable!("the toy has classes") };
        example.target = Some(Target::Value(class as f64));
    }
    let config = TrainConfig { epochs: 60, ..small() };
    let listener = |_: &biotope_train::Event| Ok(Flow::Continue);
    let mut trainer =
        Trainer::new(&config, Seed(7), &model, &params, &Task::Regression).unwrap().callback(listener);
    let outcome = trainer.run(&train, &train, &RunDir::open(dir.path()).unwrap()).unwrap();
    assert!(outcome.metric == "rmse" && outcome.best_value < 0.1, "{outcome:?}");
}
