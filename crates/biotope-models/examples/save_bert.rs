//! Saves a small random BERT in Hugging Face's layout, with its logits beside it, for `open_saved.py`.

use std::error::Error;
use std::path::Path;

use biotope_core::{Component, Features, RecordId, Seed, Task};
use biotope_models::Catalogue;
use biotope_models::bert::{self, BertConfig};
use biotope_nn::{Batch, Example, Mode, Params};
use candle_core::Device;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: save_bert FOLDER")?;
    let folder = Path::new(&folder);
    let config = BertConfig {
        vocab_size: 60,
        hidden_size: 48,
        num_hidden_layers: 3,
        num_attention_heads: 4,
        intermediate_size: 96,
        max_position_embeddings: 20,
        initializer_range: 0.3,
        ..BertConfig::default()
    };
    let task = Task::single_label(["economy", "sport", "体育"]);
    let params = Params::new(Seed(5), &Device::Cpu);
    let model = Catalogue::default().build(&Component::of(&config), &task, 60, &params)?;

    let sequences: Vec<Vec<u32>> = vec![vec![2, 7, 9, 30, 3], vec![2, 3], (2..20).collect()];
    let example = |(index, tokens): (usize, &Vec<u32>)| Example {
        id: RecordId::of(&[&index.to_le_bytes()]),
        features: Features::Tokens(tokens.clone()),
        target: None,
    };
    let examples: Vec<Example> = sequences.iter().enumerate().map(example).collect();
    let batch = Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu)?;
    let logits = model.forward(&batch, Mode::Eval)?.logits.to_vec2::<f32>()?;

    bert::save_hf(folder, &config, &task, &params)?;
    let expected = serde_json::json!({ "sequences": sequences, "logits": logits });
    std::fs::write(folder.join("expected.json"), expected.to_string())?;
    Ok(())
}
