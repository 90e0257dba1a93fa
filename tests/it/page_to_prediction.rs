//! A newspaper on loopback, from its pages to predictions that lead back to them; what cleaned the training page
//! cleans the served page.

use biotope::bundle::{Answer, Bundle, Predictor};
use biotope::data::{Dataset, Quarantine, Row};
use biotope::stages::{self, Stage};
use biotope::{House, Recipe, show};
use biotope_cli::demo::article::Article;
use biotope_cli::demo::newspaper::Newspaper;
use biotope_cli::demo::{generate, ladder, pages, plant};
use biotope_core::{Document, Seed};

const SEED: u64 = 11;

fn printed() -> Vec<Article> {
    let mut articles = generate::newspaper(240, Seed(SEED)).unwrap();
    plant::personal_data(&mut articles, 5, Seed(SEED));
    plant::reprints(&mut articles, 0.05, Seed(SEED));
    articles
}

/// Runs the first rung of the demo's ladder on a newspaper of its own; returns the bundle's folder.
fn run(house: &House, paper: &Newspaper) -> (Recipe, Bundle) {
    let size = ladder::Size { quick: true, offline: true };
    let recipes = ladder::recipes(SEED, 2, &paper.feeds(), size, &["ngram-linear".into()]).unwrap();
    let recipe = recipes.into_iter().next().unwrap();
    for stage in Stage::ALL {
        stages::run(house, &recipe, stage).unwrap();
    }
    let bundle = stages::predict::open(house, &recipe.name).unwrap();
    (recipe, bundle)
}

#[test]
fn from_page_to_prediction_and_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let paper = runtime.block_on(Newspaper::open(printed())).unwrap();
    let store = tempfile::tempdir().unwrap();
    let house = House::open(store.path()).unwrap();
    let (recipe, bundle) = run(&house, &paper);
    assert_eq!(paper.trespasses(), 0, "robots.txt was not heeded");

    let dataset = Dataset::open(house.store.dataset(recipe.dataset()).unwrap()).unwrap();
    let rows: Vec<Row> = dataset.rows(None).map(Result::unwrap).collect();
    let reprints = paper.articles().iter().filter(|a| a.reprint_of.is_some()).count();
    assert_eq!(rows.len() + reprints, paper.articles().len(), "every reprint is set aside, and nothing else");
    let aside = Quarantine::read(&house.store.quarantine(recipe.dataset()).unwrap()).unwrap();
    assert!(aside.iter().all(|entry| entry.step == "duplicate" && entry.cluster.is_some()), "{aside:?}");

    cleaned_alike(&bundle, &paper, &rows);
    leads_back(&house, &bundle, &rows);
}

/// The served page comes out of the bundle's steps as the training page came out of curation.
fn cleaned_alike(bundle: &Bundle, paper: &Newspaper, rows: &[Row]) {
    let sections: Vec<String> = bundle.signature().labels().to_vec();
    for row in rows.iter().step_by(17) {
        let slug = row.doc.source.strip_prefix(&format!("{}/", paper.base())).unwrap();
        let number = paper.articles().iter().position(|a| a.slug == slug).unwrap();
        let article = &paper.articles()[number];
        let page = pages::article_page(article, number, &sections, &[]);
        let cleaned = bundle.clean(&Document::page(row.doc.source.clone(), page)).unwrap();
        assert_eq!((&cleaned.text, &cleaned.title), (&row.doc.text, &row.doc.title), "{slug}");
        assert!(
            article.planted.iter().all(|secret| !cleaned.full_text().contains(secret.as_str())),
            "{slug}"
        );
    }
}

/// A prediction names its record, the record its page; the bundle knows what it was trained on.
fn leads_back(house: &House, bundle: &Bundle, rows: &[Row]) {
    let test = rows.iter().find(|row| row.split.name() == "test").unwrap();
    let answers = bundle.predict(std::slice::from_ref(&test.doc)).unwrap();
    let Answer::Predicted(prediction) = &answers[0] else { panic!("refused: {answers:?}") };
    let known = show::record(house, &prediction.id.to_string()).unwrap().unwrap();
    assert_eq!(known["datasets"][0]["source"], test.doc.source.as_str());
    assert_eq!(known["predictions"].as_array().unwrap().len(), 1, "{known}");
    assert!(!bundle.was_trained_on(test.doc.id));
    let trained = rows.iter().filter(|row| row.split.name() != "test"); // the ladder's models are refit
    assert!(trained.clone().all(|row| bundle.was_trained_on(row.doc.id)));
    assert_eq!(bundle.lineage().training_records, trained.count());
}

#[test]
fn the_same_newspaper_gives_the_same_dataset_and_weights() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let paper = runtime.block_on(Newspaper::open(printed())).unwrap();
    let weights = || {
        let store = tempfile::tempdir().unwrap();
        let house = House::open(store.path()).unwrap();
        let (recipe, bundle) = run(&house, &paper);
        let folder = stages::predict::locate(&house, &recipe.name).unwrap();
        (bundle.lineage().dataset_digest.clone(), std::fs::read(folder.join("model.safetensors")).unwrap())
    };
    assert!(weights() == weights(), "the same seed gave other bytes");
}
