//! The encoder as one operation and made of layers: the same numbers, the same gradients; and without graph.

#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeMap;

use biotope_core::Seed;
use biotope_nn::encoder::{Embeddings, Encoder, Head, Shape, freeze, with_layers};
use biotope_nn::layers::{Activation, Embedding, LayerNorm, Linear, pooling};
use biotope_nn::{Frozen, Mode, Packed, Params, Precision};
use candle_core::{Device, Tensor, Var};
use candle_nn::init::Init;
use proptest::prelude::*;

const HIDDEN: usize = 24;
// So small that no softmax is saturated: its gradient would be mostly rounding.
const INIT: Init = Init::Randn { mean: 0.0, stdev: 0.1 };

fn shape(activation: Activation, rate: f64) -> Shape {
    let (hidden, heads, inner) = (HIDDEN, 3, 40);
    Shape { hidden, heads, inner, activation, eps: 1e-12, dropout: rate, attention_dropout: rate, init: INIT }
}

fn offsets(lengths: &[usize]) -> Vec<usize> {
    let ends = lengths.iter().scan(0, |at, len| {
        *at += len;
        Some(*at)
    });
    [0].into_iter().chain(ends).collect()
}

fn input(tokens: usize, seed: u64) -> Tensor {
    let params = Params::new(Seed(seed), &Device::Cpu);
    params.vb().get_with_hints((tokens, HIDDEN), "x", Init::Randn { mean: 0.0, stdev: 1.0 }).unwrap()
}

type Numbers = BTreeMap<String, Vec<f32>>;

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Output and all gradients by name, of a weighted sum of the output.
fn pass(shape: &Shape, lengths: &[usize], first: bool, mode: Mode) -> Numbers {
    let offsets = offsets(lengths);
    let params = Params::new(Seed(3), &Device::Cpu);
    let encoder = Encoder::new(shape, 2, &params.vb()).unwrap();
    let x = Var::from_tensor(&input(*offsets.last().unwrap(), 1)).unwrap();
    let mut direct = Vec::new();
    let y = encoder.forward(&x, &offsets, first, mode, &mut direct).unwrap();
    let weights = input(y.dims2().unwrap().0, 2);
    let store = (&y * weights).unwrap().sum_all().unwrap().backward().unwrap();
    let mut numbers: Numbers = params
        .iter()
        .filter_map(|(name, var)| Some((name, flat(store.get(&var)?))))
        .chain(direct.iter().map(|place| (place.param.clone(), flat(&place.get().unwrap()))))
        .collect();
    assert_eq!(numbers.len(), 32, "every parameter has a gradient");
    numbers.insert("x".into(), flat(store.get(&x).unwrap()));
    numbers.insert("y".into(), flat(&y));
    numbers
}

/// Largest difference, relative to the largest number of each tensor.
fn distance(a: &Numbers, b: &Numbers) -> (f32, String) {
    let one = |(name, a): (&String, &Vec<f32>)| {
        let b = &b[name];
        assert_eq!(a.len(), b.len(), "{name}");
        // A shift of all keys changes no softmax: this gradient is 0 but for rounding.
        let floor = if name.ends_with("key.bias") { 1.0 } else { 1e-3 };
        let size = a.iter().chain(b).fold(floor, |most: f32, x| most.max(x.abs()));
        (a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size, name.clone())
    };
    a.iter().map(one).max_by(|a, b| a.0.total_cmp(&b.0)).unwrap()
}

/// Largest distance of two tensors, relative to their length (Euclidean).
fn relative(a: &Numbers, b: &Numbers) -> (f32, String) {
    let norm = |x: &mut dyn Iterator<Item = f32>| x.map(|x| x * x).sum::<f32>().sqrt();
    // Gradients that are small beside the others (0 for the query of a text of one word) are mostly rounding.
    let floor = 0.1 * norm(&mut b["x"].iter().copied());
    let one = |(name, a): (&String, &Vec<f32>)| {
        let b = &b[name];
        let apart = norm(&mut a.iter().zip(b).map(|(a, b)| a - b));
        (apart / norm(&mut b.iter().copied()).max(floor), name.clone())
    };
    a.iter()
        .filter(|(name, _)| !name.ends_with("key.bias"))
        .map(one)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap()
}

fn train(precision: Precision) -> Mode {
    Mode::Train { seed: Seed(7), precision }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn one_operation_is_its_layers(
        lengths in prop::collection::vec(0usize..9, 1..5), first: bool, relu: bool, rate in prop::sample::select(vec![0.0, 0.3]),
    ) {
        prop_assume!(lengths.iter().sum::<usize>() > 0 && (first || !lengths.contains(&0)));
        let shape = shape(if relu { Activation::Relu } else { Activation::Gelu }, rate);
        let layers = with_layers(|| pass(&shape, &lengths, first, train(Precision::F32)));
        let (most, name) = distance(&pass(&shape, &lengths, first, train(Precision::F32)), &layers);
        prop_assert!(most < 2e-5, "f32: {name} is {most} off");
        // Near 0, rounding decides whether a ReLU is open.
        let (most, name) = relative(&pass(&shape, &lengths, first, train(Precision::Bf16)), &layers);
        prop_assert!(relu || most < 0.08, "bf16: {name} is {most} off");
    }
}

#[test]
fn long_sequences_go_in_blocks() {
    let shape = shape(Activation::Gelu, 0.2);
    let layers = with_layers(|| pass(&shape, &[300, 1, 129], false, train(Precision::F32)));
    let (most, name) = distance(&pass(&shape, &[300, 1, 129], false, train(Precision::F32)), &layers);
    assert!(most < 5e-5, "{name} is {most} off");
}

#[test]
fn threads_and_repetition_change_no_bit() {
    let shape = shape(Activation::Gelu, 0.1);
    let lengths = [70, 3, 200, 64, 9];
    for precision in [Precision::F32, Precision::Bf16] {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| pass(&shape, &lengths, false, train(precision)))
        };
        let one = run(1);
        assert_eq!(one, run(2), "{precision}");
        assert_eq!(one, run(4), "{precision}");
    }
}

struct Whole {
    params: Params,
    word: Embedding,
    position: Embedding,
    token_type: Embedding,
    norm: LayerNorm,
    encoder: Encoder,
    pooler: Linear,
    classifier: Linear,
}

impl Whole {
    fn new() -> Self {
        let params = Params::new(Seed(5), &Device::Cpu);
        let vb = params.vb();
        let table = |rows, name: &str| Embedding::dense(rows, HIDDEN, INIT, &vb.pp(name)).unwrap();
        let linear =
            |outputs, activation, name: &str| Linear::new(HIDDEN, outputs, activation, &vb.pp(name)).unwrap();
        Self {
            word: table(50, "word"),
            position: table(300, "position"),
            token_type: table(2, "type"),
            norm: LayerNorm::new(HIDDEN, 1e-12, &vb.pp("norm")).unwrap(),
            encoder: Encoder::new(&shape(Activation::Gelu, 0.1), 2, &vb.pp("layer")).unwrap(),
            pooler: linear(HIDDEN, Activation::Tanh, "pooler"),
            classifier: linear(4, Activation::Identity, "classifier"),
            params,
        }
    }

    fn freeze(&self, mean: bool, precision: Precision) -> Box<dyn Frozen> {
        let Self { word, position, token_type, norm, .. } = self;
        let pooler = (!mean).then_some(&self.pooler);
        let head = Head { mean, pooler, classifier: &self.classifier };
        freeze(Embeddings { word, position, token_type, norm }, &self.encoder, head, precision).unwrap()
    }

    fn forward(&self, tokens: &[u32], offsets: &[usize], mean: bool) -> Vec<f32> {
        let (mode, rows) = (Mode::Eval, &mut Vec::new());
        let positions: Vec<u32> = offsets.windows(2).flat_map(|pair| 0..(pair[1] - pair[0]) as u32).collect();
        let sum = (self.word.lookup(tokens, mode, rows).unwrap()
            + self.position.lookup(&positions, mode, rows).unwrap())
        .unwrap();
        let sum = sum.broadcast_add(&self.token_type.lookup(&[0], mode, rows).unwrap()).unwrap();
        let x = self.norm.forward(&sum, mode).unwrap();
        let x = self.encoder.forward(&x, offsets, !mean, mode, &mut Vec::new()).unwrap();
        let x =
            if mean { pooling::mean(&x, offsets).unwrap() } else { self.pooler.forward(&x, mode).unwrap() };
        flat(&self.classifier.forward(&x, mode).unwrap())
    }
}

fn run(frozen: &dyn Frozen, tokens: &[u32], offsets: &[usize]) -> Vec<f32> {
    let mut logits = vec![f32::NAN; (offsets.len() - 1) * frozen.outputs()];
    frozen.run(Packed::Tokens { tokens, offsets }, &mut logits).unwrap();
    logits
}

#[test]
fn frozen_answers_are_the_models_answers() {
    let whole = Whole::new();
    assert_eq!(whole.params.len(), 32 + 5 + 4);
    let offsets = offsets(&[5, 1, 150, 20, 2]);
    let tokens: Vec<u32> = (0..*offsets.last().unwrap() as u32).map(|at| at * 7 % 50).collect();
    for mean in [false, true] {
        let expected = whole.forward(&tokens, &offsets, mean);
        let size = expected.iter().fold(0f32, |most, x| most.max(x.abs()));
        for (precision, tolerance) in
            [(Precision::F32, 1e-6), (Precision::Bf16, 0.03), (Precision::Int8, 0.06)]
        {
            let frozen = whole.freeze(mean, precision);
            let answers = run(&*frozen, &tokens, &offsets);
            let off = answers.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / size;
            assert!(off <= tolerance, "{precision}, mean {mean}: {off}");
            assert_eq!(answers, run(&*frozen, &tokens, &offsets));
            let alone: Vec<f32> = offsets
                .windows(2)
                .flat_map(|pair| run(&*frozen, &tokens[pair[0]..pair[1]], &[0, pair[1] - pair[0]]))
                .collect();
            assert_eq!(answers, alone, "{precision}: a text's answer does not depend on its neighbours");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let frozen = Whole::new().freeze(false, Precision::Bf16);
    let error = |tokens: &[u32], offsets: &[usize], len: usize| {
        frozen.run(Packed::Tokens { tokens, offsets }, &mut vec![0.0; len]).unwrap_err().to_string()
    };
    assert_eq!(error(&[50], &[0, 1], 4), "word.weight: id 50 is out of range, there are 50 rows");
    assert_eq!(error(&[1, 2], &[0, 1], 4), "offsets: expected ascending from 0 to 2, got others");
    assert_eq!(error(&[1], &[0, 1], 3), "logits: expected 4, got 3");
    assert_eq!(error(&[1; 301], &[0, 301], 4), "text: expected at most 300 tokens, got 301");
}
