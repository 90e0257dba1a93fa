//! What can be typed.

#![expect(clippy::doc_markdown, reason = "printed by --help, where backticks are noise")]

use std::path::PathBuf;

use biotope::bundle::Precision;
use clap::{Parser, Subcommand, ValueEnum};

pub mod dataset;

use dataset::{CurateArgs, DatasetAction, LabelsArgs};

/// From raw news pages to a classifier that is trained, measured, explained and served.
#[derive(Debug, Parser)]
#[command(
    name = "biotope",
    version,
    max_term_width = 110,
    after_help = "\
Examples:
  biotope demo --quick                      everything once, on a newspaper of its own, in a minute
  biotope run reuters-r8                    collect, curate, train, evaluate, bundle
  biotope run mine.toml --set train.lr=2e-5
  biotope predict reuters-r8 \"Wheat prices rose after the report\"
  biotope serve reuters-r8

Exit codes: 0 yes, 1 the answer is no, 2 it could not be done."
)]
pub struct Args {
    /// Folder of datasets, runs and bundles
    #[arg(long, global = true, env = "BIOTOPE_STORE", default_value = "biotope-store")]
    pub store: PathBuf,
    /// Print JSON for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// No progress bars
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// More of the log on stderr (-v, -vv); RUST_LOG has the last word
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a recipe: collect, curate, train, evaluate, bundle; stages whose inputs did not change are skipped
    #[command(
        after_help = "Examples:\n  biotope run reuters-r8\n  biotope run mine.toml --from curate --to evaluate --set model.use=text-cnn"
    )]
    Run(RunArgs),
    /// Fetch the documents of a recipe
    #[command(after_help = "Example:\n  biotope collect mine.toml")]
    Collect(StageArgs),
    /// Clean, deduplicate and split what was collected
    #[command(
        after_help = "Examples:\n  biotope curate mine.toml --set curate.dedup.threshold=0.9\n  biotope curate mine.toml --shard 1/3      on each of three machines\n  biotope curate mine.toml --merge          on one of them, with all shares in place"
    )]
    Curate(CurateArgs),
    /// Train the model of a recipe; a run that was killed goes on where it was
    #[command(after_help = "Example:\n  biotope train mine.toml --set train.epochs=5")]
    Train(StageArgs),
    /// Measure the trained model on the test split and write the report
    #[command(after_help = "Example:\n  biotope evaluate mine.toml")]
    Evaluate(StageArgs),
    /// Pack the trained model with the steps that cleaned its pages
    #[command(after_help = "Example:\n  biotope bundle mine.toml")]
    Bundle(StageArgs),
    /// Find personal data in a text and mask it
    #[command(
        after_help = "Examples:\n  echo \"call +44 20 7946 0958\" | biotope mask\n  biotope mask --json letter.txt\n  biotope mask --lines --json --types EMAIL_ADDRESS,PHONE_NUMBER < articles.txt\n  biotope mask --operator mask --keep-last 4 letter.txt\n  biotope mask --operator encrypt --key-file key.txt letter.txt | biotope mask --decrypt --key-file key.txt\n\nIn JSON, `start` and `end` of a span count characters (Unicode scalar values) of the text as given; `start_byte`\nand `end_byte` count bytes of its UTF-8. Kinds are named as Presidio names them; `biotope list recognizers` shows them."
    )]
    Mask(MaskArgs),
    /// Ask a bundle about texts or pages
    #[command(
        after_help = "Examples:\n  biotope predict reuters-r8 \"Wheat prices rose\"\n  biotope predict reuters-r8 --file page.html --explain\n  cat articles.txt | biotope predict reuters-r8 --lines --json"
    )]
    Predict(PredictArgs),
    /// The article of pages: text, title, author, date, and how sure that is; the answer is no if one has none
    #[command(
        after_help = "Examples:\n  biotope extract page.html\n  biotope extract https://news.example/wheat --json\n  biotope extract --json pages/*.html.gz > articles.jsonl\n  curl -s https://news.example/wheat | biotope extract -"
    )]
    Extract(ExtractArgs),
    /// Serve a bundle over HTTP, with a page for editors
    #[command(
        after_help = "Example:\n  biotope serve reuters-r8 --addr 127.0.0.1:8080\n  curl -s localhost:8080/predict -H 'content-type: application/json' -d '{\"inputs\": \"Wheat prices rose\"}'"
    )]
    Serve(ServeArgs),
    /// What there is: datasets, runs, bundles, and everything that a recipe can name
    #[command(after_help = "Examples:\n  biotope list\n  biotope list models\n  biotope list runs --json")]
    List(ListArgs),
    /// What is known about a dataset, a run, a bundle, a record or a recipe
    #[command(
        after_help = "Examples:\n  biotope show bundle reuters-r8\n  biotope show record 53f49f69cd96348ceef977f7fb9f29e1\n  biotope show recipe csv > mine.toml"
    )]
    Show(ShowArgs),
    /// Versions of a dataset: history, differences, the way back, card, openings of its test split
    #[command(
        after_help = "Examples:\n  biotope dataset history mine\n  biotope dataset diff mine --from 3\n  biotope dataset rollback mine@3"
    )]
    Dataset {
        /// What is asked
        #[command(subcommand)]
        action: DatasetAction,
    },
    /// Examine the labels of a dataset: imbalance, conflicts, likely errors
    #[command(after_help = "Example:\n  biotope labels mine --html labels.html")]
    Labels(LabelsArgs),
    /// The main job on a newspaper replayed on loopback, with everything measured
    #[command(after_help = "Examples:\n  biotope demo\n  biotope demo --quick --offline")]
    Demo(DemoArgs),
    /// Completions for a shell, on stdout
    #[command(
        after_help = "Example:\n  biotope completions bash > ~/.local/share/bash-completion/completions/biotope"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// A recipe and how it differs.
#[derive(Clone, Debug, clap::Args)]
pub struct StageArgs {
    /// A recipe file, or the name of a built-in one (`biotope list recipes`)
    pub recipe: String,
    /// Set one key of the recipe: --set train.lr=2e-5 (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
    /// Run it even if nothing changed
    #[arg(long)]
    pub force: bool,
}

/// Which stages of a recipe.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// The recipe
    #[command(flatten)]
    pub stage: StageArgs,
    /// First stage
    #[arg(long, value_enum, default_value = "collect")]
    pub from: StageName,
    /// Last stage
    #[arg(long, value_enum, default_value = "bundle")]
    pub to: StageName,
}

/// A stage by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StageName {
    /// Fetch documents
    Collect,
    /// Clean, deduplicate, split
    Curate,
    /// Learn
    Train,
    /// Measure
    Evaluate,
    /// Pack
    Bundle,
}

impl From<StageName> for biotope::Stage {
    fn from(name: StageName) -> Self {
        match name {
            StageName::Collect => Self::Collect,
            StageName::Curate => Self::Curate,
            StageName::Train => Self::Train,
            StageName::Evaluate => Self::Evaluate,
            StageName::Bundle => Self::Bundle,
        }
    }
}

/// What to mask, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct MaskArgs {
    /// A text file; without, the text is read from stdin
    pub file: Option<PathBuf>,
    /// Each line is a text of its own; with --json, one object a line
    #[arg(long)]
    pub lines: bool,
    /// Kinds to look for, parted by commas; without, all
    #[arg(long, value_delimiter = ',', value_name = "KIND")]
    pub types: Vec<String>,
    /// Only kinds that texts in this language hold: en or zh
    #[arg(long, conflicts_with = "types")]
    pub language: Option<String>,
    /// What becomes of finds: replace, mask, redact, pseudonym, encrypt or keep
    #[arg(long, default_value = "replace")]
    pub operator: String,
    /// How many letters and digits `mask` leaves at the end
    #[arg(long, value_name = "N")]
    pub keep_last: Option<u32>,
    /// The score that finds need, from 0 to 1
    #[arg(long)]
    pub threshold: Option<f32>,
    /// Environment variable that holds the key of pseudonym and encrypt
    #[arg(long, value_name = "NAME", conflicts_with = "key_file")]
    pub key_env: Option<String>,
    /// File that holds the key of pseudonym and encrypt
    #[arg(long, value_name = "PATH")]
    pub key_file: Option<PathBuf>,
    /// Restore what `--operator encrypt` wrote
    #[arg(long, conflicts_with_all = ["types", "language", "operator", "keep_last", "threshold", "lines"])]
    pub decrypt: bool,
}

/// What to ask a bundle.
#[derive(Clone, Debug, clap::Args)]
pub struct PredictArgs {
    /// A bundle: NAME, NAME@VERSION or a folder
    pub bundle: String,
    /// Texts; without any, and without --file, one text is read from stdin
    pub texts: Vec<String>,
    /// Files: .html and .htm are pages, anything else is text (repeatable)
    #[arg(long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// Read stdin as one text per line
    #[arg(long, conflicts_with_all = ["texts", "file"])]
    pub lines: bool,
    /// Show the words that mattered
    #[arg(long)]
    pub explain: bool,
    /// Numbers of the model's products: f32, bf16 or int8
    #[arg(long, default_value = "f32")]
    pub precision: Precision,
}

/// Whose article to find.
#[derive(Clone, Debug, clap::Args)]
pub struct ExtractArgs {
    /// Pages: HTML files (.gz too), http(s) addresses, or - for stdin; with --json a line for each
    #[arg(required = true, value_name = "PAGE")]
    pub pages: Vec<String>,
    /// Let addresses lead into the own machine and private networks
    #[arg(long)]
    pub allow_private: bool,
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// A bundle: NAME, NAME@VERSION or a folder
    pub bundle: String,
    /// Address to listen on; port 0 takes a free one. Without: what the bundle's recipe says, or 127.0.0.1:8080
    #[arg(long, env = "BIOTOPE_ADDR")]
    pub addr: Option<String>,
    /// Numbers of the model's products: f32, bf16 or int8
    #[arg(long, default_value = "f32")]
    pub precision: Precision,
    /// Never fetch a page that a client names by its URL
    #[arg(long)]
    pub no_fetch: bool,
    /// Set one option of the server, over the recipe's `serve` section: --set max_concurrent=64 (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub sets: Vec<String>,
}

/// What to list.
#[derive(Clone, Debug, clap::Args)]
pub struct ListArgs {
    /// Which list; all of them without
    #[arg(value_enum)]
    pub what: Option<ListName>,
}

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListName {
    /// Curated and collected datasets of the store
    Datasets,
    /// Runs of the store
    Runs,
    /// Bundles of the store
    Bundles,
    /// Built-in recipes
    Recipes,
    /// Assets with pinned digests
    Assets,
    /// Sources of documents
    Sources,
    /// Cleaning steps
    Steps,
    /// Kinds of personal data and what finds them
    Recognizers,
    /// What becomes of personal data
    Operators,
    /// Ways to split
    Splits,
    /// Rules that give labels
    Labels,
    /// Tokenizers and featurizers
    Text,
    /// Models
    Models,
    /// Losses
    Losses,
    /// Update rules
    Rules,
    /// Learning-rate schedules
    Schedules,
    /// Metrics
    Metrics,
}

/// What to show.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// What kind of thing
    #[arg(value_enum)]
    pub kind: ShowName,
    /// Its name, id, or (bundles) folder
    pub name: String,
}

/// A kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowName {
    /// A dataset: versions, rows, labels, what was set aside
    Dataset,
    /// A run: recipe, data, numbers
    Run,
    /// A bundle: card, numbers, lineage
    Bundle,
    /// A record: where it came from, what each step did, which runs predicted it
    Record,
    /// A recipe, as it stands
    Recipe,
}

/// How to run the demo.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// A small newspaper and small models: about a minute
    #[arg(long)]
    pub quick: bool,
    /// A newspaper that the project writes itself; nothing is fetched
    #[arg(long)]
    pub offline: bool,
    /// Where report and summary go
    #[arg(long, default_value = "target/demo")]
    pub out: PathBuf,
    /// Seed of everything
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// Threads; 0 = one per core
    #[arg(long, default_value_t = 0)]
    pub threads: usize,
    /// Only these models of the ladder (repeatable)
    #[arg(long, value_name = "MODEL")]
    pub only: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        super::Args::command().debug_assert();
        for command in super::Args::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Example"), "{} has no example", command.get_name());
        }
    }
}
