//! Forward and backward of single layers at `MiniLM`'s shapes: `cargo bench -p biotope-nn`.

use biotope_core::Seed;
use biotope_nn::layers::{Activation, Dropout, LayerNorm, Linear, SelfAttention};
use biotope_nn::{Mode, Params, Result};
use candle_core::{DType, Device, Tensor, Var};
use candle_nn::VarBuilder;
use candle_nn::init::Init;
use criterion::{Criterion, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TOKENS: usize = 2048;
const HIDDEN: usize = 384;

type Layer = fn(&VarBuilder, &Tensor, &[usize], Mode) -> Result<Tensor>;

const LAYERS: &[(&str, Layer)] = &[
    ("linear 384 -> 1536 gelu", |vb, x, _, mode| {
        Linear::new(HIDDEN, 1536, Activation::Gelu, vb)?.forward(x, mode)
    }),
    ("linear 384 -> 384", |vb, x, _, mode| {
        Linear::new(HIDDEN, HIDDEN, Activation::Identity, vb)?.forward(x, mode)
    }),
    ("residual layer norm", |vb, x, _, mode| {
        LayerNorm::new(HIDDEN, 1e-12, vb)?.forward_residual(x, x, &Dropout::new(0.1, "d"), mode)
    }),
    ("attention 32 x 64", |vb, x, offsets, mode| {
        let init = Init::Randn { mean: 0.0, stdev: 0.02 };
        SelfAttention::new(HIDDEN, 12, Dropout::new(0.1, "p"), init, vb)?.forward(x, offsets, mode)
    }),
];

fn layers(criterion: &mut Criterion) {
    let x = Var::rand(-1f32, 1.0, (TOKENS, HIDDEN), &Device::Cpu).expect("a tensor of random numbers");
    assert_eq!(x.dtype(), DType::F32);
    let offsets: Vec<usize> = (0..=32).map(|index| index * 64).collect();
    for (name, layer) in LAYERS {
        let params = Params::new(Seed(1), &Device::Cpu);
        let run = |mode| layer(&params.vb(), &x, &offsets, mode).expect("shapes fit");
        criterion.bench_function(&format!("{name}: evaluation"), |bencher| bencher.iter(|| run(Mode::Eval)));
        let step = || run(Mode::train(Seed(1))).sum_all()?.backward();
        criterion.bench_function(&format!("{name}: training"), |bencher| {
            bencher.iter(|| step().expect("a gradient"));
        });
    }
}

criterion_group!(benches, layers);
criterion_main!(benches);
