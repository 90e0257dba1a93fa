#![doc = include_str!("../README.md")]

pub mod args;
mod bars;
mod commands;
pub mod demo;
mod output;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

/// Parses the command line, runs the command, prints; the exit code says yes (0), no (1) or not done (2).
pub fn main() -> ExitCode {
    let args = Args::parse();
    output::logs(args.verbose);
    let answer = match &args.command {
        Command::Run(run) => commands::stages::run(&args, run),
        Command::Collect(stage) => commands::stages::one(&args, stage, biotope::Stage::Collect),
        Command::Curate(curate) => commands::stages::curate(&args, curate),
        Command::Train(stage) => commands::stages::one(&args, stage, biotope::Stage::Train),
        Command::Evaluate(stage) => commands::stages::one(&args, stage, biotope::Stage::Evaluate),
        Command::Bundle(stage) => commands::stages::one(&args, stage, biotope::Stage::Bundle),
        Command::Mask(mask) => commands::mask::mask(&args, mask),
        Command::Predict(predict) => commands::predict::predict(&args, predict),
        Command::Extract(extract) => commands::extract::extract(&args, extract),
        Command::Serve(serve) => commands::serve::serve(&args, serve),
        Command::List(list) => commands::list::list(&args, list),
        Command::Show(show) => commands::show::show(&args, show),
        Command::Dataset { action } => commands::dataset::dataset(&args, action),
        Command::Labels(labels) => commands::labels::labels(&args, labels),
        Command::Demo(demo) => demo::run::run(&args, demo),
        Command::Completions { shell } => Ok(commands::completions(*shell)),
    };
    match answer {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            output::error(&error, args.json);
            ExitCode::from(2)
        }
    }
}
