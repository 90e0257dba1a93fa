//! Training in bf16 ends where training in `f32` does, with the same bytes at any thread count, and the frozen forms answer
//! as well as the model they were made of.

use biotope_core::pack::Budget;
use biotope_core::seed::below;
use biotope_core::{Component, Features, RecordId, Seed, Target, Task};
use biotope_models::Catalogue;
use biotope_nn::{Batch, Example, Model, Params, Precision};
use biotope_train::{RunDir, TrainConfig, Trainer, predict};
use candle_core::Device;

const VOCAB: usize = 120;
const CLASSES: usize = 4;

fn task() -> Task {
    Task::single_label(["crude", "grain", "ship", "粮食"])
}

/// A text: common words, and now and then one of its class.
fn example(index: usize, split: &str) -> Example {
    let rng = &mut Seed(3).stream(&format!("{split}/{index}"));
    let class = index % CLASSES;
    let len = 8 + below(rng, 30) as usize;
    let mut word = |at: usize| match below(rng, 4) {
        0 => 1 + class as u64 * 10 + below(rng, 10),
        _ if at == 0 => 0,
        _ => 50 + below(rng, VOCAB as u64 - 50),
    };
    let tokens = (0..len).map(|at| word(at) as u32).collect();
    let id = RecordId::of(&[split.as_bytes(), &index.to_le_bytes()]);
    Example { id, features: Features::Tokens(tokens), target: Some(Target::Class(class)) }
}

fn examples(count: usize, split: &str) -> Vec<Example> {
    (0..count).map(|index| example(index, split)).collect()
}

fn model(params: &Params) -> Box<dyn Model> {
    let component = Component::new("bert")
        .with("hidden_size", 48)
        .with("intermediate_size", 96)
        .with("num_attention_heads", 4)
        .with("num_hidden_layers", 2)
        .with("max_position_embeddings", 64);
    Catalogue::default().build(&component, &task(), VOCAB, params).expect("a small model")
}

/// Trains on threads of its own; the parameters hold the best weights.
fn train(precision: Precision, threads: usize) -> (Params, Box<dyn Model>) {
    let (params, task) = (Params::new(Seed(1), &Device::Cpu), task());
    let model = model(&params);
    let dir = tempfile::tempdir().expect("a folder");
    let config = TrainConfig { epochs: 4, lr: 2e-3, precision, ..TrainConfig::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| {
        let mut trainer = Trainer::new(&config, Seed(7), &*model, &params, &task)?;
        trainer.run(&examples(600, "train"), &examples(100, "valid"), &RunDir::open(dir.path())?)
    })
    .expect("it trains");
    (params, model)
}

fn accuracy(right: usize, of: &[Example]) -> f64 {
    right as f64 / of.len() as f64
}

fn of_model(model: &dyn Model, test: &[Example]) -> f64 {
    let budget = Budget { tokens: 2000, examples: 64 };
    let answers = predict(model, &task(), test, budget, &Device::Cpu).expect("it answers");
    let right = answers.iter().zip(test).filter(|(a, b)| a.best().map(Target::Class) == b.target).count();
    accuracy(right, test)
}

fn of_frozen(model: &dyn Model, precision: Precision, test: &[Example]) -> f64 {
    let frozen = model.freeze(precision).expect("it freezes").expect("BERT has a frozen form");
    let batch = Batch::collate(&test.iter().collect::<Vec<_>>(), &Device::Cpu).expect("a batch");
    let logits = frozen.answer(&batch.input).expect("it answers");
    let best = |row: &[f32]| (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
    let rows = logits.chunks(frozen.outputs()).zip(test);
    accuracy(rows.filter(|(row, example)| best(row).map(Target::Class) == example.target).count(), test)
}

#[test]
fn bf16_ends_within_three_thousandths_of_f32_and_so_do_frozen_models() {
    let test = examples(1000, "test");
    let (_, exact) = train(Precision::F32, 2);
    let whole = of_model(&*exact, &test);
    assert!(whole > 0.97, "the model learned: {whole}");
    let mixed = of_model(&*train(Precision::Bf16, 2).1, &test);
    assert!((mixed - whole).abs() <= 0.003, "bf16 {mixed}, f32 {whole}");
    for precision in Precision::ALL {
        let frozen = of_frozen(&*exact, precision, &test);
        assert!((frozen - whole).abs() <= 0.003, "frozen in {precision} {frozen}, the model {whole}");
    }
}

#[test]
fn bf16_weights_have_the_same_bytes_at_any_thread_count() {
    let weights = |threads| -> Vec<(String, Vec<f32>)> {
        let (params, _) = train(Precision::Bf16, threads);
        let flat = |tensor: &candle_core::Tensor| tensor.flatten_all().and_then(|flat| flat.to_vec1());
        params.iter().map(|(name, var)| (name, flat(&var).expect("numbers"))).collect()
    };
    let one = weights(1);
    assert_eq!(one, weights(2));
    assert_eq!(one, weights(4));
}
