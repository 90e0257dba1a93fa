//! Milliseconds per update of a rule on the 22.7 million parameters of a `MiniLM`: norm, clipping and the step itself.
//! `adamw_speed.py` beside it does the same in torch.
//!
//! ```sh
//! cargo run --release -p biotope-optim --example adamw_speed -- [RULE] [UPDATES] [THREADS]
//! ```

use std::time::Instant;

use biotope_core::Component;
use biotope_optim::{Error, Gradients, Group, Optimizer};
use candle_core::{Device, Tensor, Var};

const WIDTH: usize = 384;
const INNER: usize = 1536;
const LAYERS: usize = 6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rule = args.first().map_or("adamw", String::as_str);
    let number = |at: usize, default| args.get(at).map_or(Ok(default), |text| text.parse::<usize>());
    let (updates, threads) = (number(1, 40)?, number(2, 2)?);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let (mut clip, mut step) = pool.install(|| measure(rule, updates))?;
    println!(
        "{rule}, {threads} threads, {updates} updates: norm {}, step {} (median, least)",
        show(&mut clip),
        show(&mut step)
    );
    Ok(())
}

/// Times of the norm and of the step, after three updates to warm up.
fn measure(rule: &str, updates: usize) -> Result<(Vec<f64>, Vec<f64>), Error> {
    let mut params = Vec::new();
    for (name, dims) in shapes() {
        params.push((name, Var::from_tensor(&Tensor::randn(0f32, 0.05, dims, &Device::Cpu)?)?));
    }
    let mut optimizer = Optimizer::new(&Component::new(rule), params.clone(), &[Group::no_decay()])?;
    let mut whole = Gradients::new();
    for (name, var) in &params {
        whole.add(name, &var.randn_like(0.0, 0.01)?.detach())?;
    }
    let (mut clip, mut step) = (Vec::new(), Vec::new());
    for _ in 0..updates + 3 {
        let mut grads = whole.clone();
        clip.push(time(|| grads.clip(1.0).map(drop))?);
        step.push(time(|| optimizer.step(1e-5, &grads))?);
    }
    Ok((clip.split_off(3), step.split_off(3)))
}

fn time(work: impl FnOnce() -> Result<(), Error>) -> Result<f64, Error> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

fn show(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    format!("{:.2} ms, {:.2} ms", values[values.len() / 2], values[0])
}

fn shapes() -> Vec<(String, Vec<usize>)> {
    let mut shapes = vec![
        ("embeddings.word.weight".to_owned(), vec![30_522, WIDTH]),
        ("embeddings.position.weight".to_owned(), vec![512, WIDTH]),
        ("embeddings.type.weight".to_owned(), vec![2, WIDTH]),
        ("embeddings.norm.weight".to_owned(), vec![WIDTH]),
        ("embeddings.norm.bias".to_owned(), vec![WIDTH]),
    ];
    let square = ["query", "key", "value", "attention.output"];
    for layer in 0..LAYERS {
        let mut linear = |name: &str, dims: [usize; 2]| {
            shapes.push((format!("layer.{layer}.{name}.weight"), dims.to_vec()));
            shapes.push((format!("layer.{layer}.{name}.bias"), vec![dims[0]]));
        };
        for name in square {
            linear(name, [WIDTH, WIDTH]);
        }
        linear("inner", [INNER, WIDTH]);
        linear("output", [WIDTH, INNER]);
        for norm in ["attention.norm", "output.norm"] {
            shapes.push((format!("layer.{layer}.{norm}.weight"), vec![WIDTH]));
            shapes.push((format!("layer.{layer}.{norm}.bias"), vec![WIDTH]));
        }
    }
    shapes.push(("pooler.weight".to_owned(), vec![WIDTH, WIDTH]));
    shapes.push(("pooler.bias".to_owned(), vec![WIDTH]));
    shapes
}
