//! Laws of the layers over images, as those of `layers.rs`, and `PyTorch`'s numbers.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]

#[path = "support/case.rs"]
mod case;
#[path = "support/expected.rs"]
mod expected;

use std::collections::BTreeMap;

use biotope_core::Seed;
use biotope_nn::layers::backend::with_composites;
use biotope_nn::layers::{
    Activation, BatchNorm, Conv2d, Conv2dConfig, ConvTranspose2d, Window, average_pool1d, average_pool2d,
    max_pool1d, max_pool2d,
};
use biotope_nn::{Mode, Output, Params, Result, guard};
use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;
use case::{Case, close, composed, fused, slopes};
use expected::{LayerCase, expected};
use proptest::prelude::*;

const STEP: Mode = Mode::train(Seed(5));
const CHANNELS: usize = 4;

type Layer = fn(&VarBuilder, &Tensor, Window, Mode) -> Result<Tensor>;

const LAYERS: &[(&str, Layer)] = &[
    ("convolution", |vb, x, window, mode| convolve(vb, x, window, mode, 1, Activation::Identity)),
    ("convolution gelu", |vb, x, window, mode| convolve(vb, x, window, mode, 1, Activation::Gelu)),
    ("grouped convolution tanh", |vb, x, window, mode| convolve(vb, x, window, mode, 2, Activation::Tanh)),
    ("transposed convolution", |vb, x, window, mode| paint(vb, x, window, mode, 1, Activation::Identity)),
    ("grouped transposed convolution silu", |vb, x, window, mode| {
        paint(vb, x, window, mode, 2, Activation::Silu)
    }),
    ("max pool", |_, x, window, _| max_pool2d(x, pool(window))),
    ("max pool of a line", |_, x, window, _| {
        let [kernel, stride, padding] = line(window);
        max_pool1d(&x.flatten_from(2)?, kernel, stride, padding)
    }),
    ("average pool", |_, x, window, _| average_pool2d(x, pool(window), true)),
    ("average pool without padding", |_, x, window, _| average_pool2d(x, pool(window), false)),
    ("average pool of a line", |_, x, window, _| average_pool1d(&x.flatten_from(2)?, line(window), false)),
    ("batch norm", |vb, x, _, mode| norm(vb)?.forward(x, mode)),
    ("batch norm of rows", |vb, x, _, mode| {
        norm(vb)?.forward(&x.permute((0, 2, 3, 1))?.reshape(((), CHANNELS))?, mode)
    }),
];

fn config(window: Window, groups: usize, activation: Activation) -> Conv2dConfig {
    Conv2dConfig { inputs: CHANNELS, outputs: 6, window, groups, activation }
}

fn convolve(
    vb: &VarBuilder,
    x: &Tensor,
    window: Window,
    mode: Mode,
    groups: usize,
    activation: Activation,
) -> Result<Tensor> {
    Conv2d::new(config(window, groups, activation), vb)?.forward(x, mode)
}

fn paint(
    vb: &VarBuilder,
    x: &Tensor,
    window: Window,
    mode: Mode,
    groups: usize,
    activation: Activation,
) -> Result<Tensor> {
    let more = [0, 1].map(|axis| (window.stride[axis] - 1).min(1));
    ConvTranspose2d::new(config(window, groups, activation), more, vb)?.forward(x, mode)
}

fn norm(vb: &VarBuilder) -> Result<BatchNorm> {
    BatchNorm::new(CHANNELS, 1e-3, 0.1, vb)
}

/// A window whose padding is at most half of it.
fn pool(window: Window) -> Window {
    window.padding([0, 1].map(|axis| window.padding[axis].min(window.kernel[axis] / 2)))
}

/// Kernel, stride and padding along a line.
fn line(window: Window) -> [usize; 3] {
    [window.kernel[1], window.stride[1], window.kernel[1] / 2]
}

/// `layer` over images of this size, from rows of numbers.
fn over(layer: Layer, window: Window, [height, width]: [usize; 2]) -> impl case::Layer {
    move |vb: &VarBuilder, x: &Tensor, _: &[usize], mode: Mode| {
        layer(vb, &x.reshape(((), CHANNELS, height, width))?, window, mode)
    }
}

fn images(batch: usize, [height, width]: [usize; 2], seed: u32) -> Case {
    Case::new(&vec![1; batch], CHANNELS * height * width, seed)
}

fn flat(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

fn pair(range: std::ops::Range<usize>) -> impl Strategy<Value = [usize; 2]> {
    [range.clone(), range]
}

fn window() -> impl Strategy<Value = Window> {
    (pair(1..4), pair(1..4), pair(0..3), pair(1..3)).prop_map(|(kernel, stride, padding, dilation)| {
        Window::new(kernel).stride(stride).padding(padding).dilation(dilation)
    })
}

/// Whether the window fits, and a transposed one leaves something.
fn fits(window: Window, size: [usize; 2]) -> bool {
    (0..2).all(|axis| {
        let reach = window.dilation[axis] * (window.kernel[axis] - 1) + 1;
        let painted = (size[axis] - 1) * window.stride[axis] + reach;
        reach <= size[axis] && painted > 2 * window.padding[axis]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn fused_equals_composite(batch in 2usize..5, size in pair(2..8), window in window(), seed: u32) {
        prop_assume!(fits(window, size));
        for (name, layer) in LAYERS {
            let (case, layer) = (images(batch, size, seed), over(*layer, window, size));
            let (a, b) = (fused(&case, layer, STEP).unwrap(), composed(&case, layer, STEP).unwrap());
            prop_assert!(close(&a, &b, 5e-5), "{name} {window:?} {size:?}: {a:?} {b:?}");
            let a = flat(&case.run(layer, Mode::Eval).unwrap());
            let b = flat(&with_composites(|| case.run(layer, Mode::Eval)).unwrap());
            let worst = a.iter().zip(&b).fold(0f32, |worst, (a, b)| worst.max((a - b).abs()));
            prop_assert!(worst < 2e-5, "{name} {window:?} {size:?} in evaluation: {worst}");
        }
    }

    #[test]
    fn slopes_equal_differences(batch in 2usize..4, size in pair(2..6), window in window(), seed: u32) {
        prop_assume!(fits(window, size));
        for (name, layer) in LAYERS.iter().filter(|(name, _)| !name.starts_with("max")) {
            let worst = slopes(&images(batch, size, seed), over(*layer, window, size), STEP).unwrap();
            prop_assert!(worst < 2e-2, "{name} {window:?} {size:?}: {worst}");
        }
    }

    #[test]
    fn an_image_alone_gives_the_same_bits(size in pair(1..8), window in window(), seed: u32) {
        prop_assume!(fits(window, size));
        for (name, layer) in LAYERS.iter().filter(|(name, _)| !name.ends_with("rows")) {
            let layer = over(*layer, window, size);
            let run = |case: &Case| flat(&case.run(layer, Mode::Eval).unwrap());
            let together = images(3, size, seed);
            let alone = [0, 1, 2].map(|index| run(&together.only(index)));
            prop_assert_eq!(run(&together), alone.concat(), "{}", name);
        }
    }
}

/// Wide windows over wide images are unfolded in several blocks.
#[test]
fn blocks_of_places_join_without_a_seam() {
    let (size, window) = ([20, 110], Window::new([9, 9]));
    for (name, layer) in LAYERS.iter().filter(|(name, _)| name.contains("convolution")) {
        let (case, layer) = (images(2, size, 3), over(*layer, window, size));
        let (a, b) = (fused(&case, layer, STEP).unwrap(), composed(&case, layer, STEP).unwrap());
        assert!(close(&a, &b, 5e-5), "{name}");
    }
}

#[test]
fn bits_do_not_depend_on_threads() {
    let (size, window) = ([21, 17], Window::new([3, 2]).stride([2, 1]).padding([1, 1]));
    for (name, layer) in LAYERS {
        let (case, layer) = (images(11, size, 9), over(*layer, window, size));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| fused(&case, layer, STEP).unwrap())
        };
        let one = run(1);
        assert!(one == run(2) && one == run(4), "{name}");
    }
}

type Pass = fn(&VarBuilder, &Tensor) -> Result<Tensor>;

/// The shape of a fixture's input, and the layer.
fn layer(name: &str) -> (&'static [usize], Pass) {
    const IMAGES: &[usize] = &[2, CHANNELS, 6, 5];
    const LINES: &[usize] = &[2, CHANNELS, 7];
    const WIDE: Window = Window { kernel: [3, 2], stride: [2, 3], padding: [1, 1], dilation: [1, 2] };
    const POOL: Window = Window { kernel: [3, 2], stride: [2, 1], padding: [1, 1], dilation: [1, 1] };
    match name {
        "convolution" => {
            (IMAGES, |vb, x| convolve(vb, x, Window::new([3, 3]).padding([1, 1]), STEP, 1, Activation::Relu))
        }
        "convolution-grouped" => (IMAGES, |vb, x| convolve(vb, x, WIDE, STEP, 2, Activation::Tanh)),
        "transposed-convolution" => (IMAGES, |vb, x| {
            ConvTranspose2d::new(config(WIDE, 2, Activation::Identity), [1, 2], vb)?.forward(x, STEP)
        }),
        "max-pool2d" => (IMAGES, |_, x| max_pool2d(x, POOL)),
        "max-pool1d" => (LINES, |_, x| max_pool1d(x, 3, 2, 1)),
        "average-pool2d" => (IMAGES, |_, x| average_pool2d(x, POOL, true)),
        "average-pool2d-without-padding" => (IMAGES, |_, x| average_pool2d(x, POOL, false)),
        "average-pool1d" => (LINES, |_, x| average_pool1d(x, [3, 2, 1], true)),
        "batch-norm-rows" => (&[8, CHANNELS], |vb, x| norm(vb)?.forward(x, STEP)),
        "batch-norm-lines" => (LINES, |vb, x| norm(vb)?.forward(x, STEP)),
        "batch-norm-images" => (IMAGES, |vb, x| norm(vb)?.forward(x, STEP)),
        other => panic!("no layer is named {other}"),
    }
}

#[test]
fn layers_equal_pytorch() {
    let cases: BTreeMap<String, LayerCase> = expected("images");
    assert_eq!(cases.len(), 11);
    for (name, case) in &cases {
        let (shape, layer) = layer(name);
        case.check(name, shape, layer);
        with_composites(|| case.check(name, shape, layer));
    }
}

/// Evaluation takes what training counted: after many equal batches their own statistics.
#[test]
fn batch_norm_evaluates_by_its_buffers() {
    let params = Params::new(Seed(1), &Device::Cpu);
    let norm = BatchNorm::new(2, 0.0, 0.5, &params.vb()).unwrap();
    let x = Tensor::new(&[[1f32, 10.0], [3.0, 30.0]], &Device::Cpu).unwrap();
    assert_eq!(flat(&norm.forward(&x, Mode::Eval).unwrap()), flat(&x));
    for _ in 0..40 {
        assert_eq!(flat(&norm.forward(&x, STEP).unwrap()), [-1.0, -1.0, 1.0, 1.0]);
    }
    let buffers: BTreeMap<String, _> = params.buffers().collect();
    let near = |got: &[f32], expected: [f32; 2]| {
        assert!(
            got.iter().zip(expected).all(|(got, expected)| (got / expected - 1.0).abs() < 1e-5),
            "{got:?}"
        );
    };
    near(&flat(&buffers["running_mean"]), [2.0, 20.0]);
    near(&flat(&buffers["running_var"]), [2.0, 200.0]);
    let y = norm.forward(&x, Mode::Eval).unwrap();
    assert!(!y.track_op());
    near(&flat(&y)[2..], [0.5f32.sqrt(); 2]);
}

/// What training counts is saved, opened, and out of reach of whoever trains parameters.
#[test]
fn batch_norm_keeps_its_buffers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let params = Params::new(Seed(1), &Device::Cpu);
    let x = Tensor::new(&[[1f32, -4.0, 2.0, 0.5], [3.0, 1.0, 7.0, 0.0]], &Device::Cpu).unwrap();
    let trained = norm(&params.vb()).unwrap();
    let loss = trained.forward(&x, STEP).unwrap().powf(3.0).unwrap().sum_all().unwrap();
    let weighted =
        (loss + trained.forward(&x, STEP).unwrap().narrow(0, 0, 1).unwrap().sum_all().unwrap()).unwrap();
    let grads = weighted.backward().unwrap();
    assert!(guard::missing(&params, &grads, &Output::dense(weighted)).is_empty());
    let names: Vec<String> = params.iter().map(|(name, _)| name).collect();
    assert_eq!((names, params.elements()), (vec!["bias".to_owned(), "weight".to_owned()], 8));
    params.save(&path).unwrap();
    let fresh = Params::new(Seed(2), &Device::Cpu);
    let opened = norm(&fresh.vb()).unwrap();
    let answers = |norm: &BatchNorm| flat(&norm.forward(&x, Mode::Eval).unwrap());
    assert_ne!(answers(&opened), answers(&trained));
    fresh.load(&path).unwrap();
    assert_eq!(answers(&opened), answers(&trained));
}

/// The gradient of evaluation, with statistics that do not move with the input.
#[test]
fn batch_norm_explains_its_evaluation() {
    let case = images(3, [2, 2], 4);
    let layer = |vb: &VarBuilder, x: &Tensor, _: &[usize], _: Mode| {
        norm(vb)?.forward(&x.reshape(((), CHANNELS, 2, 2))?, Mode::Eval)
    };
    let (a, b) = (fused(&case, layer, STEP).unwrap(), composed(&case, layer, STEP).unwrap());
    assert!(close(&a, &b, 1e-6) && a[1].iter().any(|slope| *slope != 0.0));
}

fn error(window: Window, layer: Layer) -> String {
    let size = [4, 3];
    images(2, size, 1).run(over(layer, window, size), STEP).unwrap_err().to_string()
}

#[test]
fn windows_that_do_not_fit_are_named() {
    let convolution: Layer = |vb, x, window, mode| convolve(vb, x, window, mode, 1, Activation::Relu);
    let transposed: Layer = |vb, x, window, _| {
        ConvTranspose2d::new(config(window, 1, Activation::Relu), [0, 2], vb)?.forward(x, STEP)
    };
    assert_eq!(
        error(Window::new([3, 5]).padding([1, 0]), convolution),
        "convolution: expected at least [3, 5] with a padding of [1, 0], got [4, 3]"
    );
    let nothing = error(Window::new([0, 2]), convolution);
    assert!(nothing.starts_with("window: expected kernel, stride and dilation of at least 1"), "{nothing}");
    assert_eq!(
        error(Window::new([2, 2]).stride([2, 2]), transposed),
        "output padding: expected less than stride [2, 2] or dilation [1, 1], got [0, 2]"
    );
    assert_eq!(
        error(Window::new([2, 2]).stride([3, 3]).padding([9, 0]), transposed),
        "transposed convolution: expected planes that a padding of [9, 0] leaves something of, got [4, 3]"
    );
    assert_eq!(
        error(Window::new([2, 2]).padding([0, 2]), |_, x, window, _| max_pool2d(x, window)),
        "padding of max pooling: expected at most half of the window [2, 2], got [0, 2]"
    );
}

#[test]
fn channels_that_do_not_fit_are_named() {
    let one = Window::new([1, 1]);
    assert_eq!(
        error(one, |vb, x, w, mode| convolve(vb, &x.narrow(1, 0, 3)?, w, mode, 1, Activation::Relu)),
        "convolution: expected [batch, 4, ..], got [2, 3, 4, 3]"
    );
    assert_eq!(
        error(one, |vb, x, w, mode| convolve(vb, x, w, mode, 3, Activation::Relu)),
        "convolution: expected channels in and out that 3 groups share, got [4, 6]"
    );
    assert_eq!(
        error(one, |vb, x, w, mode| paint(vb, &x.narrow(1, 0, 3)?, w, mode, 1, Activation::Relu)),
        "transposed convolution: expected [batch, 4, ..], got [2, 3, 4, 3]"
    );
    assert_eq!(
        error(one, |vb, x, _, mode| norm(vb)?.forward(&x.narrow(1, 0, 3)?, mode)),
        "batch norm: expected [batch, 4, ..], got [2, 3, 4, 3]"
    );
    assert_eq!(
        error(one, |vb, x, _, mode| {
            norm(vb)?.forward(&x.narrow(0, 0, 1)?.narrow(2, 0, 1)?.narrow(3, 0, 1)?, mode)
        }),
        "batch norm in training: expected at least 2 numbers per channel, got [1, 4, 1, 1]"
    );
}
