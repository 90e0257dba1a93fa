//! Times forward and backward of a MiniLM-shaped encoder: `cargo run --release -p biotope-nn --example minilm_step`.

use std::time::Instant;

use biotope_core::{Features, RecordId, Seed, Target};
use biotope_nn::encoder::{Encoder, Shape, with_layers};
use biotope_nn::layers::{Activation, Embedding, LayerNorm, Linear};
use biotope_nn::{Batch, Example, Loss, Mode, Output, Params, Precision, Result, build_loss, guard, paths};
use candle_core::Device;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HIDDEN: usize = 384;

struct Model {
    words: Embedding,
    positions: Embedding,
    norm: LayerNorm,
    encoder: Encoder,
    head: Linear,
}

impl Model {
    fn new(vb: &VarBuilder, rate: f64) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: 0.02 };
        let linear =
            |from, to, f, name: &str| Linear::with_init(from, to, f, [init, Init::Const(0.0)], &vb.pp(name));
        let shape = Shape {
            hidden: HIDDEN,
            heads: 12,
            inner: 1536,
            activation: Activation::Gelu,
            eps: 1e-12,
            dropout: rate,
            attention_dropout: rate,
            init,
        };
        Ok(Self {
            words: Embedding::sparse(30_522, HIDDEN, init, &vb.pp("words"))?,
            positions: Embedding::dense(512, HIDDEN, init, &vb.pp("positions"))?,
            norm: LayerNorm::new(HIDDEN, 1e-12, &vb.pp("norm"))?,
            encoder: Encoder::new(&shape, 6, &vb.pp("layer"))?,
            head: linear(HIDDEN, 8, Activation::Identity, "head")?,
        })
    }

    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        let (tokens, offsets) = batch.input.tokens()?;
        let positions: Vec<u32> = offsets.windows(2).flat_map(|pair| 0..(pair[1] - pair[0]) as u32).collect();
        let mut rows = Vec::new();
        let positions = self.positions.lookup(&positions, mode, &mut rows)?;
        let x = (self.words.forward(tokens, mode, &mut rows)? + positions)?;
        let x = self.norm.forward(&x, mode)?;
        let mut direct = Vec::new();
        let x = self.encoder.forward(&x, offsets, true, mode, &mut direct)?;
        Ok(Output { logits: self.head.forward(&x, mode)?, rows, direct })
    }
}

fn batch(lengths: impl Iterator<Item = usize>) -> Result<Batch> {
    let examples: Vec<Example> = lengths
        .enumerate()
        .map(|(index, len)| Example {
            id: RecordId::of(&[&index.to_le_bytes()]),
            features: Features::Tokens((0..len).map(|i| ((index * 977 + i * 131) % 30_522) as u32).collect()),
            target: Some(Target::Class(index % 8)),
        })
        .collect();
    Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu)
}

fn main() -> Result<()> {
    let params = Params::new(Seed(1), &Device::Cpu);
    let model = Model::new(&params.vb(), 0.1)?;
    let loss = build_loss(&biotope_core::Component::new("cross-entropy"))?;
    let cases = [
        ("32 x 64", batch((0..32).map(|_| 64))?),
        ("ragged 16..112", batch((0..32).map(|i| 16 + i * 37 % 97))?),
        ("16 x 128", batch((0..16).map(|_| 128))?),
        ("1 x 64", batch([64].into_iter())?),
    ];
    println!("path {}", paths::path());
    for (name, batch) in &cases {
        for precision in [Precision::F32, Precision::Bf16] {
            let forward = |seed| model.forward(batch, Mode::Train { seed: Seed(seed), precision });
            time(name, &precision.to_string(), batch, &params, &forward, &*loss)?;
        }
        let layers = |seed| with_layers(|| model.forward(batch, Mode::train(Seed(seed))));
        time(name, "f32 by layers", batch, &params, &layers, &*loss)?;
    }
    Ok(())
}

fn time(
    name: &str,
    how: &str,
    batch: &Batch,
    params: &Params,
    forward: &dyn Fn(u64) -> Result<Output>,
    loss: &dyn Loss,
) -> Result<()> {
    // Words on the command line choose: `minilm_step 32 bf16`.
    if !std::env::args().skip(1).all(|word| format!("{name} {how}").contains(&word)) {
        return Ok(());
    }
    let tokens = *batch.input.offsets().last().unwrap_or(&0);
    let mut times: Vec<[f64; 2]> = Vec::new();
    for step in 0..10 {
        let start = Instant::now();
        let output = forward(step)?;
        let ahead = start.elapsed().as_secs_f64();
        let grads = loss.loss(&output, batch)?.backward()?;
        times.push([ahead, start.elapsed().as_secs_f64() - ahead]);
        assert!(step > 0 || guard::missing(params, &grads, &output).is_empty(), "every parameter learns");
    }
    let best = |index: usize| times.iter().skip(2).map(|time| time[index]).fold(f64::INFINITY, f64::min);
    let (ahead, back) = (best(0), best(1));
    let rate = tokens as f64 / (ahead + back);
    println!(
        "{name} {how}: {tokens} tokens, forward {:.1} ms, backward {:.1} ms, {rate:.0} tokens/s",
        ahead * 1e3,
        back * 1e3
    );
    Ok(())
}
