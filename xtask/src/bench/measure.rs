//! Runs the programs of a case in turn: ours, a peer, the next peer, ours again, …

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::cases::{Case, Program};
use super::options::Options;
use super::row::{Rounds, Row, rows};
use super::sample::Sample;
use super::{Place, process, python};

/// Logits that differ by more than this share of the largest do not come from the same weights and ids. Dynamic int8
/// differs by a quarter where the head is fresh.
const APART: f64 = 0.5;

/// A process that takes longer hangs, or the machine is of no use for measuring.
const LIMIT: Duration = Duration::from_mins(20);

/// Every thread pool that any of the programs knows.
pub(crate) fn threads(options: &Options) -> Vec<(&'static str, String)> {
    let pools = [
        "RAYON_NUM_THREADS",
        "CANDLE_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "BIOTOPE_BENCH_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ];
    pools.into_iter().map(|name| (name, options.threads.to_string())).collect()
}

/// The rows of all cases; what fails says so and the rest goes on.
pub(crate) fn all(options: &Options, place: &Place, cases: &[Case]) -> Vec<Row> {
    cases.iter().flat_map(|case| one(options, place, case)).collect()
}

fn one(options: &Options, place: &Place, case: &Case) -> Vec<Row> {
    let peers = if options.peers { case.peers.as_slice() } else { &[] };
    let programs: Vec<&Program> = case.ours.iter().chain(peers).collect();
    let mut found: Vec<Rounds> = vec![Ok(Vec::new()); programs.len()];
    for round in 1..=options.rounds() {
        for (program, rounds) in programs.iter().zip(&mut found) {
            let Ok(samples) = rounds else { continue };
            match sample(options, place, case, program) {
                Ok(sample) => {
                    eprintln!("{} {round} {}: {}", case.name, program.label(), brief(&sample));
                    samples.push(sample);
                }
                Err(error) => {
                    eprintln!("{} {round} {}: {error:#}", case.name, program.label());
                    *rounds = Err(format!("{error:#}"));
                }
            }
        }
    }
    agree(&mut found);
    rows(case, &found[..case.ours.len()], &found[case.ours.len()..])
}

fn brief(sample: &Sample) -> String {
    let accuracy = sample.accuracy.map(|share| format!(", accuracy {share:.4}")).unwrap_or_default();
    format!("{:.1}/s, {:.2} ms, {:.0} MB{accuracy}", sample.rate, sample.median * 1e3, sample.rss / 1e6)
}

/// Whoever answers the first text otherwise than the first program does has not done the same work.
fn agree(found: &mut [Rounds]) {
    let probe = |rounds: &Rounds| rounds.as_ref().ok().and_then(|s| s.first()).map(|s| s.probe.clone());
    let Some(wanted) = found.iter().find_map(probe).filter(|probe| !probe.is_empty()) else { return };
    let most = APART * wanted.iter().fold(0.0, |most: f64, one| most.max(one.abs()));
    for rounds in found {
        let Some(got) = probe(rounds) else { continue };
        let close = got.iter().zip(&wanted).all(|(a, b)| (a - b).abs() <= most); // not of NaN
        if got.len() != wanted.len() || !close {
            *rounds = Err(format!("answers {got:.3?} where {wanted:.3?} is right"));
        }
    }
}

/// One process of one program.
fn sample(options: &Options, place: &Place, case: &Case, program: &Program) -> Result<Sample> {
    let done = process::run(&mut command(options, place, case, program)?, LIMIT)?;
    if !done.status.success() {
        bail!("{}", reason(&done.stderr, done.status))
    }
    let sample = Sample::parse(&done.stdout)?;
    ensure!(sample.rate.is_finite() && sample.rate > 0.0, "it measured nothing");
    Ok(sample)
}

fn command(options: &Options, place: &Place, case: &Case, program: &Program) -> Result<Command> {
    let mut command = match program.script {
        None => Command::new(&place.ours),
        Some((script, kind)) => {
            let mut command = Command::new(place.python.ready(kind)?);
            command.arg(python::peers().join(script));
            command
        }
    };
    let (steps, warmup) =
        if options.quick { (case.steps.0.div_ceil(4), case.steps.1.min(2)) } else { case.steps };
    command.args(&program.args).arg("--work").arg(&place.work).envs(threads(options));
    command.args(["--steps", &steps.to_string(), "--warmup", &warmup.to_string()]);
    Ok(command)
}

/// The last line that a program complained with.
fn reason(stderr: &str, status: std::process::ExitStatus) -> String {
    let line = stderr.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.map(|line| line.trim().trim_start_matches("error: ").chars().take(160).collect());
    line.unwrap_or_else(|| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(probe: &[f64]) -> Vec<Sample> {
        vec![Sample { probe: probe.to_vec(), ..Sample::default() }]
    }

    #[test]
    fn who_answers_something_else_is_told() {
        let mut found =
            [Err("x".into()), Ok(answers(&[1.0, 2.0])), Ok(answers(&[1.01, 2.1])), Ok(answers(&[3.0, 2.0]))];
        agree(&mut found);
        assert!(found[1].is_ok() && found[2].is_ok());
        assert_eq!(found[3].as_ref().unwrap_err(), "answers [3.000, 2.000] where [1.000, 2.000] is right");
        let mut without = [Ok(answers(&[])), Ok(answers(&[]))];
        agree(&mut without);
        assert!(without.iter().all(Result::is_ok));
        let mut odd = [Ok(answers(&[1.0])), Ok(answers(&[f64::NAN]))];
        agree(&mut odd);
        assert!(odd[1].is_err());
    }

    #[test]
    fn the_last_complaint_is_kept() {
        use std::os::unix::process::ExitStatusExt;
        let status = std::process::ExitStatus::from_raw(2 << 8);
        assert_eq!(
            reason("Traceback\nModuleNotFoundError: no torch\n\n", status),
            "ModuleNotFoundError: no torch"
        );
        assert_eq!(reason("", status), "exit status: 2");
    }
}
