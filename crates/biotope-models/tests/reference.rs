//! Logits and gradients of every architecture against `PyTorch` and `transformers` (the scripts lie beside the numbers).

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use biotope_core::{Component, Features, RecordId, Seed, Table, Target, Task};
use biotope_models::Catalogue;
use biotope_models::bert::{self, BertConfig, Pooling};
use biotope_nn::{Batch, Example, Mode, Model, Output, Params, Targets};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};
use serde_json::Value;

fn fixture(case: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../tests/fixtures/reference/biotope-models").join(case)
}

fn expected(case: &str) -> Value {
    let text = std::fs::read_to_string(fixture(case).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn close(what: &str, ours: &Tensor, theirs: &Value, tolerance: f64) {
    let ours: Vec<f32> = ours.flatten_all().unwrap().to_vec1().unwrap();
    let theirs = numbers(theirs);
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let worst = ours.iter().zip(&theirs).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst < tolerance, "{what}: off by {worst:e}");
}

fn task(case: &Value) -> Task {
    let count = case["classes"].as_u64().unwrap();
    Task::single_label((0..count).map(|i| format!("label {i}")))
}

fn features(case: &Value) -> Vec<Features> {
    let ids = |value: &Value| numbers(value).into_iter().map(|id| id as u32).collect::<Vec<_>>();
    if let Some(bags) = case["bags"].as_array() {
        let bag = |bag: &Value| Features::Bag {
            rows: ids(&bag["rows"]),
            weights: numbers(&bag["weights"]).into_iter().map(|w| w as f32).collect(),
        };
        return bags.iter().map(bag).collect();
    }
    case["sequences"].as_array().unwrap().iter().map(|tokens| Features::Tokens(ids(tokens))).collect()
}

fn batch(case: &Value) -> Batch {
    let targets = numbers(&case["targets"]);
    let example = |(i, features): (usize, Features)| Example {
        id: RecordId::of(&[&i.to_le_bytes()]),
        features,
        target: Some(Target::Class(targets[i] as usize)),
    };
    let examples: Vec<Example> = features(case).into_iter().enumerate().map(example).collect();
    Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu).unwrap()
}

/// A pass in training mode (dropout is 0 in all cases) and its gradients, sparse rows scattered.
fn gradients(
    model: &dyn Model,
    params: &Params,
    batch: &Batch,
) -> (Output, Tensor, BTreeMap<String, Tensor>) {
    let output = model.forward(batch, Mode::train(Seed(1))).unwrap();
    let Some(Targets::Classes(classes)) = &batch.targets else { panic!("the cases have classes") };
    let loss = candle_nn::loss::cross_entropy(&output.logits, classes).unwrap();
    let grads = loss.backward().unwrap();
    let dense = params.iter().map(|(name, var)| {
        let grad = grad_of(&name, var.as_tensor(), &output, &grads);
        (name, grad)
    });
    let dense = dense.collect();
    (output, loss, dense)
}

fn grad_of(name: &str, param: &Tensor, output: &Output, grads: &GradStore) -> Tensor {
    if let Some(grad) = grads.get(param) {
        return grad.clone();
    }
    let direct = output.direct.iter().find(|direct| direct.param == name);
    if let Some(grad) = direct.and_then(|direct| direct.full(param).unwrap()) {
        return grad;
    }
    let rows: Vec<_> = output.rows.iter().filter(|row| row.param == name).collect();
    assert!(!rows.is_empty(), "{name} has no gradient");
    rows.iter().fold(param.zeros_like().unwrap().detach(), |sum, row| {
        let at = Tensor::new(row.rows.as_slice(), &Device::Cpu).unwrap();
        sum.index_add(&at, grads.get(&row.leaf).unwrap(), 0).unwrap()
    })
}

/// One case of a model of the zoo: parameters set, logits, loss and all gradients compared.
fn check(name: &str, case: &Value) {
    let options: Table = serde_json::from_value(case["config"].clone()).unwrap();
    let mut options = options;
    for key in ["dropout", "spatial_dropout", "recurrent_dropout"] {
        let known = Catalogue::default().get(name).map(|entry| (entry.defaults)().contains_key(key)).unwrap();
        if known {
            options.insert(key.into(), 0.0.into());
        }
    }
    let params = Params::new(Seed(1), &Device::Cpu);
    let component = Component { name: name.into(), options };
    let model = Catalogue::default().build(&component, &task(case), 1, &params).unwrap();
    let given = case["parameters"].as_object().unwrap();
    let names: Vec<String> = params.iter().map(|(name, _)| name).collect();
    assert_eq!(names, given.keys().cloned().collect::<Vec<_>>());
    for (name, parameter) in given {
        let shape: Vec<usize> = numbers(&parameter["shape"]).into_iter().map(|n| n as usize).collect();
        let data: Vec<f32> = numbers(&parameter["data"]).into_iter().map(|x| x as f32).collect();
        params.set(name, &Tensor::from_vec(data, shape, &Device::Cpu).unwrap()).unwrap();
    }
    let batch = batch(case);
    let (output, loss, grads) = gradients(&*model, &params, &batch);
    close("logits", &output.logits, &case["logits"], 1e-5);
    close("loss", &loss, &case["loss"], 1e-5);
    for (parameter, grad) in grads {
        close(&format!("{name} {parameter}"), &grad, &case["gradients"][&parameter], 1e-5);
    }
    let eval = model.forward(&batch, Mode::Eval).unwrap();
    close("logits in evaluation", &eval.logits, &case["logits"], 1e-5);
}

#[test]
fn ngram_linear_is_pytorchs_embedding_bag() {
    expected("ngram-linear").as_array().unwrap().iter().for_each(|case| check("ngram-linear", case));
}

#[test]
fn text_cnn_is_pytorchs() {
    check("text-cnn", &expected("text-cnn"));
}

#[test]
fn lstm_is_pytorchs_in_each_pooling_and_direction() {
    expected("lstm").as_array().unwrap().iter().for_each(|case| check("lstm", case));
}

fn open(folder: &str, pooling: Pooling) -> (Params, Box<dyn Model>, bert::Opened) {
    let dir = fixture("bert").join(folder);
    let config = BertConfig {
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        pooling,
        ..bert::read_config(&dir).unwrap()
    };
    let params = Params::new(Seed(1), &Device::Cpu);
    let task = Task::SingleLabel { labels: vec!["arts".into(), "economy".into(), "体育".into()] };
    let model = Catalogue::default().build(&Component::of(&config), &task, 50, &params).unwrap();
    let opened = bert::open_pretrained(&params, &dir).unwrap();
    (params, model, opened)
}

#[test]
fn bert_is_transformers() {
    let case = expected("bert");
    let (params, model, opened) = open("model", Pooling::Cls);
    assert_eq!((opened.fresh.len(), opened.ignored.len()), (0, 0), "{opened:?}");
    let (output, loss, grads) = gradients(&*model, &params, &batch(&case));
    close("logits", &output.logits, &case["logits"], 1e-4);
    close("loss", &loss, &case["loss"], 1e-4);
    for (name, theirs) in case["gradients"].as_object().unwrap() {
        close(name, &grads[name], theirs, 1e-4);
    }
    assert!(grads.len() > 38, "every parameter has a gradient: {}", grads.len());
}

#[test]
fn a_bare_encoder_opens_and_its_head_is_fresh() {
    let case = expected("bert");
    let (params, model, opened) = open("encoder", Pooling::Cls);
    assert_eq!(opened.fresh, ["classifier.bias", "classifier.weight"]);
    let (whole, _, _) = open("model", Pooling::Cls);
    for name in opened.fresh {
        params.set(&name, &whole.get(&name).unwrap()).unwrap();
    }
    let output = model.forward(&batch(&case), Mode::Eval).unwrap();
    close("logits", &output.logits, &case["logits"], 1e-4);
}

#[test]
fn mean_pooling_is_the_mean_over_real_tokens() {
    let case = expected("bert");
    let (_, model, opened) = open("model", Pooling::Mean);
    assert_eq!(opened.ignored, ["bert.pooler.dense.bias", "bert.pooler.dense.weight"]);
    let output = model.forward(&batch(&case), Mode::Eval).unwrap();
    close("logits", &output.logits, &case["mean_logits"], 1e-4);
}
