//! Values and gradients against `PyTorch`: numbers and their scripts are in `tests/fixtures/reference/biotope-nn`.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

#[path = "support/expected.rs"]
mod expected;

use std::collections::BTreeMap;

use biotope_core::{Component, Features, RecordId, Seed, Target, config};
use biotope_nn::layers::backend::with_composites;
use biotope_nn::layers::{
    Activation, Conv1d, Dropout, Gru, GruConfig, LayerNorm, Linear, Lstm, LstmConfig, Mask, Pairs, RmsNorm,
    Rotary, SelfAttention, softmax,
};
use biotope_nn::{Batch, Example, Mode, Output, Result, Targets, build_loss, losses};
use candle_core::{Device, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::ZERO;
use expected::{LayerCase, close, expected};
use serde::Deserialize;

const OFFSETS: &[usize] = &[0, 4, 5, 8];
const WIDTH: usize = 6;
const STEP: Mode = Mode::train(Seed(1));

#[derive(Deserialize)]
struct LossCase {
    logits: Vec<f32>,
    options: serde_json::Value,
    loss: f32,
    grad: Vec<f32>,
}

fn layer(name: &str, vb: &VarBuilder, x: &Tensor) -> Result<Tensor> {
    let linear = |activation| Linear::new(WIDTH, 5, activation, vb)?.forward(x, STEP);
    match name {
        "linear" => linear(Activation::Identity),
        "linear-gelu" => linear(Activation::Gelu),
        "linear-relu" => linear(Activation::Relu),
        "linear-tanh" => linear(Activation::Tanh),
        "linear-gelu-tanh" => linear(Activation::GeluTanh),
        "linear-leaky-relu" => linear(Activation::LeakyRelu),
        "linear-sigmoid" => linear(Activation::Sigmoid),
        "linear-silu" => linear(Activation::Silu),
        "softmax" => softmax(x),
        "rms-norm" => RmsNorm::new(WIDTH, 1e-5, vb)?.forward(x, STEP),
        "rotary-halves" => Rotary::new(WIDTH, 10_000.0, Pairs::Halves)?.forward(x, OFFSETS, 1),
        "rotary-neighbours" => Rotary::new(WIDTH, 10_000.0, Pairs::Neighbours)?.forward(x, OFFSETS, 1),
        "attention-causal" => attention(vb, x, &Mask::causal()),
        "attention-padded" => attention(vb, x, &Mask::valid(vec![3, 1, 2])),
        "gru" => {
            let (inputs, hidden) = (WIDTH, 4);
            let config =
                GruConfig { inputs, hidden, bidirectional: true, dropout: 0.0, recurrent_dropout: 0.0 };
            Gru::new(&config, vb)?.forward(x, OFFSETS, STEP)
        }
        "layer-norm" => LayerNorm::new(WIDTH, 1e-5, vb)?.forward(x, STEP),
        "attention" => attention(vb, x, &Mask::default()),
        "convolution-max" => Conv1d::new(WIDTH, 5, 3, Activation::Relu, vb)?.max_over_time(x, OFFSETS, STEP),
        "lstm" => {
            let config = LstmConfig {
                inputs: WIDTH,
                hidden: 4,
                bidirectional: true,
                dropout: 0.0,
                recurrent_dropout: 0.0,
            };
            Lstm::new(&config, vb)?.forward(x, OFFSETS, STEP)
        }
        other => panic!("no layer is named {other}"),
    }
}

fn attention(vb: &VarBuilder, x: &Tensor, mask: &Mask) -> Result<Tensor> {
    SelfAttention::new(WIDTH, 2, Dropout::new(0.0, "p"), ZERO, vb)?.forward_masked(x, OFFSETS, mask, STEP)
}

#[test]
fn layers_equal_pytorch() {
    let cases: BTreeMap<String, LayerCase> = expected("layers");
    assert_eq!(cases.len(), 19);
    for (name, case) in &cases {
        let layer = |vb: &VarBuilder, x: &Tensor| layer(name, vb, x);
        case.check(name, &[OFFSETS[3], WIDTH], layer);
        with_composites(|| case.check(name, &[OFFSETS[3], WIDTH], layer));
    }
}

fn targets(loss: &str) -> Vec<Target> {
    match loss {
        "cross-entropy" => [0, 2, 1, 2, 0].map(Target::Class).to_vec(),
        "mse" => [1.5, -2.0, 0.25].map(Target::Value).to_vec(),
        _ => vec![Target::Labels(vec![true, false, true]), Target::Labels(vec![false, false, true])],
    }
}

fn batch(targets: Vec<Target>) -> Batch {
    let example = |target| Example { id: RecordId::of(&[b"x"]), features: Features::Tokens(vec![1]), target };
    let examples: Vec<Example> = targets.into_iter().map(|target| example(Some(target))).collect();
    Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu).unwrap()
}

fn check_loss(name: &str, case: &LossCase) {
    let options = config::to_table(&case.options);
    let loss = build_loss(&Component { name: name.to_owned(), options }).unwrap();
    let batch = batch(targets(name));
    let shape = (batch.len(), case.logits.len() / batch.len());
    let logits = Tensor::from_slice(&case.logits, shape, &Device::Cpu).unwrap();
    let logits = Var::from_tensor(&logits).unwrap();
    let value = loss.loss(&Output::dense(logits.as_tensor().clone()), &batch).unwrap();
    close(name, &value, &[case.loss]);
    close(name, value.backward().unwrap().get(&logits).unwrap(), &case.grad);
}

#[test]
fn losses_equal_pytorch() {
    let cases: BTreeMap<String, Vec<LossCase>> = expected("losses");
    let names: Vec<&str> = losses().entries().iter().map(|entry| entry.name).collect();
    assert_eq!(cases.keys().collect::<Vec<_>>(), names, "every loss has its numbers");
    for (name, cases) in &cases {
        for case in cases {
            check_loss(name, case);
            with_composites(|| check_loss(name, case));
        }
    }
}

#[test]
fn wrong_losses_say_so() {
    let error = |component: Component, targets: Vec<Target>, width: usize| {
        let batch = batch(targets);
        let logits = Tensor::zeros((batch.len(), width), candle_core::DType::F32, &Device::Cpu).unwrap();
        let result = build_loss(&component).and_then(|loss| loss.loss(&Output::dense(logits), &batch));
        result.unwrap_err()
    };
    let class = || vec![Target::Class(3)];
    let ce = || Component::new("cross-entropy");
    assert_eq!(
        error(ce(), vec![Target::Value(1.0)], 3).to_string(),
        "cross-entropy needs class indices, got values"
    );
    assert_eq!(error(Component::new("mse"), class(), 1).to_string(), "mse needs values, got class indices");
    assert_eq!(error(ce(), class(), 3).to_string(), "classes: id 3 is out of range, there are 3 rows");
    let labels = || vec![Target::Labels(vec![true, false])];
    let weights = Component::new("binary-cross-entropy").with("class_weights", vec![1.0]);
    assert_eq!(error(weights, labels(), 2).to_string(), "class_weights: expected [2], got [1]");
    let smooth = error(Component::new("binary-cross-entropy").with("label_smoothing", -0.1), labels(), 2);
    assert_eq!(smooth.to_string(), "invalid label_smoothing: must be in 0..1, got -0.1");
    let smooth = error(ce().with("label_smoothing", 1.5), class(), 4);
    assert_eq!(smooth.to_string(), "invalid label_smoothing: must be in 0..1, got 1.5");
    let unknown = error(Component::new("cross-entrpy"), class(), 4);
    assert_eq!(unknown.to_string(), "unknown loss \"cross-entrpy\"");
    assert_eq!(unknown.hint().unwrap(), "did you mean \"cross-entropy\"?");
    let key = error(ce().with("smoothing", 0.1), class(), 4);
    assert_eq!(key.to_string(), "invalid smoothing: is not a known key, got \"smoothing\"");
}

#[test]
fn a_batch_that_does_not_count_costs_nothing() {
    let loss = build_loss(&Component::new("cross-entropy").with("ignore_index", 1i64)).unwrap();
    let logits = Var::from_tensor(&Tensor::new(&[[1f32, 2.0]], &Device::Cpu).unwrap()).unwrap();
    let value =
        loss.loss(&Output::dense(logits.as_tensor().clone()), &batch(vec![Target::Class(1)])).unwrap();
    assert_eq!(value.to_scalar::<f32>().unwrap(), 0.0);
    let unknown = build_loss(&Component::new("binary-cross-entropy")).unwrap();
    let mut labels = batch(vec![Target::Labels(vec![true, false])]);
    let flags = Tensor::new(&[[-1f32, -1.0]], &Device::Cpu).unwrap();
    labels.targets = Some(Targets::Labels(flags));
    let nothing = unknown.loss(&Output::dense(logits.as_tensor().clone()), &labels).unwrap();
    assert_eq!(nothing.to_scalar::<f32>().unwrap(), 0.0);
    close("unknown", nothing.backward().unwrap().get(&logits).unwrap(), &[0.0, 0.0]);
    close("ignored", value.backward().unwrap().get(&logits).unwrap(), &[0.0, 0.0]);
}
