//! Every schedule against the numbers of `torch.optim.lr_scheduler`, and the mean of weights against `swa_utils`.
//!
//! Rates are doubles on both sides; torch works most of them out from the last one, we from the step, so 1e-12 of
//! the peak is left between the two. Means of weights are held to 1e-6 of the largest, as rules are.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};

use biotope_core::Component;
use biotope_optim::{Ema, Goal, Span, build_schedule, schedules};
use candle_core::{Device, Tensor, Var};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Expected {
    lr: f64,
    total: u64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    schedule: String,
    options: toml::Table,
    /// What is observed after each update.
    values: Option<Vec<f64>>,
    goal: String,
    rates: Vec<f64>,
}

#[derive(Deserialize)]
struct Mean {
    size: usize,
    decay: f64,
    shown: BTreeMap<usize, Vec<f32>>,
}

fn read<T: DeserializeOwned>(case: &str) -> T {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/reference/biotope-optim");
    serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{case}/expected.json")).unwrap()).unwrap()
}

/// The largest difference, as a share of the peak.
fn difference(expected: &Expected, case: &Case) -> f64 {
    let component = Component { name: case.schedule.clone(), options: case.options.clone() };
    let mut schedule = build_schedule(&component, Span { lr: expected.lr, total: expected.total }).unwrap();
    let goal = if case.goal == "high" { Goal::High } else { Goal::Low };
    let mut worst: f64 = 0.0;
    for (step, rate) in case.rates.iter().enumerate() {
        worst = worst.max((schedule.lr(step as u64) - rate).abs() / expected.lr);
        if let Some(values) = &case.values {
            schedule.observe(values[step], goal);
        }
    }
    worst
}

#[test]
fn every_schedule_agrees_with_pytorch_step_by_step() {
    let expected: Expected = read("torch_schedules");
    let covered: BTreeSet<&str> = expected.cases.iter().map(|case| case.schedule.as_str()).collect();
    assert!(schedules().entries().iter().all(|entry| covered.contains(entry.name)), "{covered:?}");
    let off = |case: &Case| {
        let worst = difference(&expected, case);
        let text = format!("{} {}: off by {worst:e}", case.schedule, case.options);
        (worst.is_nan() || worst >= 1e-12 || case.rates.is_empty()).then_some(text)
    };
    let all: Vec<String> = expected.cases.iter().filter_map(off).collect();
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn the_mean_of_weights_agrees_with_pytorch_over_a_hundred_updates_and_a_pause() {
    let expected: Mean = read("torch_ema");
    let noise = |step: usize, index: usize| ((index * 7919 + step * 104_729) % 2001) as f32 - 1000.0;
    let var = Var::zeros(expected.size, candle_core::DType::F32, &Device::Cpu).unwrap();
    let new = || Ema::new(expected.decay, vec![("w".to_owned(), var.clone())]).unwrap();
    let mut ema = new();
    for step in 1..=100 {
        let values: Vec<f32> = (0..expected.size).map(|index| noise(step, index) / 1000.0).collect();
        var.set(&Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
        ema.update().unwrap();
        let state = ema.state().unwrap();
        if let Some(expected) = expected.shown.get(&step) {
            let mean = state["ema/w"].to_vec1::<f32>().unwrap();
            let worst = mean.iter().zip(expected).fold(0f32, |worst, (a, b)| worst.max((a - b).abs()));
            assert!(worst < 1e-6, "step {step}: off by {worst:e}");
        }
        let mut resumed = new();
        resumed.load_state(&state).unwrap();
        ema = resumed;
    }
}
