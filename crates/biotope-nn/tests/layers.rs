//! Laws of the layers: fused equals composite, slopes equal differences, a row does not see its neighbours, threads
//! do not matter.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

#[path = "support/case.rs"]
mod case;

use biotope_core::Seed;
use biotope_nn::layers::{
    Activation, Conv1d, Dropout, Embedding, EmbeddingBag, Gru, GruConfig, LayerNorm, Linear, Lstm,
    LstmConfig, Mask, Pairs, RmsNorm, Rotary, SelfAttention, pooling, softmax,
};
use biotope_nn::{Mode, Result};
use candle_core::Tensor;
use candle_nn::VarBuilder;
use candle_nn::init::Init;
use case::{Case, close, composed, fused, slopes};
use proptest::prelude::*;

const STEP: Mode = Mode::train(Seed(5));
const WIDTH: usize = 6;

type Layer = fn(&VarBuilder, &Tensor, &[usize], Mode) -> Result<Tensor>;

const LAYERS: &[(&str, Layer)] = &[
    ("linear", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::Identity, vb)?.forward(x, mode)),
    ("linear gelu", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::Gelu, vb)?.forward(x, mode)),
    ("linear tanh", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::Tanh, vb)?.forward(x, mode)),
    ("linear gelu-tanh", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::GeluTanh, vb)?.forward(x, mode)),
    ("linear sigmoid", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::Sigmoid, vb)?.forward(x, mode)),
    ("linear silu", |vb, x, _, mode| Linear::new(WIDTH, 5, Activation::Silu, vb)?.forward(x, mode)),
    ("linear leaky relu", |vb, x, _, mode| {
        Linear::new(WIDTH, 5, Activation::LeakyRelu, vb)?.forward(x, mode)
    }),
    ("softmax", |_, x, _, _| softmax(&(x * 3.0)?)),
    ("rms norm", |vb, x, _, mode| RmsNorm::new(WIDTH, 1e-5, vb)?.forward(x, mode)),
    ("residual rms norm", |vb, x, _, mode| {
        let residual = (x * 0.5)?.tanh()?;
        RmsNorm::new(WIDTH, 1e-5, vb)?.forward_residual(x, &residual, &Dropout::new(0.3, "drop"), mode)
    }),
    ("residual rms norm without dropout", |vb, x, _, mode| {
        RmsNorm::new(WIDTH, 1e-5, vb)?.forward_residual(x, x, &Dropout::new(0.0, "drop"), mode)
    }),
    ("rotary halves", |_, x, o, _| Rotary::new(2, 50.0, Pairs::Halves)?.forward(x, o, 2)),
    ("rotary neighbours", |_, x, o, _| Rotary::new(6, 50.0, Pairs::Neighbours)?.forward(x, o, 1)),
    ("layer norm", |vb, x, _, mode| LayerNorm::new(WIDTH, 1e-5, vb)?.forward(x, mode)),
    ("residual layer norm", |vb, x, _, mode| {
        let residual = (x * 0.5)?.tanh()?;
        LayerNorm::new(WIDTH, 1e-5, vb)?.forward_residual(x, &residual, &Dropout::new(0.3, "drop"), mode)
    }),
    ("residual layer norm without dropout", |vb, x, _, mode| {
        LayerNorm::new(WIDTH, 1e-5, vb)?.forward_residual(x, x, &Dropout::new(0.0, "drop"), mode)
    }),
    ("dropout", |_, x, _, mode| Dropout::new(0.4, "drop").forward(x, mode)),
    ("dropout per sequence", |_, x, o, mode| Dropout::new(0.4, "drop").forward_per_sequence(x, o, mode)),
    ("attention", |vb, x, o, mode| {
        let init = Init::Randn { mean: 0.0, stdev: 0.7 };
        SelfAttention::new(WIDTH, 2, Dropout::new(0.0, "p"), init, vb)?.forward(x, o, mode)
    }),
    ("attention with dropout", |vb, x, o, mode| {
        let init = Init::Randn { mean: 0.0, stdev: 0.7 };
        SelfAttention::new(WIDTH, 3, Dropout::new(0.3, "p"), init, vb)?.forward(x, o, mode)
    }),
    ("causal attention", |vb, x, o, mode| masked(vb, x, o, mode, &Mask::causal())),
    ("padded attention", |vb, x, o, mode| masked(vb, x, o, mode, &Mask::valid(most(o)))),
    ("padded causal attention with rotary", |vb, x, o, mode| {
        let init = Init::Randn { mean: 0.0, stdev: 0.7 };
        let rotary = Rotary::new(2, 10.0, Pairs::Neighbours)?;
        SelfAttention::new(WIDTH, 3, Dropout::new(0.2, "p"), init, vb)?.with_rotary(rotary).forward_masked(
            x,
            o,
            &Mask { causal: true, valid: Some(most(o)) },
            mode,
        )
    }),
    ("gru", |vb, x, o, mode| gru(vb, x, o, mode, [0.0, 0.0])),
    ("gru with dropout", |vb, x, o, mode| gru(vb, x, o, mode, [0.2, 0.3])),
    ("lstm", |vb, x, o, mode| lstm(vb, x, o, mode, [0.0, 0.0])),
    ("lstm with dropout", |vb, x, o, mode| lstm(vb, x, o, mode, [0.2, 0.3])),
    ("convolution", |vb, x, o, mode| {
        Ok(Conv1d::new(WIDTH, 5, 3, Activation::Tanh, vb)?.forward(x, o, mode)?.0)
    }),
    ("convolution max", |vb, x, o, mode| {
        Conv1d::new(WIDTH, 5, 3, Activation::Tanh, vb)?.max_over_time(x, o, mode)
    }),
    ("convolution max gelu", |vb, x, o, mode| {
        Conv1d::new(WIDTH, 5, 2, Activation::Gelu, vb)?.max_over_time(x, o, mode)
    }),
    ("convolution max silu", |vb, x, o, mode| {
        Conv1d::new(WIDTH, 5, 2, Activation::Silu, vb)?.max_over_time(x, o, mode)
    }),
    ("max", |_, x, o, _| pooling::max(x, o)),
    ("mean", |_, x, o, _| pooling::mean(x, o)),
    ("first", |_, x, o, _| pooling::first(x, o)),
    ("last", |_, x, o, _| pooling::last(x, o)),
];

/// About two thirds of each sequence.
fn most(offsets: &[usize]) -> Vec<usize> {
    offsets.windows(2).map(|pair| (pair[1] - pair[0]) * 2 / 3).collect()
}

fn masked(vb: &VarBuilder, x: &Tensor, o: &[usize], mode: Mode, mask: &Mask) -> Result<Tensor> {
    let init = Init::Randn { mean: 0.0, stdev: 0.7 };
    SelfAttention::new(WIDTH, 2, Dropout::new(0.3, "p"), init, vb)?.forward_masked(x, o, mask, mode)
}

fn gru(
    vb: &VarBuilder,
    x: &Tensor,
    o: &[usize],
    mode: Mode,
    [dropout, recurrent_dropout]: [f64; 2],
) -> Result<Tensor> {
    let config = GruConfig { inputs: WIDTH, hidden: 4, bidirectional: true, dropout, recurrent_dropout };
    Gru::new(&config, vb)?.forward(x, o, mode)
}

fn lstm(
    vb: &VarBuilder,
    x: &Tensor,
    o: &[usize],
    mode: Mode,
    [dropout, recurrent_dropout]: [f64; 2],
) -> Result<Tensor> {
    let config = LstmConfig { inputs: WIDTH, hidden: 4, bidirectional: true, dropout, recurrent_dropout };
    Lstm::new(&config, vb)?.forward(x, o, mode)
}

/// Differences over a kink say nothing; those layers are held against their composites and against `PyTorch`.
fn is_smooth(name: &str) -> bool {
    !name.split(' ').any(|word| ["max", "leaky"].contains(&word))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn fused_equals_composite(lengths in prop::collection::vec(0usize..9, 1..6), seed: u32) {
        for (name, layer) in LAYERS {
            let case = Case::new(&lengths, WIDTH, seed);
            let (a, b) = (fused(&case, *layer, STEP).unwrap(), composed(&case, *layer, STEP).unwrap());
            prop_assert!(close(&a, &b, 2e-5), "{name} {lengths:?}: {a:?} {b:?}");
        }
    }

    #[test]
    fn slopes_equal_differences(lengths in prop::collection::vec(0usize..6, 1..4), seed: u32) {
        for (name, layer) in LAYERS.iter().filter(|(name, _)| is_smooth(name)) {
            let case = Case::new(&lengths, WIDTH, seed);
            let worst = slopes(&case, *layer, STEP).unwrap();
            prop_assert!(worst < 2e-2, "{name} {lengths:?}: {worst}");
        }
    }

    #[test]
    fn a_sequence_alone_gives_the_same_bits(lengths in prop::collection::vec(1usize..40, 2..5), seed: u32) {
        for (name, layer) in LAYERS {
            let case = Case::new(&lengths, WIDTH, seed);
            let together = case.run(*layer, Mode::Eval).unwrap().to_vec2::<f32>().unwrap();
            let mut alone = Vec::new();
            for index in 0..lengths.len() {
                alone.extend(case.only(index).run(*layer, Mode::Eval).unwrap().to_vec2::<f32>().unwrap());
            }
            prop_assert_eq!(&together, &alone, "{}", name);
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let lengths = [70, 1, 130, 64, 3, 90, 200];
    for (name, layer) in LAYERS {
        let case = Case::new(&lengths, WIDTH, 9);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fused(&case, *layer, STEP).unwrap())
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{name}");
    }
}

/// Attention over a padded batch gives what each sequence alone gives.
#[test]
fn padding_changes_nothing() {
    let init = Init::Randn { mean: 0.0, stdev: 0.7 };
    let layer = |vb: &VarBuilder| SelfAttention::new(WIDTH, 2, Dropout::new(0.0, "p"), init, vb);
    let padded = Case::new(&[7, 7, 7], WIDTH, 4);
    let valid = [7, 0, 3];
    let mask = Mask::valid(valid.to_vec());
    let all = padded.run(|vb, x, o, mode| layer(vb)?.forward_masked(x, o, &mask, mode), Mode::Eval).unwrap();
    for (index, valid) in valid.into_iter().enumerate() {
        let cut = |vb: &VarBuilder, x: &Tensor, _: &[usize], mode| {
            layer(vb)?.forward(&x.narrow(0, 0, valid)?, &[0, valid], mode)
        };
        let alone = padded.only(index).run(cut, Mode::Eval).unwrap().to_vec2::<f32>().unwrap();
        let within = all.narrow(0, 7 * index, valid).unwrap().to_vec2::<f32>().unwrap();
        assert!(alone.iter().flatten().zip(within.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    let nothing = all.narrow(0, 7, 7).unwrap().to_vec2::<f32>().unwrap();
    assert!(nothing.iter().flatten().all(|x| *x == 0.0));
}

/// What comes later does not change what a causal layer said before.
#[test]
fn a_causal_mask_hides_the_future() {
    let causal = |vb: &VarBuilder, x: &Tensor, o: &[usize], mode| masked(vb, x, o, mode, &Mask::causal());
    let case = Case::new(&[9], WIDTH, 2);
    let whole = case.run(causal, Mode::Eval).unwrap().to_vec2::<f32>().unwrap();
    let cut = |vb: &VarBuilder, x: &Tensor, _: &[usize], mode| causal(vb, &x.narrow(0, 0, 4)?, &[0, 4], mode);
    let part = case.run(cut, Mode::Eval).unwrap().to_vec2::<f32>().unwrap();
    assert!(part.iter().flatten().zip(whole.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-6));
}

/// Turned queries and keys meet in products that depend on their distance only.
#[test]
fn rotary_products_depend_on_distances() {
    for pairs in [Pairs::Halves, Pairs::Neighbours] {
        let row = Tensor::new(&[[0.3f32, -1.2, 0.7, 2.0, 0.1, -0.4]], &candle_core::Device::Cpu).unwrap();
        let rotary = Rotary::new(WIDTH, 100.0, pairs).unwrap();
        let turned = rotary.forward(&row.repeat((9, 1)).unwrap(), &[0, 9], 1).unwrap();
        let dots = turned.matmul(&turned.t().unwrap()).unwrap().to_vec2::<f32>().unwrap();
        for place in 0..6 {
            assert!((dots[place][place + 3] - dots[0][3]).abs() < 1e-5, "{pairs:?}");
        }
        assert!((dots[0][3] - dots[0][0]).abs() > 0.1, "{pairs:?}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let error = |layer: Layer| Case::new(&[2, 3], WIDTH, 1).run(layer, STEP).unwrap_err().to_string();
    assert_eq!(
        error(|vb, x, _, mode| RmsNorm::new(5, 0.0, vb)?.forward(x, mode)),
        "rms norm: expected [5, 5], got [5, 6]"
    );
    assert_eq!(
        error(|_, x, o, _| Rotary::new(4, 1e4, Pairs::Halves)?.forward(x, o, 2)),
        "rotary embedding: expected [Some(5), at least 2 heads * 4], got [5, 6]"
    );
    assert_eq!(
        error(|_, x, o, _| Rotary::new(3, 1e4, Pairs::Halves)?.forward(x, o, 2)),
        "depth of a rotary embedding: expected an even number, got 3"
    );
    assert_eq!(
        error(|vb, x, o, mode| masked(vb, x, o, mode, &Mask::valid(vec![3, 1]))),
        "valid keys of attention: expected at most [2, 3], got [3, 1]"
    );
    assert_eq!(
        error(|vb, x, _, mode| gru(vb, x, &[0, 4], mode, [0.0; 2])),
        "gru: expected [Some(4), 6], got [5, 6]"
    );
    assert_eq!(
        error(|_, x, _, _| softmax(&x.narrow(1, 0, 0)?)),
        "softmax: expected [.., at least 1], got [5, 0]"
    );
}

#[test]
fn embeddings_give_row_gradients_of_their_rows() {
    let params = biotope_nn::Params::new(Seed(1), &candle_core::Device::Cpu);
    let init = Init::Randn { mean: 0.0, stdev: 1.0 };
    let sparse = Embedding::sparse(50, 3, init, &params.vb().pp("words")).unwrap();
    let dense = Embedding::dense(50, 3, init, &params.vb().pp("words")).unwrap();
    let ids = [7u32, 3, 7, 49];
    let (mut rows, mut none) = (Vec::new(), Vec::new());
    let a = sparse.lookup(&ids, STEP, &mut rows).unwrap();
    let b = dense.lookup(&ids, STEP, &mut none).unwrap();
    assert_eq!(a.to_vec2::<f32>().unwrap(), b.to_vec2::<f32>().unwrap());
    assert!(none.is_empty() && rows[0].param == "words.weight" && rows[0].rows == [3, 7, 49]);
    let grad = |x: &Tensor| x.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let leaf = grad(&a).get(&rows[0].leaf).unwrap().to_vec2::<f32>().unwrap();
    let whole = grad(&b).get(&params.get("words.weight").unwrap()).unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(leaf, [3, 7, 49].map(|row: usize| whole[row].clone()));
    assert_eq!(whole.iter().flatten().filter(|x| **x != 0.0).count(), 9);
    let error = sparse.lookup(&[50], STEP, &mut rows).unwrap_err();
    assert_eq!(error.to_string(), "words.weight: id 50 is out of range, there are 50 rows");
    assert_eq!(error.hint().unwrap(), "do tokenizer and model share one vocabulary?");
    let before = rows.len();
    sparse.lookup(&ids, Mode::Eval, &mut rows).unwrap();
    assert_eq!(rows.len(), before);
}

#[test]
fn bags_are_weighted_sums() {
    let params = biotope_nn::Params::new(Seed(1), &candle_core::Device::Cpu);
    let init = Init::Randn { mean: 0.0, stdev: 1.0 };
    let bag = EmbeddingBag::sparse(9, 2, init, &params.vb()).unwrap();
    let table = params.get("weight").unwrap().to_vec2::<f32>().unwrap();
    let input = (&[1u32, 8, 1][..], &[0.5f32, 2.0, -1.0][..], &[0usize, 2, 2, 3][..]);
    let mut rows = Vec::new();
    let out = bag.forward(input, STEP, &mut rows).unwrap();
    let expected = [0, 1].map(|j| 0.5 * table[1][j] + 2.0 * table[8][j]);
    let got = out.to_vec2::<f32>().unwrap();
    assert!(got[0].iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6) && got[1] == [0.0; 2]);
    assert_eq!(got[2], table[1].iter().map(|x| -x).collect::<Vec<_>>());
    let grads = out.sum_all().unwrap().backward().unwrap();
    assert_eq!(grads.get(&rows[0].leaf).unwrap().to_vec2::<f32>().unwrap(), [[-0.5, -0.5], [2.0, 2.0]]);
}

#[test]
fn evaluation_keeps_no_graph_and_drops_nothing() {
    for (name, layer) in LAYERS {
        let case = Case::new(&[3, 5], WIDTH, 1);
        let x = case.run(*layer, Mode::Eval).unwrap();
        assert!(!x.track_op(), "{name}");
        assert_eq!(
            x.to_vec2::<f32>().unwrap(),
            case.run(*layer, Mode::Eval).unwrap().to_vec2::<f32>().unwrap()
        );
    }
}
