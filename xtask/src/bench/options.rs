//! What the command line says.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Print the help.
    Help,
    /// Print the cases.
    List,
    /// Run them.
    Measure,
}

/// Options of `cargo xtask bench`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) action: Action,
    pub(crate) peers: bool,
    pub(crate) quick: bool,
    /// Beginnings of names of cases; none: all.
    pub(crate) only: Vec<String>,
    /// 0: what fits.
    pub(crate) rounds: usize,
    pub(crate) threads: usize,
    pub(crate) markdown: Option<PathBuf>,
    /// A folder of pages and gold texts.
    pub(crate) quality: Option<PathBuf>,
    /// For criterion.
    pub(crate) criterion: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            action: Action::Measure,
            peers: false,
            quick: false,
            only: Vec::new(),
            rounds: 0,
            threads: 2,
            markdown: None,
            quality: None,
            criterion: Vec::new(),
        }
    }
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = args.iter();
        while let Some(flag) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{flag} needs a value"));
            match flag.as_str() {
                "--help" | "-h" => options.action = Action::Help,
                "--list" => options.action = Action::List,
                "--peers" => options.peers = true,
                "--quick" => options.quick = true,
                "--only" => options.only.push(value()?.clone()),
                "--rounds" => options.rounds = count(flag, value()?)?,
                "--threads" => options.threads = count(flag, value()?)?,
                "--markdown" => options.markdown = Some(value()?.into()),
                "--quality" => options.quality = Some(value()?.into()),
                "--" => options.criterion.extend(rest.by_ref().cloned()),
                other if other.starts_with('-') => bail!("unknown option {other:?}; --help lists them"),
                other => options.criterion.push(other.to_owned()),
            }
        }
        Ok(options)
    }

    /// How often each program is started.
    pub(crate) fn rounds(&self) -> usize {
        match self.rounds {
            0 if self.quick => 2,
            0 if self.peers => 5,
            0 => 3,
            given => given,
        }
    }
}

fn count(flag: &str, value: &str) -> Result<usize> {
    value
        .parse()
        .ok()
        .filter(|count| *count > 0)
        .with_context(|| format!("{flag} {value}: must be a number from 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_are_read_and_the_rest_is_for_criterion() {
        let options = parse("--peers --only a --only b --threads 4 --markdown t.md").unwrap();
        assert!(options.peers && !options.quick && options.threads == 4 && options.quality.is_none());
        assert_eq!(parse("--quality pages").unwrap().quality, Some("pages".into()));
        assert_eq!((options.only.len(), options.rounds()), (2, 5));
        assert_eq!(
            parse("linear -- --save-baseline x").unwrap().criterion,
            ["linear", "--save-baseline", "x"]
        );
        assert_eq!(
            (parse("--quick").unwrap().rounds(), parse("--rounds 7 --quick").unwrap().rounds()),
            (2, 7)
        );
    }

    #[test]
    fn mistakes_are_named() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error("--only"), "--only needs a value");
        assert_eq!(error("--rounds 0"), "--rounds 0: must be a number from 1");
        assert_eq!(error("--peer"), "unknown option \"--peer\"; --help lists them");
    }
}
