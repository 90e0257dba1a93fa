//! The passes that run a whole model at once: against the layers, against differences, with any number of threads.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeMap;

use biotope_core::{Component, Features, RecordId, Seed, Table, Target, Task};
use biotope_models::Catalogue;
use biotope_nn::layers::backend::with_composites;
use biotope_nn::{Batch, Example, Mode, Model, Output, Params, Precision, Targets};
use candle_core::{Device, Tensor};
use proptest::prelude::*;

const VOCAB: u32 = 30;
/// Every form of the three models, with all their dropouts; 0.0 stands for the recipe's own.
const CASES: &[(&str, &str)] = &[
    ("lstm", "hidden = 7\ndim = 6\npooling = 'max'\nrecurrent_dropout = 0.3"),
    ("lstm", "hidden = 6\ndim = 5\npooling = 'mean'\nspatial_dropout = 0.0"),
    ("lstm", "hidden = 5\ndim = 6\npooling = 'last'\nrecurrent_dropout = 0.2"),
    ("lstm", "hidden = 5\ndim = 6\npooling = 'last'\nbidirectional = false\ndropout = 0.0"),
    ("ngram-linear", "dim = 0"),
    ("ngram-linear", "dim = 5\ndropout = 0.3"),
    ("text-cnn", "filters = 5\ndim = 6\nspatial_dropout = 0.2"),
    ("text-cnn", "filters = 4\ndim = 5\nwidths = [1, 2]\ndropout = 0.0"),
];

struct Case {
    model: Box<dyn Model>,
    params: Params,
    bags: bool,
}

impl Case {
    fn new((name, options): (&str, &str)) -> Self {
        let mut options: Table = options.parse().unwrap();
        if name != "ngram-linear" {
            options.insert("embedding_std".into(), 1.0.into());
        }
        let component = Component { name: name.into(), options };
        let params = Params::new(Seed(3), &Device::Cpu);
        let task = Task::single_label(["a", "b", "c"]);
        let model = Catalogue::default().build(&component, &task, VOCAB as usize, &params).unwrap();
        if name == "ngram-linear" {
            // Its table starts at zero.
            for (name, var) in params.iter() {
                let values = (0..var.elem_count()).map(|i| (i * 7919 % 101) as f32 / 50.0 - 1.0).collect();
                params.set(&name, &Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap()).unwrap();
            }
        }
        Self { model, params, bags: name == "ngram-linear" }
    }

    fn batch(&self, lengths: &[usize], seed: u32) -> Batch {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 16
        };
        let examples: Vec<Example> = lengths
            .iter()
            .enumerate()
            .map(|(index, len)| {
                // In short texts each id once: between equal windows a maximum's gradient may go to either.
                let (start, stride) = (next(), [1, 7, 11, 13][next() as usize % 4]);
                let ids: Vec<u32> = (0..*len as u32).map(|i| (start + i * stride) % VOCAB).collect();
                let weights = ids.iter().map(|_| (next() % 7) as f32 / 3.0 - 0.5).collect();
                Example {
                    id: RecordId::of(&[&index.to_le_bytes()]),
                    features: if self.bags {
                        Features::Bag { rows: ids, weights }
                    } else {
                        Features::Tokens(ids)
                    },
                    target: Some(Target::Class(index % 3)),
                }
            })
            .collect();
        Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu).unwrap()
    }

    fn loss(&self, batch: &Batch, mode: Mode) -> (Output, Tensor) {
        let output = self.model.forward(batch, mode).unwrap();
        let Some(Targets::Classes(classes)) = &batch.targets else { panic!("the cases have classes") };
        let loss = candle_nn::loss::cross_entropy(&output.logits, classes).unwrap();
        (output, loss)
    }

    /// Logits and the dense gradient of every parameter.
    fn step(&self, batch: &Batch) -> (Vec<f32>, BTreeMap<String, Vec<f32>>) {
        let (output, loss) = self.loss(batch, STEP);
        let store = loss.backward().unwrap();
        let mut grads = BTreeMap::new();
        for (name, var) in self.params.iter() {
            let direct = output.direct.iter().find(|direct| direct.param == name);
            let all = match (store.get(var.as_tensor()), direct) {
                (Some(grad), _) => grad.clone(),
                (None, Some(direct)) => direct.full(var.as_tensor()).unwrap().unwrap(),
                (None, None) => {
                    let row = output.rows.iter().find(|row| row.param == name).unwrap();
                    let rows = Tensor::new(row.rows.as_slice(), &Device::Cpu).unwrap();
                    let zero = var.zeros_like().unwrap().detach();
                    zero.index_add(&rows, store.get(&row.leaf).unwrap(), 0).unwrap()
                }
            };
            grads.insert(name, flat(&all));
        }
        (flat(&output.logits), grads)
    }
}

const STEP: Mode = Mode::train(Seed(5));

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn near(a: &[f32], b: &[f32], bound: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= bound * (1.0 + a.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pass_equals_the_layers(lengths in prop::collection::vec(0usize..9, 1..40), seed: u32) {
        for case in CASES {
            let subject = Case::new(*case);
            let batch = subject.batch(&lengths, seed);
            let (logits, grads) = subject.step(&batch);
            let (expected, slopes) = with_composites(|| subject.step(&batch));
            prop_assert!(near(&logits, &expected, 2e-5), "{case:?}: {logits:?} {expected:?}");
            for (name, grad) in &grads {
                prop_assert!(near(grad, &slopes[name], 5e-5), "{case:?} {name}: {grad:?} {:?}", slopes[name]);
            }
            let eval = flat(&subject.loss(&batch, Mode::Eval).0.logits);
            let layers = with_composites(|| flat(&subject.loss(&batch, Mode::Eval).0.logits));
            prop_assert!(near(&eval, &layers, 2e-5), "{case:?}");
        }
    }
}

#[test]
fn slopes_equal_differences() {
    // Over a maximum differences say nothing near a tie; the smooth forms are held against them.
    for case in CASES.iter().filter(|(name, options)| *name != "text-cnn" && !options.contains("'max'")) {
        let subject = Case::new(*case);
        let batch = subject.batch(&[4, 0, 7, 2], 9);
        let (_, grads) = subject.step(&batch);
        for (name, var) in subject.params.iter() {
            let values = flat(var.as_tensor());
            let moved = |at: usize, by: f32| {
                let mut values = values.clone();
                values[at] += by;
                subject
                    .params
                    .set(&name, &Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap())
                    .unwrap();
                f64::from(subject.loss(&batch, STEP).1.to_scalar::<f32>().unwrap())
            };
            for at in (0..values.len()).step_by(1 + values.len() / 12) {
                let slope = (moved(at, 5e-3) - moved(at, -5e-3)) / 1e-2;
                let grad = f64::from(grads[&name][at]);
                assert!(
                    (slope - grad).abs() < 2e-3 * (1.0 + grad.abs()),
                    "{case:?} {name}[{at}]: {grad} {slope}"
                );
            }
            moved(0, 0.0);
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let lengths: Vec<usize> = (0..50).map(|i| 3 + i * 7 % 40).collect();
    for case in CASES {
        let subject = Case::new(*case);
        let batch = subject.batch(&lengths, 1);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let frozen = subject.model.freeze(Precision::F32).unwrap().unwrap();
                (subject.step(&batch), frozen.answer(&batch.input).unwrap())
            })
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{case:?}");
        let alone = subject.batch(&lengths[..1], 1);
        let eval = flat(&subject.loss(&alone, Mode::Eval).0.logits);
        assert_eq!(eval, one.1[..3], "{case:?}");
    }
}
