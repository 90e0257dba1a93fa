//! A predictor of one's own behind the service: anything that implements `Predictor` is served alike.
//!
//! `cargo run -p biotope-serve --example keywords`, then open <http://127.0.0.1:8080>.

use std::sync::Arc;

use biotope_bundle::{Answer, Predictor, Result, Signature};
use biotope_core::{Document, MediaType, Prediction, Task};
use biotope_serve::{Info, ServeConfig, bind, serve};

/// Words that speak for a label.
const WORDS: [(&str, &[&str]); 4] = [
    ("crude", &["oil", "barrel", "opec", "petroleum", "原油", "石油"]),
    ("grain", &["wheat", "corn", "harvest", "tonnes", "小麦", "玉米"]),
    ("interest", &["rate", "bank", "discount", "利率", "央行"]),
    ("trade", &["export", "tariff", "deficit", "surplus", "出口", "关税"]),
];

struct Keywords(Signature);

impl Keywords {
    fn new() -> Self {
        let task = Task::single_label(WORDS.map(|(label, _)| label));
        let inputs = vec![MediaType::Text];
        let (name, version, model) = ("keywords".into(), "1".into(), "keywords".into());
        Self(Signature { name, version, digest: None, model, task, inputs, max_length: 100_000 })
    }
}

impl Predictor for Keywords {
    fn signature(&self) -> &Signature {
        &self.0
    }

    /// A softmax over how often the words of each label stand in the text.
    fn predict(&self, docs: &[Document]) -> Result<Vec<Answer>> {
        let answer = |doc: &Document| {
            let text = doc.full_text().to_lowercase();
            let count = |words: &[&str]| words.iter().map(|word| text.matches(word).count()).sum::<usize>();
            let worths = WORDS.map(|(_, words)| (count(words) as f64).exp());
            let sum: f64 = worths.iter().sum();
            Answer::Predicted(Prediction { id: doc.id, scores: worths.map(|worth| worth / sum).to_vec() })
        };
        Ok(docs.iter().map(answer).collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), biotope_serve::Error> {
    let config = ServeConfig::default();
    let listener = bind(&std::env::args().nth(1).unwrap_or(config.addr.clone())).await?;
    let predictor = Keywords::new();
    let info = Info::of(predictor.signature());
    serve(Arc::new(predictor), info, config, listener, tokio::signal::ctrl_c()).await?;
    Ok(())
}
