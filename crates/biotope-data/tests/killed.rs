//! A curation that is killed at any moment: nothing lost, nothing doubled, and the next one makes what an undisturbed one
//! would have made. A curation that runs out of disk leaves the former version.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "support/drawn.rs"]
mod drawn;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use biotope_core::{Component, Document, Progress, Seed, Silent, Unit};
use biotope_data::{
    CurateConfig, CurateReport, Dataset, Documents, Quarantine, Result, Source, Store, curate_from,
};
use proptest::prelude::*;

/// In this variable a child finds the store that it shall curate into.
const STORE: &str = "BIOTOPE_TEST_STORE";

/// Documents of their numbers, one in ten a near-duplicate, one in seven with a line of the site in it.
struct Generated(usize);

impl Generated {
    fn document(number: usize) -> Document {
        let original = if number % 10 == 9 { number - 3 } else { number };
        let mut words = drawn::words(original, 60);
        if original != number {
            words[20] = "再版";
        }
        let foot = if number.is_multiple_of(7) { "\n订阅我们的新闻" } else { "" };
        let text = format!("{}{foot}", words.join(" "));
        let doc = Document::new(format!("https://news.example/{number}"), text);
        Document { label: Some(["grain", "原油"][original % 2].into()), ..doc }
    }
}

impl Source for Generated {
    fn documents(&self) -> Result<Documents<'_>> {
        Ok(Box::new((0..self.0).map(|number| Ok(Self::document(number)))))
    }

    fn describe(&self) -> String {
        format!("{} generated documents", self.0)
    }
}

/// Says every event aloud, so that a parent can strike between two of them.
struct Aloud;

impl Progress for Aloud {
    fn begin(&self, what: &str, _: Option<u64>, _: Unit) {
        say(what);
    }

    fn at(&self, done: u64) {
        say(&done.to_string());
    }

    fn say(&self, _: &str) {}

    fn end(&self) {
        say("end");
    }
}

fn say(what: &str) {
    println!("{what}");
    std::io::stdout().flush().unwrap();
}

fn run(documents: usize, store: &Path, progress: &dyn Progress) -> Result<CurateReport> {
    let mut config =
        CurateConfig { steps: vec![Component::new("normalize-text")], ..CurateConfig::default() };
    config.lines.boilerplate = true;
    curate_from(&Generated(documents), &config, Seed(42), &Store::open(store)?, "news", progress)
}

/// Not a test of its own: what a child of the tests below does.
#[test]
fn child() {
    if let Some(store) = std::env::var_os(STORE) {
        match run(1300, Path::new(&store), &Aloud) {
            Ok(report) => say(&format!("made {}", report.digest)),
            Err(error) => say(&format!("failed: {error} / {}", error.hint().unwrap_or_default())),
        }
    }
}

fn spawn(store: &Path, shell: &str) -> std::process::Child {
    let itself = std::env::current_exe().unwrap();
    Command::new("bash")
        .args(["-c", &format!("{shell} exec \"$@\""), "bash"])
        .arg(itself)
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(STORE, store)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ids of the newest version, none of them twice, with the quarantine's: every document is in one of the two.
fn accounted(store: &Path) -> (HashSet<String>, usize, usize) {
    let dataset = Dataset::open(store.join("datasets/news")).unwrap();
    let ids: Vec<String> = dataset.rows(None).map(|row| row.unwrap().doc.id.to_string()).collect();
    let aside = Quarantine::read(&store.join("quarantine/news")).unwrap().len();
    (ids.iter().cloned().collect(), ids.len(), aside)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_killed_curation_loses_and_doubles_nothing(strikes in proptest::collection::vec(0usize..1250, 1..4)) {
        let (folder, undisturbed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = run(900, folder.path(), &Silent).unwrap();
        let expected = run(1300, undisturbed.path(), &Silent).unwrap();
        for strike in strikes {
            let mut child = spawn(folder.path(), "");
            let events = BufReader::new(child.stdout.take().unwrap()).lines();
            // SIGKILL after that many events, or behind the last one, when the commit is under way or done.
            let _ = events.take(strike).last();
            child.kill().unwrap();
            child.wait().unwrap();
            let dataset = Dataset::open(folder.path().join("datasets/news")).unwrap();
            let digest = dataset.digest().unwrap();
            prop_assert!(digest == first.digest || digest == expected.digest);
            let (distinct, rows, _) = accounted(folder.path());
            prop_assert_eq!(distinct.len(), rows);
            prop_assert_eq!(rows as u64, if digest == first.digest { first.documents } else { expected.documents });
        }
        let report = run(1300, folder.path(), &Silent).unwrap();
        prop_assert_eq!(&report.digest, &expected.digest);
        prop_assert_eq!(accounted(folder.path()), accounted(undisturbed.path()));
        let (_, rows, aside) = accounted(folder.path());
        prop_assert_eq!(rows + aside, 1300);
        let left = std::fs::read_dir(folder.path().join("tmp")).unwrap().flatten();
        prop_assert_eq!(left.filter(|entry| entry.file_name() != ".in-use").count(), 0);
    }
}

#[test]
#[cfg(unix)]
fn a_disk_that_fills_up_is_named_and_the_former_version_stays() {
    let folder = tempfile::tempdir().unwrap();
    let first = run(900, folder.path(), &Silent).unwrap();
    // No file may be larger than so many kibibytes: the spool breaks, or the Parquet file does.
    for limit in [8, 64, 200] {
        let child = spawn(folder.path(), &format!("trap '' XFSZ; ulimit -f {limit};"));
        let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let failed =
            out.lines().find(|line| line.starts_with("failed: ")).unwrap_or_else(|| panic!("{limit}: {out}"));
        assert!(failed.contains("File too large") && failed.contains("ulimit -f"), "{failed}");
        let dataset = Dataset::open(folder.path().join("datasets/news")).unwrap();
        assert_eq!(
            (dataset.digest().unwrap(), dataset.len().unwrap()),
            (first.digest.clone(), first.documents)
        );
    }
}
