//! Whole-process programs that `cargo xtask bench` times, alone or beside the peers of `bench/peers`.
//!
//! Each reads the ids that `bench/peers/workload.py` wrote, does a number of steps after some that are not counted,
//! and prints one JSON line ([`report::Line`]), as the peers do. Training goes through [`biotope_train::Trainer`].

mod bert;
mod lstm;
mod ngram;
mod options;
mod report;
mod text_cnn;
mod training;
mod workload;

use std::process::ExitCode;

use anyhow::{Result, bail};
use options::Options;

/// As in the binary `biotope`: what is timed allocates as what ships.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
biotope-bench PROGRAM --work FOLDER [OPTIONS]

  prepare          fetches MiniLM and writes FOLDER/model, a BERT folder with a head of four labels
  bert-train       fine-tunes it on batches of 32            --length 64|128|news --precision f32|bf16
  bert-infer       its logits                                --length 64|128|news --precision f32|bf16|int8 --batch 1|32
  lstm-train       Embedding(10000, 64), LSTM(128), Dense(1) --length 50|200
  text-cnn-train   Kim (2014): widths 3, 4, 5, 100 filters   --length 64
  ngram-train      fastText's model, from text to accuracy   --dim 100 (0: without a hidden layer)

  --steps N        steps that are timed      --warmup N   steps before them      --seed N";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((program, rest)) = args.split_first().filter(|(name, _)| !name.contains("help")) else {
        println!("{HELP}");
        return Ok(());
    };
    let options = Options::parse(rest)?;
    biotope_nn::paths::chosen()?;
    let line = match program.as_str() {
        "prepare" => return bert::prepare(&options),
        "bert-train" => bert::train(&options)?,
        "bert-infer" => bert::infer(&options)?,
        "lstm-train" => lstm::train(&options)?,
        "text-cnn-train" => text_cnn::train(&options)?,
        "ngram-train" => ngram::train(&options)?,
        other => bail!("unknown program {other:?}\n\n{HELP}"),
    };
    println!("{}", serde_json::to_string(&line)?);
    Ok(())
}
