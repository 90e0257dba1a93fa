//! What can be typed about a dataset: its versions, its card, its labels, shares of its curation.

use std::path::PathBuf;

use biotope::data::{At, Shard};
use clap::Subcommand;

use super::StageArgs;

/// What is asked of a dataset.
#[derive(Clone, Debug, Subcommand)]
pub enum DatasetAction {
    /// All versions, newest first
    #[command(after_help = "Example:\n  biotope dataset history mine --json")]
    History {
        /// Its name
        name: String,
    },
    /// What lies between two versions: rows added, removed and changed, and by which step
    #[command(
        after_help = "Examples:\n  biotope dataset diff mine                        the last two versions\n  biotope dataset diff mine --from 3 --to 5\n  biotope dataset diff mine --from 2026-11-01"
    )]
    Diff(DiffArgs),
    /// Make an older content the newest version; nothing is lost
    #[command(after_help = "Example:\n  biotope dataset rollback mine@3")]
    Rollback {
        /// NAME@VERSION
        name: String,
    },
    /// Who opened the test split, when and why
    #[command(after_help = "Example:\n  biotope dataset openings mine")]
    Openings {
        /// Its name
        name: String,
    },
    /// The dataset's card: Markdown with Hugging Face's front matter, or a page with plots
    #[command(
        after_help = "Examples:\n  biotope dataset card mine > README.md\n  biotope dataset card mine@3 --html card.html --license cc-by-4.0"
    )]
    Card(CardArgs),
    /// Push a version to a Delta table at s3://, gs://, az:// or file://
    #[command(after_help = "Example:\n  biotope dataset push mine s3://bucket/mine")]
    Push {
        /// NAME or NAME@VERSION
        name: String,
        /// Where to; credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...)
        url: String,
    },
    /// Pull a version from such a table as the next version here
    #[command(after_help = "Example:\n  biotope dataset pull mine s3://bucket/mine --version 3")]
    Pull {
        /// Its name here
        name: String,
        /// Where from
        url: String,
        /// Its version there; by default the newest
        #[arg(long)]
        version: Option<u64>,
    },
}

/// Which versions to compare.
#[derive(Clone, Debug, clap::Args)]
pub struct DiffArgs {
    /// Its name
    pub name: String,
    /// The older version: number, date or time; by default the one before
    #[arg(long, value_name = "VERSION")]
    pub from: Option<At>,
    /// The newer version; by default the newest
    #[arg(long, value_name = "VERSION")]
    pub to: Option<At>,
    /// Most rows that are listed
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Answer no (exit code 1) if anything differs
    #[arg(long)]
    pub fail_on_change: bool,
}

/// Which card.
#[derive(Clone, Debug, clap::Args)]
pub struct CardArgs {
    /// NAME or NAME@VERSION
    pub name: String,
    /// Write it as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Licence under which the dataset is given on (Hugging Face's name of it)
    #[arg(long, default_value = "other")]
    pub license: String,
}

/// How labels are examined.
#[derive(Clone, Debug, clap::Args)]
pub struct LabelsArgs {
    /// NAME or NAME@VERSION
    pub name: String,
    /// Folds of the cross-validation, 2 to 1000; 0: no likely errors
    #[arg(long, default_value_t = 5)]
    pub folds: usize,
    /// Examine the test split too; the opening is recorded
    #[arg(long)]
    pub with_test: bool,
    /// Most conflicts and likely errors that are printed (--json and --html have more)
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Write the report as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Seed of folds and trainings
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
}

/// How to curate: at once, a share of it, or the merge of shares.
#[derive(Clone, Debug, clap::Args)]
pub struct CurateArgs {
    /// The recipe
    #[command(flatten)]
    pub stage: StageArgs,
    /// Clean one share only, K of N, into a folder
    #[arg(long, value_name = "K/N", conflicts_with = "merge")]
    pub shard: Option<Shard>,
    /// Merge the shares of all machines into the dataset
    #[arg(long)]
    pub merge: bool,
    /// Folder of the shares; by default shares/NAME in the store
    #[arg(long, value_name = "FOLDER")]
    pub shares: Option<PathBuf>,
}
