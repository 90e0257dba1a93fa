//! What the programs are told on their command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// Options of every program; each reads those that concern it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    /// The folder with model and ids.
    pub(crate) work: PathBuf,
    /// Tokens of a text, or `news`: texts of mixed lengths.
    pub(crate) length: String,
    /// `f32`, `bf16`, `int8`.
    pub(crate) precision: String,
    /// Texts of a batch.
    pub(crate) batch: usize,
    /// Width of the hidden layer of the n-gram model.
    pub(crate) dim: usize,
    /// Learning rate of the n-gram model; 0: what suits it.
    pub(crate) lr: f64,
    /// Steps that are timed.
    pub(crate) steps: usize,
    /// Steps before them.
    pub(crate) warmup: usize,
    /// Seed of everything random.
    pub(crate) seed: u64,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            work: PathBuf::new(),
            length: "64".into(),
            precision: "f32".into(),
            batch: 32,
            dim: 100,
            lr: 0.0,
            steps: 10,
            warmup: 3,
            seed: 42,
        };
        for pair in args.chunks(2) {
            let [flag, value] = pair else { bail!("{} needs a value", pair[0]) };
            options.set(flag, value).with_context(|| format!("{flag} {value}"))?;
        }
        if options.work.as_os_str().is_empty() {
            bail!("--work FOLDER is missing")
        }
        if options.batch == 0 || options.steps == 0 {
            bail!("--batch and --steps must be at least 1")
        }
        Ok(options)
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<()> {
        match flag {
            "--work" => self.work = value.into(),
            "--length" => self.length = value.into(),
            "--precision" => self.precision = value.into(),
            "--batch" => self.batch = value.parse()?,
            "--dim" => self.dim = value.parse()?,
            "--lr" => self.lr = value.parse()?,
            "--steps" => self.steps = value.parse()?,
            "--warmup" => self.warmup = value.parse()?,
            "--seed" => self.seed = value.parse()?,
            _ => bail!("unknown option"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_mistakes_are_named() {
        let options = parse("--work w --length news --steps 7 --precision bf16").unwrap();
        assert_eq!((options.length.as_str(), options.steps, options.batch), ("news", 7, 32));
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert_eq!(error("--steps 7"), "--work FOLDER is missing");
        assert_eq!(error("--work w --speed 7"), "--speed 7: unknown option");
        assert_eq!(error("--work w --steps x"), "--steps x: invalid digit found in string");
        assert_eq!(error("--work"), "--work needs a value");
        assert_eq!(error("--work w --steps 0"), "--batch and --steps must be at least 1");
    }
}
