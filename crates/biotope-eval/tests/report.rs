//! The HTML report: stands alone, says what it should, lets no markup in, and is the same every time.
#![expect(clippy::unwrap_used, reason = "a test stops where something is missing")]

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
        for score in &mut scores {
            *score = score.exp() / total;
        }
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
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = html(&sample(8, 200));
    for forbidden in
        ["<script", "<link", "<img", "<iframe", "http://", "https://", "url(", "@import", "src=", "onload"]
    {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_hostile_report_stays_text() {
    let evil = "\"><script>alert('x')</script><svg onload=alert(1)>&\0";
    let text = || evil.to_owned();
    let mut report = sample(3, 60);
    report.title = text();
    report.lead = text();
    report.language = text();
    report.facts = vec![(text(), text())];
    let labels = vec![text(), format!("{evil}2"), format!("{evil}3")];
    for model in &mut report.models {
        model.name = text();
        model.lead = text();
        model.facts = vec![(text(), text())];
        model.evaluation.task = Task::SingleLabel { labels: labels.clone() };
        model.evaluation.per_class.iter_mut().for_each(|class| class.label = text());
        model.evaluation.metrics.insert(text(), biotope_eval::Estimate::new(0.5, None));
        model.curves.iter_mut().for_each(|curve| curve.name = text());
    }
    report.comparisons.iter_mut().for_each(|c| (c.a, c.b) = (text(), text()));
    let dataset = report.dataset.as_mut().unwrap();
    (dataset.name, dataset.lead, dataset.labels) = (text(), text(), labels);
    dataset.facts = vec![(text(), text())];
    dataset.splits.iter_mut().for_each(|split| split.name = text());
    let table = Table { caption: text(), head: vec![text()], rows: vec![vec![text()]] };
    report.sections = vec![Section { title: text(), text: vec![text()], tables: vec![table] }];
    let page = html(&report);
    check_nesting(&page);
    assert!(!page.contains("<script") && !page.contains("<svg onload") && !page.contains('\0'));
    assert!(page.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)"));
}

#[test]
fn pictures_say_what_they_show_and_ids_are_unique() {
    let page = html(&sample(8, 200));
    let ids: Vec<&str> =
        page.match_indices(" id=\"").map(|(at, _)| page[at + 5..].split('"').next().unwrap()).collect();
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), ids.len());
    let pictures = page.matches("<svg ").count();
    assert_eq!(page.matches("role=\"img\"").count(), pictures);
    assert_eq!(page.matches("<desc ").count(), pictures);
    for (at, _) in page.match_indices("aria-labelledby=\"") {
        let names = page[at + 17..].split('"').next().unwrap();
        assert!(names.split(' ').all(|name| ids.contains(&name)), "{names}");
    }
    // Two ladders, three pairs, and per model: two curves, ROC, reliability, confusion; one of the classes.
    assert_eq!(pictures, 2 + 3 + 4 * 5 + 1);
}

#[test]
fn both_scripts_and_the_figures_stand_in_the_page() {
    let page = html(&sample(10, 200));
    for text in [
        "<html lang=\"en\">",
        "新闻分类",
        "LSTM 双向",
        "国际经济",
        "数据集版本",
        "Best model: <b>MiniLM-L6, fine-tuned</b>",
        "McNemar",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let chinese = Report { language: "zh-CN".into(), title: "新闻".into(), ..Report::default() };
    assert!(html(&chinese).contains("<html lang=\"zh-CN\">"));
}

#[test]
fn an_empty_report_and_every_task_have_a_page() {
    check_nesting(&html(&Report::default()));
    let config = EvalConfig { resamples: 20, ..EvalConfig::default() };
    let p = |scores: &[f64]| Prediction { id: RecordId::default(), scores: scores.to_vec() };
    let multi = Task::MultiLabel { labels: vec!["a".into(), "体育".into()] };
    let flags = |a, b| Target::Labels(vec![a, b]);
    let multi = evaluate(
        &multi,
        &[p(&[0.9, 0.1]), p(&[0.2, 0.7])],
        &[flags(true, false), flags(false, false)],
        &config,
    );
    let values = [Target::Value(1.0), Target::Value(2.0), Target::Value(4.0)];
    let regression = evaluate(&Task::Regression, &[p(&[1.0]), p(&[2.5]), p(&[3.5])], &values, &config);
    for (evaluation, expected) in
        [(multi.unwrap(), "Hamming loss"), (regression.unwrap(), "Mean squared error")]
    {
        let model =
            ModelSection { name: "m".into(), lead: String::new(), facts: vec![], evaluation, curves: vec![] };
        let page = html(&Report { title: "t".into(), models: vec![model], ..Report::default() });
        check_nesting(&page);
        assert!(page.contains(expected) && !page.contains("NaN") && !page.contains("inf"), "{expected}");
    }
}

#[test]
fn the_page_of_a_report_read_back_from_json_is_the_same() {
    let report = sample(3, 50);
    let back: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(html(&back), html(&report));
}
