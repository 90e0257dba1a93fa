//! Products at `MiniLM`'s shapes on every path: `cargo bench -p biotope-nn --bench products`; `Gelem/s` are GFLOP/s.

use biotope_nn::Precision;
use biotope_nn::measure::{Kind, Trial};
use biotope_nn::paths::{available, with_path};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Tokens, outputs, inputs.
const SHAPES: [[usize; 3]; 8] = [
    [2048, 1152, 384],
    [2048, 384, 384],
    [2048, 1536, 384],
    [2048, 384, 1536],
    [128, 1536, 384],
    [64, 384, 384],
    [64, 1536, 384],
    [64, 384, 1536],
];

fn products(criterion: &mut Criterion) {
    let kinds = [
        (Kind::Forward, "forward", Precision::F32),
        (Kind::Forward, "forward", Precision::Bf16),
        (Kind::Forward, "forward", Precision::Int8),
        (Kind::Gradient, "gradient", Precision::F32),
        (Kind::Gradient, "gradient", Precision::Bf16),
    ];
    for path in available().iter().rev() {
        for (kind, name, precision) in kinds {
            let mut group = criterion.benchmark_group(format!("{path} {name} {precision}"));
            for shape in SHAPES {
                with_path(*path, || {
                    let mut trial = Trial::new(kind, precision, shape);
                    group.throughput(Throughput::Elements(trial.operations()));
                    group.bench_function(shape.map(|side| side.to_string()).join(" x "), |bencher| {
                        bencher.iter(|| trial.run());
                    });
                })
                .expect("the path is available");
            }
        }
    }
}

criterion_group!(benches, products);
criterion_main!(benches);
