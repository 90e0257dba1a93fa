//! The demo from its first page to its closing table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use biotope::bundle::Bundle;
use biotope::data::{Dataset, Quarantine};
use biotope::stages::{self, Stage, train};
use biotope::{House, Recipe, Run};
use biotope_core::Seed;
use console::style;

use super::article::{Article, reuters};
use super::ladder::{self, Size};
use super::newspaper::Newspaper;
use super::summary::{self, ModelSummary, Summary};
use super::{generate, measure, plant, report, serving};
use crate::args::{Args, DemoArgs};
use crate::bars::watcher;
use crate::output;

/// Lies in the demo's folder, so that nothing else is ever cleared away.
const MARKER: &str = ".biotope-demo";

/// Share of the articles that is reprinted, and one article in so many that carries personal data.
const REPRINTS: f64 = 0.04;
const PERSONAL: u64 = 15;

/// Everything that the parts of the demo share.
pub(crate) struct Demo<'a> {
    pub(crate) args: &'a DemoArgs,
    pub(crate) house: House,
    pub(crate) summary: Summary,
    json: bool,
}

/// Runs the demo; the answer is yes when everything ran.
pub(crate) fn run(args: &Args, demo: &DemoArgs) -> Result<bool> {
    let store = fresh(&demo.out)?.join("store");
    let house = House::open(store)?.watched(watcher(args.quiet || args.json));
    let mut demo = Demo { args: demo, house, summary: Summary::default(), json: args.json };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    demo.all(&runtime)?;
    if demo.json {
        output::json(&demo.summary)?;
    } else {
        summary::print(&demo.summary);
    }
    Ok(true)
}

/// An empty folder for the demo; one that holds anything but a former demo is refused.
fn fresh(out: &Path) -> Result<PathBuf> {
    let used = out.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if used && !out.join(MARKER).exists() {
        bail!("{} is not empty and holds no former demo; give another folder with --out", out.display())
    }
    let name = || out.display().to_string();
    if used {
        fs::remove_dir_all(out).with_context(|| format!("cannot clear {}", name()))?;
    }
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", name()))?;
    fs::write(out.join(MARKER), "").with_context(|| format!("cannot write in {}", name()))?;
    Ok(out.to_owned())
}

impl Demo<'_> {
    fn all(&mut self, runtime: &tokio::runtime::Runtime) -> Result<()> {
        let size = Size { quick: self.args.quick, offline: self.args.offline };
        let articles = self.timed("print", |demo| demo.articles(size))?;
        let paper = runtime.block_on(Newspaper::open(articles))?;
        self.describe(&paper, size);
        let recipes =
            ladder::recipes(self.args.seed, self.args.threads, &paper.feeds(), size, &self.args.only)?;
        self.timed("collect", |demo| demo.stage(&recipes[0], Stage::Collect))?;
        self.timed("curate", |demo| demo.stage(&recipes[0], Stage::Curate))?;
        self.timed("measure", |demo| demo.measure(&recipes[0], &paper))?;
        for recipe in &recipes {
            self.timed(&format!("train {}", recipe.model.name), |demo| demo.stage(recipe, Stage::Train))?;
            self.timed(&format!("evaluate {}", recipe.model.name), |demo| {
                demo.stage(recipe, Stage::Evaluate)
            })?;
            self.note_model(recipe)?;
        }
        let winner = self.winner(&recipes)?;
        self.timed("bundle", |demo| demo.stage(winner, Stage::Bundle))?;
        self.timed("serve", |demo| demo.serve(runtime, winner, &paper))?;
        self.timed("report", |demo| report::write(demo, &recipes))?;
        let path = self.args.out.join("summary.json");
        fs::write(&path, serde_json::to_string_pretty(&self.summary)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    fn timed<T>(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let begun = Instant::now();
        let done = work(self).with_context(|| format!("the demo's stage {name:?} did not end well"))?;
        self.summary.seconds.insert(name.to_owned(), begun.elapsed().as_secs_f64());
        Ok(done)
    }

    fn say(&self, stage: &str, text: &str) {
        if !self.json {
            output::line(&format!("{:<9} {text}", style(stage).bold()));
        }
    }

    /// What the newspaper prints: Reuters R8, or articles of its own; with reprints and personal data planted.
    fn articles(&mut self, size: Size) -> Result<Vec<Article>> {
        let seed = Seed(self.args.seed);
        let mut articles = match (size.offline, size.quick) {
            (true, quick) => generate::newspaper(if quick { 900 } else { 4000 }, seed)?,
            (false, quick) => thin(self.reuters(seed)?, if quick { 6 } else { 1 }),
        };
        plant::personal_data(&mut articles, PERSONAL, seed);
        plant::reprints(&mut articles, REPRINTS, seed);
        Ok(articles)
    }

    fn reuters(&self, seed: Seed) -> Result<Vec<Article>> {
        let read = |name: &str| -> Result<String> {
            let path = self
                .house
                .hub
                .fetch(&format!("asset:{name}"), self.house.progress.as_ref())
                .map_err(biotope::Error::from)?;
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        reuters(&read("reuters-r8-train")?, &read("reuters-r8-test")?, seed)
    }

    fn describe(&mut self, paper: &Newspaper, size: Size) {
        let summary = &mut self.summary;
        summary.version = env!("CARGO_PKG_VERSION").into();
        summary.newspaper = if size.offline { "generated" } else { "reuters-r8" }.into();
        (summary.quick, summary.seed) = (size.quick, self.args.seed);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        summary.threads = if self.args.threads == 0 { cores } else { self.args.threads };
        summary.pages = paper.articles().len();
        self.say("newspaper", &format!("{} pages on {}", paper.articles().len(), paper.base()));
    }

    fn stage(&mut self, recipe: &Recipe, stage: Stage) -> Result<()> {
        let outcome = stages::run(&self.house, recipe, stage)?;
        self.say(outcome.stage, &outcome.summary);
        match stage {
            Stage::Collect => {
                self.summary.collected = outcome.details["documents"].as_u64().unwrap_or_default();
            }
            Stage::Bundle => {
                outcome.details["folder"].as_str().unwrap_or_default().clone_into(&mut self.summary.bundle);
            }
            _ => {}
        }
        Ok(())
    }

    /// Holds what was curated against what the newspaper printed.
    fn measure(&mut self, recipe: &Recipe, paper: &Newspaper) -> Result<()> {
        let dataset =
            Dataset::open(self.house.store.dataset(recipe.dataset()).map_err(biotope::Error::from)?)
                .map_err(biotope::Error::from)?;
        let slug = |url: &str| url.strip_prefix(&format!("{}/", paper.base())).unwrap_or(url).to_owned();
        let by_slug: HashMap<&str, &Article> =
            paper.articles().iter().map(|a| (a.slug.as_str(), a)).collect();
        let (mut pairs, mut planted, mut leaked) = (Vec::new(), 0, 0);
        for row in dataset.rows(None) {
            let row = row.map_err(biotope::Error::from)?;
            let article = by_slug
                .get(slug(&row.doc.source).as_str())
                .context("a row that the newspaper did not print")?;
            *self.summary.splits.entry(row.split.name().to_owned()).or_default() += 1;
            let found = row.doc.full_text();
            planted += article.planted.len();
            leaked += article.planted.iter().filter(|secret| found.contains(secret.as_str())).count();
            pairs.push((masked(article), row.doc.text));
        }
        let hits = measure::extraction(pairs.iter().map(|(gold, found)| (gold.as_str(), found.as_str())));
        self.summary.extraction_f1 = hits.f1();
        self.summary.personal_data_planted = planted;
        self.summary.personal_data_recall =
            if planted == 0 { 1.0 } else { 1.0 - leaked as f64 / planted as f64 };
        self.summary.robots_trespasses = paper.trespasses();
        self.duplicates(recipe, paper, &slug)?;
        let summary = &self.summary;
        self.say(
            "measured",
            &format!(
                "extraction F1 {:.4}; duplicates recall {:.4}, precision {:.4}; personal data masked {:.2} %",
                summary.extraction_f1,
                summary.duplicate_recall,
                summary.duplicate_precision,
                summary.personal_data_recall * 100.0
            ),
        );
        Ok(())
    }

    fn duplicates(
        &mut self,
        recipe: &Recipe,
        paper: &Newspaper,
        slug: &dyn Fn(&str) -> String,
    ) -> Result<()> {
        let folder = self.house.store.quarantine(recipe.dataset()).map_err(biotope::Error::from)?;
        for entry in Quarantine::read(&folder).map_err(biotope::Error::from)? {
            *self.summary.set_aside.entry(entry.step).or_default() += 1;
        }
        let found = stages::curate::clusters(&self.house, recipe)?;
        let found: Vec<Vec<String>> =
            found.iter().map(|urls| urls.iter().map(|url| slug(url)).collect()).collect();
        let threshold = recipe.curate.dedup.as_ref().map_or(1.0, |dedup| dedup.threshold);
        let truth: BTreeSet<(String, String)> = measure::true_duplicates(paper.articles(), threshold);
        let hits = measure::duplicates(&found, &truth);
        (self.summary.duplicate_recall, self.summary.duplicate_precision) = (hits.recall(), hits.precision());
        Ok(())
    }

    fn note_model(&mut self, recipe: &Recipe) -> Result<()> {
        let (_, run) = train::locate(&self.house, recipe, "evaluate")?;
        let facts = run.facts()?;
        let evaluation = stages::evaluate::evaluation(recipe, &run).context("just evaluated")?;
        let accuracy = evaluation.accuracy().context("a classifier has an accuracy")?;
        self.summary.models.push(ModelSummary {
            name: facts.model,
            accuracy: accuracy.value,
            interval: accuracy.interval().unwrap_or((accuracy.value, accuracy.value)),
            macro_f1: evaluation.value("macro-f1").unwrap_or_default(),
            valid: facts.valid.get("accuracy").copied().unwrap_or_default(),
            train_seconds: facts.train_seconds,
            test_rows: evaluation.rows,
            seed: facts.seed,
            parameters: facts.parameters,
            run: run.id,
        });
        Ok(())
    }

    /// The best on the validation split; of equals, the simpler.
    fn winner<'r>(&mut self, recipes: &'r [Recipe]) -> Result<&'r Recipe> {
        let mut best = 0;
        for (at, model) in self.summary.models.iter().enumerate() {
            if model.valid > self.summary.models[best].valid {
                best = at;
            }
        }
        self.summary.winner.clone_from(&self.summary.models.get(best).context("a ladder has a rung")?.name);
        Ok(&recipes[best])
    }

    fn serve(&mut self, runtime: &tokio::runtime::Runtime, winner: &Recipe, paper: &Newspaper) -> Result<()> {
        let bundle = Bundle::open(Path::new(&self.summary.bundle)).map_err(biotope::Error::from)?;
        let page = paper.articles().iter().find(|a| a.is_test()).context("the test period is empty")?;
        let url = format!("{}/{}", paper.base(), page.slug);
        let requests = if self.args.quick { 50 } else { 200 };
        let asked = runtime.block_on(serving::ask(bundle, paper.articles(), &url, requests))?;
        let summary = &mut self.summary;
        (summary.predict_p50_ms, summary.predict_p99_ms) = (asked.p50_ms, asked.p99_ms);
        (summary.predict_requests, summary.asked) = (asked.requests, asked.page);
        self.say(
            "serve",
            &format!(
                "{} answers in {:.1} ms at p50, {:.1} ms at p99",
                winner.model.name, asked.p50_ms, asked.p99_ms
            ),
        );
        Ok(())
    }

    /// The runs of the ladder, in order.
    pub(crate) fn runs(&self) -> Vec<Run> {
        self.summary.models.iter().map(|model| Run::new(&self.house, model.run.clone())).collect()
    }
}

/// The body that extraction should have found, with planted data as masking leaves it.
fn masked(article: &Article) -> String {
    let notice = article.reprint_of.as_ref().map_or("", |_| super::pages::notice(article.language));
    let body = format!("{notice}\n{}", article.body());
    article.planted.iter().fold(body, |body, secret| {
        body.replace(secret, if secret.contains('@') { "[EMAIL]" } else { "[PHONE]" })
    })
}

/// Every n-th article of each section and period.
fn thin(articles: Vec<Article>, n: usize) -> Vec<Article> {
    let mut seen: BTreeMap<(String, bool), usize> = BTreeMap::new();
    let mut keep = |article: &Article| {
        let count = seen.entry((article.label.clone(), article.is_test())).or_default();
        *count += 1;
        (*count - 1).is_multiple_of(n)
    };
    articles.into_iter().filter(|article| keep(article)).collect()
}
