//! One file, one command.

pub(crate) mod dataset;
pub(crate) mod extract;
pub(crate) mod labels;
pub(crate) mod list;
pub(crate) mod mask;
pub(crate) mod predict;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod stages;

use anyhow::Result;
use biotope::House;
use clap::CommandFactory;

use crate::args::Args;
use crate::bars::watcher;

/// The house that the command line describes.
pub(crate) fn house(args: &Args) -> Result<House> {
    Ok(House::open(&args.store)?.watched(watcher(args.quiet || args.json)))
}

/// Writes completions on stdout.
pub(crate) fn completions(shell: clap_complete::Shell) -> bool {
    clap_complete::generate(shell, &mut Args::command(), "biotope", &mut std::io::stdout());
    true
}
