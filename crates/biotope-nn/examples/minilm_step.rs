//! Times forward and backward of a MiniLM-shaped encoder: `cargo run --release -p biotope-nn --example minilm_step`.

use std::time::Instant;

use biotope_core::{Features, RecordId, Seed, Target};
use biotope_nn::layers::{Activation, Dropout, Embedding, LayerNorm, Linear, SelfAttention, pooling};
use biotope_nn::{Batch, Example, Mode, Output, Params, Result, build_loss, guard};
use candle_core::Device;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HIDDEN: usize = 384;
const INNER: usize = 1536;

struct Block {
    attention: SelfAttention,
    output: Linear,
    norm: LayerNorm,
    up: Linear,
    down: Linear,
    last: LayerNorm,
    dropouts: [Dropout; 2],
}

struct Encoder {
    words: Embedding,
    positions: Embedding,
    norm: LayerNorm,
    blocks: Vec<Block>,
    head: Linear,
}

impl Encoder {
    fn new(vb: &VarBuilder, rate: f64) -> Result<Self> {
        let init = Init::Randn { mean: 0.0, stdev: 0.02 };
        let linear =
            |from, to, f, name: &str| Linear::with_init(from, to, f, [init, Init::Const(0.0)], &vb.pp(name));
        let block = |index: usize| -> Result<Block> {
            let name = |part: &str| format!("layer.{index}.{part}");
            Ok(Block {
                attention: SelfAttention::new(
                    HIDDEN,
                    12,
                    Dropout::new(rate, name("p")),
                    init,
                    &vb.pp(name("self")),
                )?,
                output: linear(HIDDEN, HIDDEN, Activation::Identity, &name("output"))?,
                norm: LayerNorm::new(HIDDEN, 1e-12, &vb.pp(name("norm")))?,
                up: linear(HIDDEN, INNER, Activation::Gelu, &name("up"))?,
                down: linear(INNER, HIDDEN, Activation::Identity, &name("down"))?,
                last: LayerNorm::new(HIDDEN, 1e-12, &vb.pp(name("last")))?,
                dropouts: [Dropout::new(rate, name("a")), Dropout::new(rate, name("b"))],
            })
        };
        Ok(Self {
            words: Embedding::sparse(30_522, HIDDEN, init, &vb.pp("words"))?,
            positions: Embedding::dense(512, HIDDEN, init, &vb.pp("positions"))?,
            norm: LayerNorm::new(HIDDEN, 1e-12, &vb.pp("norm"))?,
            blocks: (0..6).map(block).collect::<Result<_>>()?,
            head: linear(HIDDEN, 8, Activation::Identity, "head")?,
        })
    }

    fn forward(&self, batch: &Batch, mode: Mode) -> Result<Output> {
        let (tokens, offsets) = batch.input.tokens()?;
        let positions: Vec<u32> = offsets.windows(2).flat_map(|pair| 0..(pair[1] - pair[0]) as u32).collect();
        let mut rows = Vec::new();
        let positions = self.positions.lookup(&positions, mode, &mut rows)?;
        let x = (self.words.forward(tokens, mode, &mut rows)? + positions)?;
        let mut x = self.norm.forward(&x, mode)?;
        for block in &self.blocks {
            let [a, b] = &block.dropouts;
            let y = block.output.forward(&block.attention.forward(&x, offsets, mode)?, mode)?;
            x = block.norm.forward_residual(&y, &x, a, mode)?;
            let y = block.down.forward(&block.up.forward(&x, mode)?, mode)?;
            x = block.last.forward_residual(&y, &x, b, mode)?;
        }
        Ok(Output::sparse(self.head.forward(&pooling::first(&x, offsets)?, mode)?, rows))
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
    let encoder = Encoder::new(&params.vb(), 0.1)?;
    let loss = build_loss(&biotope_core::Component::new("cross-entropy"))?;
    let cases = [
        ("32 x 64", batch((0..32).map(|_| 64))?),
        ("ragged 16..112", batch((0..32).map(|i| 16 + i * 37 % 97))?),
        ("16 x 128", batch((0..16).map(|_| 128))?),
        ("1 x 64", batch([64].into_iter())?),
    ];
    for (name, batch) in &cases {
        let tokens = *batch.input.offsets().last().unwrap_or(&0);
        let mut times: Vec<[f64; 3]> = Vec::new();
        for step in 0..12 {
            let start = Instant::now();
            let output = encoder.forward(batch, Mode::train(Seed(step)))?;
            let forward = start.elapsed().as_secs_f64();
            let grads = loss.loss(&output, batch)?.backward()?;
            let both = start.elapsed().as_secs_f64();
            if step == 0 {
                assert!(guard::missing(&params, &grads, &output).is_empty(), "every parameter learns");
            }
            let start = Instant::now();
            encoder.forward(batch, Mode::Eval)?;
            times.push([forward, both - forward, start.elapsed().as_secs_f64()]);
        }
        let median = |f: fn(&[f64; 3]) -> f64| {
            let mut all: Vec<f64> = times.iter().skip(2).map(f).collect();
            all.sort_by(f64::total_cmp);
            all[all.len() / 2]
        };
        let (forward, backward, eval) = (median(|t| t[0]), median(|t| t[1]), median(|t| t[2]));
        println!(
            "{name}: {tokens} tokens, forward {:.1} ms, backward {:.1} ms, {:.0} tokens/s; evaluation {:.1} ms",
            forward * 1e3,
            backward * 1e3,
            tokens as f64 / (forward + backward),
            eval * 1e3
        );
    }
    Ok(())
}
