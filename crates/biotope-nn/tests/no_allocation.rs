//! A frozen model allocates nothing on the heap once it has seen a call of the size.
#![expect(clippy::unwrap_used, reason = "a test may stop at once")]
#![expect(unsafe_code, reason = "a counting allocator hands everything on to the system's")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use biotope_core::Seed;
use biotope_nn::encoder::{self, Embeddings, Encoder, Head, Shape};
use biotope_nn::layers::{
    Activation, Conv1d, Dropout, Embedding, EmbeddingBag, LayerNorm, Linear, Lstm, LstmConfig,
};
use biotope_nn::whole::{Bag, Convolutions, Pooling, Recurrent, RecurrentConfig};
use biotope_nn::{Frozen, Packed, Params, Precision, Result};
use candle_core::Device;
use candle_nn::VarBuilder;
use candle_nn::init::Init;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Allocations of this thread: those of others, which come and go, do not count where one thread does the work.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is handed on unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::SeqCst);
        HERE.set(HERE.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise; it came from the system's allocator.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROWS: usize = 50;
const DIM: usize = 20;
const OUTPUTS: usize = 3;
const RANDOM: Init = Init::Randn { mean: 0.0, stdev: 1.0 };

type Build = fn(&VarBuilder) -> Result<Option<Box<dyn Frozen>>>;

const MODELS: &[(&str, Build)] = &[
    ("bert", |vb| bert(vb, Precision::F32)),
    ("bert in bf16", |vb| bert(vb, Precision::Bf16)),
    ("bert in int8", |vb| bert(vb, Precision::Int8)),
    ("lstm", lstm),
    ("text-cnn", convolutions),
    ("ngram-linear", |vb| {
        EmbeddingBag::sparse(ROWS, OUTPUTS, RANDOM, vb)?;
        vb.get(OUTPUTS, "bias")?;
        Bag::flat(ROWS, OUTPUTS, vb)?.freeze()
    }),
    ("ngram-linear with a hidden layer", |vb| {
        EmbeddingBag::sparse(ROWS, DIM, RANDOM, &vb.pp("table"))?;
        Linear::new(DIM, OUTPUTS, Activation::Identity, &vb.pp("classifier"))?;
        let places = [&vb.pp("table"), &vb.pp("classifier")];
        Bag::deep([ROWS, DIM, OUTPUTS], Dropout::new(0.1, "d"), places)?.freeze()
    }),
];

fn bert(vb: &VarBuilder, precision: Precision) -> Result<Option<Box<dyn Frozen>>> {
    let shape = Shape {
        hidden: DIM,
        heads: 2,
        inner: 40,
        activation: Activation::Gelu,
        eps: 1e-12,
        dropout: 0.1,
        attention_dropout: 0.1,
        init: RANDOM,
    };
    let table = |rows, name: &str| Embedding::dense(rows, DIM, RANDOM, &vb.pp(name));
    let (word, position, token_type) = (table(ROWS, "word")?, table(64, "position")?, table(2, "type")?);
    let norm = LayerNorm::new(DIM, 1e-12, &vb.pp("norm"))?;
    let encoder = Encoder::new(&shape, 2, &vb.pp("layer"))?;
    let pooler = Linear::new(DIM, DIM, Activation::Tanh, &vb.pp("pooler"))?;
    let classifier = Linear::new(DIM, OUTPUTS, Activation::Identity, &vb.pp("classifier"))?;
    let embeddings = Embeddings { word: &word, position: &position, token_type: &token_type, norm: &norm };
    let head = Head { mean: false, pooler: Some(&pooler), classifier: &classifier };
    encoder::freeze(embeddings, &encoder, head, precision).map(Some)
}

fn lstm(vb: &VarBuilder) -> Result<Option<Box<dyn Frozen>>> {
    let (hidden, bidirectional) = (24, true);
    let layer = LstmConfig { inputs: DIM, hidden, bidirectional, dropout: 0.1, recurrent_dropout: 0.1 };
    Embedding::sparse(ROWS, DIM, RANDOM, &vb.pp("embedding"))?;
    Lstm::new(&layer, &vb.pp("lstm"))?;
    Linear::new(2 * hidden, OUTPUTS, Activation::Identity, &vb.pp("classifier"))?;
    let config = RecurrentConfig {
        rows: ROWS,
        dim: DIM,
        hidden,
        bidirectional,
        pooling: Pooling::Max,
        spatial_dropout: 0.1,
        recurrent_dropout: 0.1,
        dropout: Dropout::new(0.1, "features"),
    };
    Recurrent::find(&config, OUTPUTS, vb)?.freeze()
}

fn convolutions(vb: &VarBuilder) -> Result<Option<Box<dyn Frozen>>> {
    let (filters, widths) = (10, [2, 3]);
    Embedding::sparse(ROWS, DIM, RANDOM, &vb.pp("embedding"))?;
    for width in widths {
        Conv1d::new(DIM, filters, width, Activation::Relu, &vb.pp("conv").pp(width))?;
    }
    Linear::new(2 * filters, OUTPUTS, Activation::Identity, &vb.pp("classifier"))?;
    let dropouts = [Dropout::new(0.1, "a"), Dropout::new(0.1, "b")];
    Convolutions::find([ROWS, DIM, filters, OUTPUTS], &widths, dropouts, vb)?.freeze()
}

/// Allocations of a call.
fn allocations(model: &dyn Frozen, input: Packed<'_>, logits: &mut [f32]) -> usize {
    let before = COUNT.load(Ordering::SeqCst);
    model.run(input, logits).unwrap();
    COUNT.load(Ordering::SeqCst) - before
}

#[test]
fn calls_after_the_first_allocate_nothing() {
    let lengths: Vec<usize> = (0..40).map(|i| i * 7 % 33).collect();
    let offsets: Vec<usize> = std::iter::once(0)
        .chain(lengths.iter().scan(0, |sum, len| {
            *sum += len;
            Some(*sum)
        }))
        .collect();
    let ids: Vec<u32> = (0..*offsets.last().unwrap()).map(|i| (i * 31 % ROWS) as u32).collect();
    let weights = vec![0.5; ids.len()];
    for (name, build) in MODELS {
        let params = Params::new(Seed(1), &Device::Cpu);
        let model = build(&params.vb()).unwrap().unwrap();
        let input = if name.starts_with("ngram") {
            Packed::Bag { rows: &ids, weights: &weights, offsets: &offsets }
        } else {
            Packed::Tokens { tokens: &ids, offsets: &offsets }
        };
        let mut logits = vec![0.0; lengths.len() * OUTPUTS];
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool(1).install(|| {
            for _ in 0..3 {
                allocations(&*model, input, &mut logits);
            }
            let before = HERE.get();
            model.run(input, &mut logits).unwrap();
            assert_eq!(HERE.get() - before, 0, "{name} on one thread");
        });
        // Which thread takes what is chance: a thread may meet a size for the first time late.
        pool(2).install(|| {
            let calls: Vec<usize> = (0..200).map(|_| allocations(&*model, input, &mut logits)).collect();
            let late = calls[150..].iter().filter(|count| **count > 0).count();
            assert!(late < 5, "{name} on two threads: {calls:?}");
        });
    }
}
