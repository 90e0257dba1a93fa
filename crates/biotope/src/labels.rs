//! The labels of a dataset examined, with the n-gram model of the zoo as the judge.

use biotope_core::{Component, Document, Invalid, Seed, Target, Task};
use biotope_data::label::report::{Known, ProbabilityModel, Scores};
use biotope_data::splits::k_fold::FOLDS;
use biotope_data::versions::named;
use biotope_data::{Dataset, LabelReport, Purpose, Quarantine, Row, Split, examine};
use biotope_models::Catalogue;
use biotope_nn::{Example, Params};
use biotope_text::train_featurizer;
use biotope_train::{RunDir, TrainConfig, Trainer, predict};
use candle_core::Device;

use crate::stages::evaluate::BUDGET;
use crate::{Error, House, Result};

/// Every how manieth document of those to learn from says when to stop.
const VALID: usize = 10;

/// How labels are examined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// Folds of the cross-validation, 2 to 1000; 0: no errors are looked for.
    pub folds: usize,
    /// Whether the test split is examined too; the opening is recorded.
    pub with_test: bool,
    /// Seed of folds and trainings.
    pub seed: Seed,
}

/// Examines `NAME` or `NAME@VERSION`.
pub fn labels(house: &House, name: &str, how: &Examination) -> Result<LabelReport> {
    check_folds(how.folds)?;
    let (plain, at) = named(name)?;
    let dataset = Dataset::open_as(house.store.dataset(plain)?, at)?;
    let mut rows: Vec<Row> = Vec::new();
    for split in [Split::Train, Split::Valid] {
        rows.extend(dataset.rows_to_learn(split)?.collect::<biotope_data::Result<Vec<_>>>()?);
    }
    if how.with_test {
        let purpose = Purpose {
            who: crate::seal::who(),
            what: format!("labels of {name}"),
            why: "looking for wrong labels in the test split".into(),
        };
        rows.extend(dataset.open_test(&purpose)?.collect::<biotope_data::Result<Vec<_>>>()?);
    }
    // Members of clusters only: of a large quarantine little else would be kept in memory for nothing.
    let mut set_aside = Vec::new();
    for entry in Quarantine::of(&house.store.quarantine(plain)?, &dataset.digest()?)?.into_iter().flatten() {
        let entry = entry?;
        set_aside.extend((entry.cluster.is_some() && entry.label.is_some()).then_some(entry));
    }
    let model = Ngrams { catalogue: &house.catalogue };
    let judge = (how.folds > 0).then_some((&model as &dyn ProbabilityModel, how.folds));
    Ok(examine(&rows, &set_aside, judge, how.seed)?)
}

/// Checked before the test split is opened for nothing.
fn check_folds(folds: usize) -> Result<(), Invalid> {
    if folds == 0 || FOLDS.contains(&folds) {
        return Ok(());
    }
    Err(Invalid::new("folds", "must be 0 or in 2..=1000", folds)
        .with_hint("0: no likely errors are looked for"))
}

/// Multinomial logistic regression over hashed n-grams: the zoo's `ngram-linear`, trained for less than on the ladder,
/// because a model that has learnt wrong labels by heart is sure of them.
struct Ngrams<'a> {
    catalogue: &'a Catalogue,
}

impl Ngrams<'_> {
    fn config() -> TrainConfig {
        TrainConfig {
            epochs: 5,
            lr: 10.0,
            clip_norm: 0.0,
            optimizer: Component::new("sgd"),
            batch_tokens: 100_000,
            metric: Some("loss".into()),
            ..TrainConfig::default()
        }
    }

    fn judge(
        &self,
        learn: &[Known<'_>],
        ask: &[&Document],
        classes: usize,
        seed: Seed,
    ) -> Result<Vec<Vec<f64>>> {
        let mut texts = learn.iter().map(|(doc, _)| doc.full_text());
        let featurizer = train_featurizer(&Component::new("ngrams"), &mut texts)?;
        let task = Task::single_label((0..classes).map(|class| format!("{class:06}")));
        let example = |doc: &Document, class: usize| -> Result<Example> {
            Ok(Example {
                id: doc.id,
                features: featurizer.features(doc)?,
                target: Some(Target::Class(class)),
            })
        };
        let (mut train, mut valid) = (Vec::new(), Vec::new());
        for (number, (doc, class)) in learn.iter().enumerate() {
            let to = if number % VALID == VALID - 1 { &mut valid } else { &mut train };
            to.push(example(doc, *class)?);
        }
        if valid.is_empty() {
            valid.extend(train.iter().cloned());
        }
        let params = Params::new(seed, &Device::Cpu);
        let shape = self.catalogue.filled(&Component::new("ngram-linear"), featurizer.vocab_size())?;
        let model = self.catalogue.build(&shape, &task, featurizer.vocab_size(), &params)?;
        let folder = tempfile::tempdir().map_err(Error::io("write in", std::env::temp_dir()))?;
        let mut trainer = Trainer::new(&Self::config(), seed, model.as_ref(), &params, &task)?;
        trainer.run(&train, &valid, &RunDir::open(folder.path())?)?;
        let asked: Vec<Example> = ask.iter().map(|doc| example(doc, 0)).collect::<Result<_>>()?;
        let predictions = predict(model.as_ref(), &task, &asked, BUDGET, &Device::Cpu)?;
        Ok(predictions.into_iter().map(|prediction| prediction.scores).collect())
    }
}

impl ProbabilityModel for Ngrams<'_> {
    fn describe(&self) -> String {
        "ngram-linear over hashed n-grams".into()
    }

    fn probabilities(&self, learn: &[Known<'_>], ask: &[&Document], classes: usize, seed: Seed) -> Scores {
        Ok(self.judge(learn, ask, classes, seed)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use biotope_core::seed::below;

    /// Words that each kind of article draws from, and words that all share.
    const KINDS: [(&str, [&str; 6]); 4] = [
        ("sport", ["striker", "league", "goal", "coach", "penalty", "stadium"]),
        ("business", ["profit", "shares", "quarter", "bank", "merger", "dividend"]),
        ("体育", ["球队", "进球", "联赛", "教练", "主场", "决赛"]),
        ("财经", ["银行", "利润", "股价", "季度", "加息", "债券"]),
    ];
    const SHARED: [&str; 8] = ["said", "on", "Monday", "report", "周一", "表示", "记者", "消息"];

    /// 600 articles of four kinds, one in ten with another label of the same language.
    fn planted() -> (Vec<Row>, Vec<bool>) {
        let mut rng = Seed(11).stream("test/labels");
        let (mut rows, mut wrong) = (Vec::new(), Vec::new());
        for number in 0..600usize {
            let kind = number % 4;
            let words: Vec<&str> = (0..24)
                .map(|_| match below(&mut rng, 10) {
                    0..5 => SHARED[below(&mut rng, 8) as usize],
                    5 => KINDS[below(&mut rng, 4) as usize].1[below(&mut rng, 6) as usize],
                    _ => KINDS[kind].1[below(&mut rng, 6) as usize],
                })
                .collect();
            let planted = below(&mut rng, 10) == 0;
            let label = KINDS[if planted { kind ^ 1 } else { kind }].0;
            let doc = Document::new(format!("https://news.example/{number}"), words.join(" "));
            let doc = Document { label: Some(label.into()), ..doc };
            rows.push(Row { cluster: doc.id, doc, split: Split::Train });
            wrong.push(planted);
        }
        (rows, wrong)
    }

    #[test]
    fn one_fold_leaves_nothing_to_learn_from() {
        assert!([0, 2, 1000].map(check_folds).iter().all(Result::is_ok));
        let error = check_folds(1).unwrap_err();
        assert_eq!(error.to_string(), "invalid folds: must be 0 or in 2..=1000, got 1");
        assert!(check_folds(1001).is_err());
    }

    #[test]
    fn most_planted_errors_are_found_in_english_and_in_chinese_and_little_else() {
        let (rows, wrong) = planted();
        let catalogue = Catalogue::default();
        let model = Ngrams { catalogue: &catalogue };
        let report = examine(&rows, &[], Some((&model, 5)), Seed(3)).unwrap();
        let doubts = report.doubts.unwrap();
        let suspects: std::collections::HashSet<_> = doubts.suspects.iter().map(|doubt| doubt.id).collect();
        let planted = wrong.iter().filter(|wrong| **wrong).count();
        for chinese in [false, true] {
            let of = |n: &usize| wrong[*n] && (n % 4 >= 2) == chinese;
            let (all, found) = (0..rows.len()).filter(of).fold((0, 0), |(all, found), n| {
                (all + 1, found + usize::from(suspects.contains(&rows[n].doc.id)))
            });
            assert!(found * 5 >= all * 4, "chinese {chinese}: {found} of {all}");
        }
        let right = (0..rows.len()).filter(|n| wrong[*n] && suspects.contains(&rows[*n].doc.id)).count();
        assert!(right * 20 >= suspects.len() * 19, "{right} of {} suspects are wrong", suspects.len());
        assert!((doubts.noise - planted as f64 / 600.0).abs() < 0.03, "{}", doubts.noise);
    }
}
