//! First values of parameters.

use biotope_core::{Seed, seed};
use candle_core::Shape;
use candle_nn::init::{Init, NormalOrUniform};

/// Values that depend on the seed and the name only.
pub(super) fn draw(seed: Seed, name: &str, shape: &Shape, init: Init) -> Vec<f32> {
    let rng = &mut seed.stream(&format!("init/{name}"));
    let normal = |mean: f64, stdev: f64| Draw::Normal { mean, stdev };
    let draw = match init {
        Init::Const(value) => return vec![value as f32; shape.elem_count()],
        Init::Randn { mean, stdev } => normal(mean, stdev),
        Init::Uniform { lo, up } => Draw::Uniform { lo, up },
        Init::Kaiming { dist, fan, non_linearity } => {
            let stdev = non_linearity.gain() / (fan.for_shape(shape) as f64).sqrt();
            let edge = stdev * 3f64.sqrt();
            match dist {
                NormalOrUniform::Normal => normal(0.0, stdev),
                NormalOrUniform::Uniform => Draw::Uniform { lo: -edge, up: edge },
            }
        }
    };
    let mut one = || match draw {
        Draw::Normal { mean, stdev } => mean + stdev * seed::normal(rng),
        Draw::Uniform { lo, up } => lo + (up - lo) * seed::unit(rng),
    };
    (0..shape.elem_count()).map(|_| one() as f32).collect()
}

#[derive(Clone, Copy)]
enum Draw {
    Normal { mean: f64, stdev: f64 },
    Uniform { lo: f64, up: f64 },
}
