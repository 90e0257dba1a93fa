//! Once more from the start on all examples, as far as the first run was best.

use std::path::Path;

use biotope_core::{Component, Seed};
use biotope_nn::{Example, Params};
use biotope_train::{
    Callback, Error, Event, Flow, Kind, Outcome, Passes, Reason, Result, RunDir, TrainConfig, Trainer, event,
};

use crate::toy::{bits, examples, sit, small, task, toy};

#[expect(clippy::unnecessary_wraps, reason = "a callback")]
fn listen(_: &Event) -> Result<Flow> {
    Ok(Flow::Continue)
}

fn all() -> Vec<Example> {
    [examples(22, 1), examples(9, 2)].concat()
}

/// What a first run may have said: best after so many of its 12 updates.
fn chosen(best_step: u64) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let first = sit(folder.path(), &small(), listen).1.unwrap();
    Outcome { best_step, passes: Passes { best: best_step as f64 / 6.0, ..first.passes }, ..first }
}

fn refit(
    dir: &Path,
    config: &TrainConfig,
    chosen: &Outcome,
    listener: impl Callback,
) -> (Params, Result<Outcome>) {
    let ((params, model), task) = (toy(5, 0.3, 3), task());
    let outcome = Trainer::new(config, Seed(7), &model, &params, &task)
        .and_then(|trainer| trainer.callback(listener).refit(&all(), chosen, &RunDir::open(dir)?));
    (params, outcome)
}

/// A first run over all examples, stopped after so many updates.
fn plain(stop: u64) -> Params {
    let ((params, model), task, folder) = (toy(5, 0.3, 3), task(), tempfile::tempdir().unwrap());
    let stopper = move |event: &Event| {
        let is_last = matches!(event, Event::StepDone { step, .. } if *step == stop);
        Ok(if is_last { Flow::Stop } else { Flow::Continue })
    };
    let mut trainer = Trainer::new(&small(), Seed(7), &model, &params, &task).unwrap().callback(stopper);
    trainer.run(&all(), &examples(9, 3), &RunDir::open(folder.path()).unwrap()).unwrap();
    drop(trainer);
    let last = toy(1, 0.0, 3).0;
    let file = RunDir::open(folder.path()).unwrap().checkpoint(Kind::Last).join("model.safetensors");
    last.load(&file).unwrap();
    last
}

#[test]
fn it_is_the_plain_run_over_all_examples_cut_where_the_first_one_was_best() {
    for (best_step, end) in [(12, 16), (6, 8), (3, 4), (9, 12)] {
        let dir = tempfile::tempdir().unwrap();
        let (params, outcome) = refit(dir.path(), &small(), &chosen(best_step), listen);
        let outcome = outcome.unwrap();
        assert_eq!((outcome.steps, outcome.reason), (end, Reason::Done), "best at {best_step}");
        assert!(outcome.history.is_empty() && outcome.best_value.is_nan() && !outcome.stopped_early);
        assert_eq!(bits(&params), bits(&plain(end)), "best at {best_step}");
        let saved = toy(1, 0.0, 3).0;
        let best = RunDir::open(dir.path()).unwrap().checkpoint(Kind::Best);
        saved.load(&best.join("model.safetensors")).unwrap();
        assert_eq!(bits(&params), bits(&saved), "what is on the disk is what ships");
    }
}

#[test]
fn killed_at_every_event_and_resumed_is_as_if_nothing_had_happened() {
    let (config, chosen) = (TrainConfig { save_every: 3, patience: 1, ..small() }, chosen(9));
    let dir = tempfile::tempdir().unwrap();
    let (params, outcome) = refit(dir.path(), &config, &chosen, listen);
    let (expected, steps) = (bits(&params), outcome.unwrap().steps);
    let events = event::read(&dir.path().join("events.jsonl")).unwrap();
    assert!(matches!(events[0], Event::RunStarted { steps: 12, train: 31, valid: 0, .. }), "{:?}", events[0]);
    assert!(!events.iter().any(|event| matches!(event, Event::Evaluated { .. })));
    for at in 0..events.len() {
        let (dir, mut seen) = (tempfile::tempdir().unwrap(), 0);
        let killer = |_: &Event| {
            seen += 1;
            if seen > at { Err(Error::Callback("killed".into())) } else { Ok(Flow::Continue) }
        };
        refit(dir.path(), &config, &chosen, killer).1.unwrap_err();
        let (params, outcome) = refit(dir.path(), &config, &chosen, listen);
        assert_eq!((bits(&params), outcome.unwrap().steps), (expected.clone(), steps), "killed after {at}");
        assert_eq!(event::read(&dir.path().join("events.jsonl")).unwrap(), events, "killed after {at}");
    }
}

#[test]
fn another_choice_is_not_resumed_as_this_one_and_no_choice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    refit(dir.path(), &small(), &chosen(12), listen).1.unwrap();
    let error = refit(dir.path(), &small(), &chosen(6), listen).1.unwrap_err().to_string();
    assert!(error.ends_with("cannot resume, the number of updates was 16 of 16, is now 8 of 16"), "{error}");
    let error = refit(dir.path(), &small(), &chosen(0), listen).1.unwrap_err();
    assert!(error.to_string().starts_with("the first run was stopped before it was measured"), "{error}");
    assert_eq!(error.hint().unwrap(), "resume the first run to its end");
    let listening = TrainConfig { schedule: Component::new("plateau"), ..small() };
    let error = refit(dir.path(), &listening, &chosen(12), listen).1.unwrap_err().to_string();
    assert!(
        error.starts_with("invalid schedule: must not listen to the validation split in a refit"),
        "{error}"
    );
}
