//! How fast: criterion for operations, whole programs for training and inference, and the same beside the peers.

mod cases;
mod machine;
mod measure;
mod options;
mod process;
mod python;
mod quality;
mod row;
mod sample;
mod shingles;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::run::{self, cargo, target};
use cases::Case;
use options::{Action, Options};
use python::Python;
use row::Row;

const HELP: &str = "\
cargo xtask bench [OPTIONS] [-- CRITERION ARGS]

Without --peers: criterion's benchmarks (`cargo bench -- CRITERION ARGS`), then our programs, each a whole process.
With --peers: PyTorch, Keras, ONNX Runtime, fastText and scikit-learn on the same ids and weights, in turn with ours.

  --peers            run the peers, print the table of ratios, write target/bench/peers.json
  --only CASE        this case only; the beginning of its name does (may be given again); no criterion
  --quick            two rounds and few steps: whether it runs, not how fast
  --rounds N         how often each program is started; default 5 with --peers, 3 without
  --threads N        threads of every program; default 2
  --markdown FILE    writes the table as Markdown, too
  --quality FOLDER   no timing: `biotope extract` on FOLDER/html/ID.html.gz against FOLDER/ground-truth.json, scored as the
                     public article-extraction benchmark does; writes target/bench/quality.json
  --list             the cases, their peers and the ratios to reach

The environments of the peers are made once under target/bench (bench/peers/requirements*.txt, some gigabytes; without
--peers a small one, which makes the ids). An existing one is used instead where a variable names its interpreter:
  BIOTOPE_BENCH_PYTHON         with torch, transformers, onnxruntime, onnxscript, scikit-learn, fasttext-wheel
  BIOTOPE_BENCH_KERAS_PYTHON   with keras and tensorflow

Examples:
  cargo xtask bench -- linear                                  criterion's benchmarks with `linear` in their names
  cargo xtask bench --only bert-infer                          our inference alone
  cargo xtask bench --peers --only bert-train-64 --quick       does it run here?
  cargo xtask bench --quality article-extraction-benchmark     how well articles are found
  cargo xtask bench --peers --markdown target/bench/table.md   everything, about an hour

A peer that cannot run has a row that says why, and the rest goes on. Exit codes: 0 everything ran, 1 something did
not, 2 nothing could be measured.";

/// Runs what the arguments ask for.
pub(crate) fn bench(args: &[String]) -> Result<bool> {
    let options = Options::parse(args)?;
    if options.action == Action::Help {
        println!("{HELP}");
        return Ok(true);
    }
    if let Some(folder) = &options.quality {
        return quality::quality(folder);
    }
    let cases = chosen(&options)?;
    if options.action == Action::List {
        for case in &cases {
            println!("{}", case.describe());
        }
        return Ok(true);
    }
    let mut good = true;
    if !options.peers && options.only.is_empty() {
        let args: Vec<String> = ["--".to_owned()].into_iter().chain(options.criterion.clone()).collect();
        good &= cargo(&["bench", "--locked", "--package", "biotope-nn"], &args)?;
    }
    let place = Place::make(&options)?;
    let rows = measure::all(&options, &place, &cases);
    let machine = machine::describe(&place, &options);
    println!("{}\n{}", machine::text(&machine), table::text(&rows));
    if let Some(path) = &options.markdown {
        let text = format!("{}\n\n{}", machine::text(&machine), table::markdown(&rows));
        fs::write(path, text).with_context(|| path.display().to_string())?;
    }
    write(&options, &machine, &rows)?;
    Ok(good && rows.iter().all(|row| row.failure.is_none()))
}

/// The cases whose names the options begin.
fn chosen(options: &Options) -> Result<Vec<Case>> {
    let mut cases = cases::all();
    let is_wanted = |case: &Case, only: &String| {
        case.name.strip_prefix(only.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if let Some(unknown) = options.only.iter().find(|only| !cases.iter().any(|case| is_wanted(case, only))) {
        let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
        bail!("no case begins with {unknown:?}; there are {}", names.join(", "))
    }
    cases.retain(|case| options.only.is_empty() || options.only.iter().any(|only| is_wanted(case, only)));
    Ok(cases)
}

/// Programs and files of a run.
pub(crate) struct Place {
    /// Model and ids.
    pub(crate) work: PathBuf,
    /// Our program.
    pub(crate) ours: PathBuf,
    /// The peers' interpreters; without `--peers` only what makes the ids is needed.
    pub(crate) python: Python,
}

impl Place {
    /// Builds our program, makes the peers' environments, writes model and ids.
    fn make(options: &Options) -> Result<Self> {
        if !cargo(&["build", "--release", "--locked", "--package", "biotope-bench"], &[])? {
            bail!("our programs do not compile")
        }
        let folder = target().join("bench");
        let work = folder.join("work");
        fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
        let place =
            Self { ours: target().join("release/biotope-bench"), python: Python::find(&folder), work };
        place.prepare(options)?;
        Ok(place)
    }

    fn prepare(&self, options: &Options) -> Result<()> {
        if !self.work.join("model/model.safetensors").exists() {
            let made = run::run(Command::new(&self.ours).args(["prepare", "--work"]).arg(&self.work))?;
            anyhow::ensure!(
                made,
                "the model could not be fetched (see above); a cached copy needs no network"
            );
        }
        self.script("workload.py", "workload.done", options)?;
        if options.peers && !self.work.join("model.int8.onnx").exists() {
            // A failure shows again in the rows of ONNX Runtime, which then say that there is no model.
            self.script("export_onnx.py", "model.int8.onnx", options)
                .unwrap_or_else(|error| eprintln!("{error:#}"));
        }
        Ok(())
    }

    /// Runs a script that leaves the file `made`, unless it is there.
    fn script(&self, name: &str, made: &str, options: &Options) -> Result<()> {
        if self.work.join(made).exists() {
            return Ok(());
        }
        let peers = if options.peers { self.python.ready(python::Kind::Torch).ok() } else { None };
        let python = peers.map_or_else(|| self.python.ready(python::Kind::Ids), Ok)?; // ours is measured without them
        let mut command = Command::new(python);
        command.arg(python::peers().join(name)).arg("--work").arg(&self.work).envs(measure::threads(options));
        anyhow::ensure!(
            run::run(&mut command)? && self.work.join(made).exists(),
            "{name} failed (see above)"
        );
        Ok(())
    }
}

fn write(options: &Options, machine: &serde_json::Value, rows: &[Row]) -> Result<()> {
    let name = if options.peers { "peers.json" } else { "ours.json" };
    let path = target().join("bench").join(name);
    let rows: Vec<serde_json::Value> = rows.iter().map(Row::json).collect();
    let json = serde_json::json!({ "machine": machine, "rows": rows });
    fs::write(&path, format!("{json:#}\n")).with_context(|| path.display().to_string())?;
    println!("{}", path.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: &[&str]) -> Result<Vec<&'static str>> {
        let only = only.iter().map(|name| (*name).to_owned()).collect();
        Ok(chosen(&Options { only, ..Options::default() })?.iter().map(|case| case.name).collect())
    }

    #[test]
    fn a_case_is_found_by_its_name_or_its_beginning() {
        assert_eq!(names(&["bert-train-64"]).unwrap(), ["bert-train-64-bf16", "bert-train-64-f32"]);
        assert_eq!(names(&["lstm-train-50"]).unwrap(), ["lstm-train-50"]);
        assert_eq!(names(&[]).unwrap().len(), cases::all().len());
        let error = names(&["bert-train-6"]).unwrap_err().to_string();
        assert!(error.starts_with("no case begins with \"bert-train-6\"; there are bert-"), "{error}");
    }
}
