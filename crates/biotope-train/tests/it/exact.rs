//! Same seed, same bytes: twice, on any number of threads, after any kill.

use std::fs;
use std::path::Path;

use biotope_core::Component;
use biotope_optim::{rules, schedules};
use biotope_train::{Error, Event, Flow, Kind, Outcome, Reason, RunDir, TrainConfig, event};
use proptest::prelude::*;

use crate::toy::{bits, sit, small};

#[expect(clippy::unnecessary_wraps, reason = "a callback")]
fn listen(_: &Event) -> biotope_train::Result<Flow> {
    Ok(Flow::Continue)
}

/// Gives up at the `at`-th event, as a kill would: nothing is written after it.
fn killer(at: usize) -> impl FnMut(&Event) -> biotope_train::Result<Flow> {
    let mut seen = 0;
    move |_| {
        seen += 1;
        if seen > at { Err(Error::Callback("killed".into())) } else { Ok(Flow::Continue) }
    }
}

/// The events without their times.
fn story(dir: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(dir.join("events.jsonl")).unwrap();
    let timeless = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value.as_object_mut().unwrap().remove("seconds").is_some());
        value
    };
    text.lines().map(timeless).collect()
}

fn timeless(outcome: Outcome) -> Outcome {
    Outcome { seconds: 0.0, ..outcome }
}

/// Sits down until the run is over, killed after so many events of each sitting.
fn killed_and_resumed(
    dir: &Path,
    config: &TrainConfig,
    kills: &[usize],
) -> (Vec<(String, Vec<u32>)>, Outcome) {
    for at in kills {
        match sit(dir, config, killer(*at)) {
            (_, Err(Error::Callback(_))) => {}
            (params, outcome) => return (bits(&params), timeless(outcome.unwrap())),
        }
    }
    let (params, outcome) = sit(dir, config, listen);
    (bits(&params), timeless(outcome.unwrap()))
}

#[test]
fn twice_is_the_same_and_another_seed_is_not() {
    let run = |config: &TrainConfig| {
        let dir = tempfile::tempdir().unwrap();
        let (params, outcome) = sit(dir.path(), config, listen);
        (bits(&params), timeless(outcome.unwrap()), story(dir.path()))
    };
    assert_eq!(run(&small()), run(&small()));
    assert_ne!(run(&small()).0, run(&TrainConfig { lr: 0.03, ..small() }).0);
}

#[test]
fn one_thread_and_three_give_the_same_bytes() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        pool.install(|| {
            let (params, outcome) = sit(dir.path(), &small(), listen);
            (bits(&params), timeless(outcome.unwrap()))
        })
    };
    assert_eq!(run(1), run(2));
    assert_eq!(run(1), run(3));
}

#[test]
fn killed_at_every_event_and_resumed_is_as_if_nothing_had_happened() {
    let config = TrainConfig { accumulate: 2, save_every: 2, evaluate_every: 3, ..small() };
    let dir = tempfile::tempdir().unwrap();
    let (params, outcome) = sit(dir.path(), &config, listen);
    let straight = (bits(&params), timeless(outcome.unwrap()));
    let events = story(dir.path());
    assert!(events.len() > 12, "{events:?}");
    for at in 0..events.len() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(killed_and_resumed(dir.path(), &config, &[at]), straight, "killed after {at} events");
        assert_eq!(story(dir.path()), events, "killed after {at} events");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_options_and_any_kills(
        accumulate in 1usize..4, save_every in 0u64..4, evaluate_every in 0u64..5, patience in 0u64..3,
        rule in 0..rules().entries().len(), schedule in 0..schedules().entries().len(),
        ema in prop::sample::select(vec![0.0, 0.9]), clip_value in prop::sample::select(vec![0.0, 0.01]),
        kills in prop::collection::vec(0usize..12, 1..5),
    ) {
        let optimizer = Component::new(rules().entries()[rule].name);
        let schedule = Component::new(schedules().entries()[schedule].name);
        let config = TrainConfig { accumulate, save_every, evaluate_every, patience, optimizer, schedule, ema, clip_value, ..small() };
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let straight = killed_and_resumed(one.path(), &config, &[]);
        prop_assert_eq!(killed_and_resumed(other.path(), &config, &kills), straight);
        prop_assert_eq!(story(other.path()), story(one.path()));
    }
}

#[test]
fn a_rate_that_waits_for_the_validation_split_is_resumed_where_it_stood() {
    // an accuracy that never improves: the rate falls after every evaluation but the first
    let schedule = Component::new("plateau").with("patience", 0);
    let metric = Some("accuracy".to_owned());
    let config = TrainConfig { schedule, metric, lr: 1e-7, evaluate_every: 2, ema: 0.5, ..small() };
    let dir = tempfile::tempdir().unwrap();
    let straight = killed_and_resumed(dir.path(), &config, &[]);
    let events = story(dir.path());
    let rates: Vec<f64> = events.iter().filter_map(|event| event["lr"].as_f64()).collect();
    assert_eq!(rates[..6], [1e-7, 1e-7, 1e-7, 1e-7, 5e-8, 5e-8]);
    assert_eq!(rates[10..], [6.25e-9, 6.25e-9]);
    for at in 0..events.len() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(killed_and_resumed(dir.path(), &config, &[at]), straight, "killed after {at} events");
        assert_eq!(story(dir.path()), events, "killed after {at} events");
    }
}

#[test]
fn stopped_by_a_listener_and_resumed_is_the_same_too() {
    let dir = tempfile::tempdir().unwrap();
    let stop = |event: &Event| {
        let is_third = matches!(event, Event::StepDone { step: 3, .. });
        Ok(if is_third { Flow::Stop } else { Flow::Continue })
    };
    let outcome = sit(dir.path(), &small(), stop).1.unwrap();
    assert_eq!((outcome.reason, outcome.steps, outcome.best_step), (Reason::Stopped, 3, 0));
    assert!(outcome.best_value.is_nan());
    let resumed = killed_and_resumed(dir.path(), &small(), &[]);
    let other = tempfile::tempdir().unwrap();
    assert_eq!(resumed, killed_and_resumed(other.path(), &small(), &[]));
    assert_eq!(story(dir.path()), story(other.path()));
}

#[test]
fn a_finished_run_gives_its_outcome_again_without_a_step() {
    let dir = tempfile::tempdir().unwrap();
    let first = killed_and_resumed(dir.path(), &small(), &[]);
    let events = story(dir.path());
    let no_step = |event: &Event| {
        assert!(!matches!(event, Event::StepDone { .. }));
        Ok(Flow::Continue)
    };
    let (params, outcome) = sit(dir.path(), &small(), no_step);
    assert_eq!((bits(&params), timeless(outcome.unwrap())), first);
    assert_eq!(story(dir.path()), events);
}

#[test]
fn a_crash_while_a_checkpoint_is_put_in_place_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let config = TrainConfig { save_every: 1, ..small() };
    sit(dir.path(), &config, killer(8)).1.unwrap_err();
    let last = RunDir::open(dir.path()).unwrap().checkpoint(Kind::Last);
    fs::rename(&last, last.with_extension("old")).unwrap();
    fs::create_dir(last.with_extension("new")).unwrap();
    fs::write(last.with_extension("new").join("model.safetensors"), "half").unwrap();
    let resumed = killed_and_resumed(dir.path(), &config, &[]);
    let other = tempfile::tempdir().unwrap();
    assert_eq!(resumed, killed_and_resumed(other.path(), &config, &[]));
}

#[test]
fn the_events_tell_the_story() {
    let dir = tempfile::tempdir().unwrap();
    sit(dir.path(), &small(), listen).1.unwrap();
    let events = event::read(&dir.path().join("events.jsonl")).unwrap();
    let steps = events.iter().filter(|event| matches!(event, Event::StepDone { .. })).count();
    let evaluations = events.iter().filter(|event| matches!(event, Event::Evaluated { .. })).count();
    assert_eq!((steps, evaluations), (12, 2));
    assert!(matches!(
        events[0],
        Event::RunStarted { step: 0, steps: 12, train: 22, valid: 9, parameters: 165, .. }
    ));
    assert!(matches!(events[1], Event::StepDone { step: 1, epoch: 0, examples: 4, seconds: 0.01.., .. }));
    assert!(matches!(events.last(), Some(Event::RunDone { step: 12, reason: Reason::Done, .. })));
    let Some(Event::Evaluated { metrics, .. }) = events.iter().find(|e| matches!(e, Event::Evaluated { .. }))
    else {
        panic!("no evaluation in {events:?}");
    };
    assert_eq!(metrics.keys().collect::<Vec<_>>(), ["accuracy", "loss", "macro-f1", "micro-f1"]);
}
