//! The HTML report: stands alone, says what it should, lets no markup in, and is the same every time.

use biotope_core::seed::{below, normal, unit};
use biotope_core::{Prediction, RecordId, Seed, Target, Task};
use biotope_eval::{
    Curve, DatasetSection, EvalConfig, ModelSection, Report, Section, SplitCounts, Table, compare, evaluate,
    hits, html,
};

fn labels(count: usize) -> Vec<String> {
    let words = [
        "acq",
        "crude",
        "earn",
        "grain",
        "interest",
        "money-fx",
        "ship",
        "trade",
        "国际经济",
        "科技与互联网",
    ];
    (0..count).map(|i| words.get(i).map_or_else(|| format!("class {i:02}"), |w| (*w).to_owned())).collect()
}

/// A toy classifier: softmax over noise plus `skill` on the truth.
fn toy(classes: usize, rows: usize, skill: f64, seed: Seed) -> (Task, Vec<Prediction>, Vec<Target>) {
    let task = Task::SingleLabel { labels: labels(classes) };
    let (mut truth, mut noise) = (seed.stream("truth"), seed.stream(&format!("noise/{skill}")));
    let mut predictions = Vec::new();
    let mut targets = Vec::new();
    for row in 0..rows {
        // Classes of very different size.
        let class = (unit(&mut truth).powi(2) * classes as f64) as usize;
        let twin = below(&mut truth, 3) as usize;
        let mut scores: Vec<f64> = (0..classes).map(|_| normal(&mut noise)).collect();
        scores[class] += skill;
        scores[(class + twin) % classes] += 1.0;
        let total: f64 = scores.iter().map(|s| s.exp()).sum();
        scores.iter_mut().for_each(|s| *s = s.exp() / total);
        predictions.push(Prediction { id: RecordId::of(&[&row.to_le_bytes()]), scores });
        targets.push(Target::Class(class));
    }
    (task, predictions, targets)
}

fn curves(steps: u32, seed: Seed) -> Vec<Curve> {
    let mut rng = seed.stream("curve");
    let mut train: Vec<(f64, f64)> = Vec::new();
    for step in 0..steps {
        let x = f64::from(step);
        train.push((x, 2.0 * (-x / (0.3 * f64::from(steps))).exp() + 0.1 + 0.05 * normal(&mut rng).abs()));
    }
    let every = (steps / 10).max(1) as usize;
    let valid: Vec<(f64, f64)> = train.iter().step_by(every).map(|(x, y)| (*x, y + 0.12)).collect();
    let f1 = valid.iter().map(|(x, y)| (*x, 0.95 - 0.4 * y)).collect();
    let curve = |name: &str, points| Curve { name: name.to_owned(), points };
    vec![curve("train loss", train), curve("valid loss", valid), curve("valid macro-f1", f1)]
}

fn sample(classes: usize, rows: usize) -> Report {
    let config = EvalConfig { resamples: 200, ..EvalConfig::default() };
    let mut models = Vec::new();
    let mut right = Vec::new();
    let ladder =
        [("n-gram linear", 3.4), ("TextCNN", 3.7), ("LSTM 双向", 4.0), ("MiniLM-L6, fine-tuned", 4.6)];
    for (name, skill) in ladder {
        let (task, predictions, targets) = toy(classes, rows, skill, Seed(7));
        right.push((name, hits(&task, &predictions, &targets).unwrap()));
        models.push(ModelSection {
            name: name.to_owned(),
            lead: "A toy whose scores are noise with a push towards the truth.".to_owned(),
            facts: vec![("Parameters".into(), "22 713 216".into()), ("Training".into(), "4 min 12 s".into())],
            evaluation: evaluate(&task, &predictions, &targets, &config).unwrap(),
            curves: curves(2000, Seed(3)),
        });
    }
    let pair =
        |a: usize, b: usize| compare((right[a].0, &right[a].1), (right[b].0, &right[b].1), &config).unwrap();
    let splits = [("train", 5), ("valid", 1), ("test", 2)].map(|(name, factor)| SplitCounts {
        name: name.to_owned(),
        counts: (0..classes as u64).map(|i| factor * 500 / (i + 1)).collect(),
    });
    Report {
        title: "News topics, 新闻分类: which model ships?".into(),
        lead: "Four models were trained on the same rows and measured on the same test pages. The encoder wins, by more than luck.".into(),
        facts: vec![("Seed".into(), "42".into()), ("Machine".into(), "2 cores".into()), ("数据集版本".into(), "7".into())],
        dataset: Some(DatasetSection {
            name: "reuters, version 7".into(),
            lead: "Newswire, near-duplicates removed before splitting.".into(),
            facts: vec![("Set aside".into(), "31 rows".into())],
            labels: labels(classes),
            splits: splits.to_vec(),
        }),
        comparisons: vec![pair(0, 3), pair(2, 3), pair(0, 1)],
        models,
        sections: vec![Section {
            title: "Serving".into(),
            text: vec!["One page per request, warm.".into()],
            tables: vec![Table {
                caption: "Latency".into(),
                head: vec!["Path".into(), "p50 ms".into(), "p99 ms".into()],
                rows: vec![vec!["text".into(), "3.1".into(), "7.9".into()], vec!["url".into(), "12.4".into(), "40.2".into()]],
            }],
        }],
        ..Report::default()
    }
}

/// Tags are closed in the order in which they were opened.
fn check_nesting(page: &str) {
    let voids = ["meta", "line", "rect", "circle", "path", "br"];
    let mut open: Vec<&str> = Vec::new();
    let style = page.find("<style>").unwrap()..page.find("</style>").unwrap();
    for (at, _) in page.match_indices('<').filter(|(at, _)| !(style.start + 1..style.end).contains(at)) {
        let tag = &page[at + 1..at + page[at..].find('>').unwrap()];
        let name = tag.split([' ', '\n']).next().unwrap();
        if let Some(name) = name.strip_prefix('/') {
            assert_eq!(
                open.pop(),
                Some(name),
                "near {}",
                page[at.saturating_sub(80)..].chars().take(120).collect::<String>()
            );
        } else if !(name.starts_with('!') || tag.ends_with('/') || voids[..1].contains(&name)) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn the_same_report_gives_the_same_well_nested_bytes() {
    let page = html(&sample(8, 400));
    assert_eq!(page, html(&sample(8, 400)));
    check_nesting(&page);
    if let Some(folder) = option_env!("BIOTOPE_REPORT_OUT") {
        std::fs::write(format!("{folder}/small.html"), &page).unwrap();
        std::fs::write(format!("{folder}/full.html"), html(&sample(8, 2189))).unwrap();
        std::fs::write(format!("{folder}/many.html"), html(&sample(52, 2568))).unwrap();
    }
}
