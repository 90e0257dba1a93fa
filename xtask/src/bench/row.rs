//! Rows of the table: one quantity of one case against one peer.

use serde_json::{Value, json};

use super::cases::{Case, Quantity, Target};
use super::sample::{Sample, median};

const MIB: f64 = 1024.0 * 1024.0;

/// A row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) case: String,
    pub(crate) peer: String,
    pub(crate) unit: String,
    pub(crate) ours: Option<f64>,
    pub(crate) theirs: Option<f64>,
    /// How many times better ours is; of memory, the share that ours takes.
    pub(crate) ratio: Option<f64>,
    /// Smallest and largest ratio of a single round.
    pub(crate) spread: Option<(f64, f64)>,
    /// The ratio to reach, where this is the row that it is held against; whether it is.
    pub(crate) target: Option<(String, bool)>,
    pub(crate) path: String,
    pub(crate) threads: u64,
    pub(crate) rss: [Option<f64>; 2],
    pub(crate) accuracy: [Option<f64>; 2],
    /// Why there are no numbers.
    pub(crate) failure: Option<String>,
}

/// What the rounds of one program gave, or why they gave nothing.
pub(crate) type Rounds = Result<Vec<Sample>, String>;

/// The number that is compared, of one process.
pub(crate) fn number(quantity: Quantity, sample: &Sample) -> f64 {
    match quantity {
        Quantity::Rate(_) => sample.rate,
        Quantity::P50 => sample.median * 1e3,
        Quantity::P99 => sample.p99 * 1e3,
        Quantity::Memory => sample.rss / MIB,
    }
}

fn middle(quantity: Quantity, samples: &[Sample]) -> f64 {
    median(samples.iter().map(|sample| number(quantity, sample)))
}

/// The rows of a case. `ours` and `theirs` stand in the order of the case's programs.
pub(crate) fn rows(case: &Case, ours: &[Rounds], theirs: &[Rounds]) -> Vec<Row> {
    let mut rows = Vec::new();
    for quantity in &case.quantities {
        let mine = best(*quantity, ours);
        let first = rows.len();
        let each = case.peers.iter().zip(theirs);
        rows.extend(each.map(|(peer, theirs)| row(case, *quantity, peer.name, &mine, theirs)));
        if theirs.is_empty() {
            rows.push(row(case, *quantity, "", &mine, &Err(String::new())));
        }
        let targets = case.targets.iter().filter(|target| target.quantity == *quantity);
        targets.for_each(|target| hold(target, &mut rows[first..]));
    }
    rows
}

/// The fastest of our settings; the reason of the first that failed if none ran.
fn best(quantity: Quantity, ours: &[Rounds]) -> Rounds {
    let good = ours.iter().filter_map(|rounds| rounds.as_ref().ok());
    let worth = |samples: &&Vec<Sample>| quantity.ratio(middle(quantity, samples), 1.0);
    match good.max_by(|a, b| worth(a).total_cmp(&worth(b))) {
        Some(samples) => Ok(samples.clone()),
        None => ours[0].clone(),
    }
}

fn row(case: &Case, quantity: Quantity, peer: &str, ours: &Rounds, theirs: &Rounds) -> Row {
    let samples = |rounds: &Rounds| rounds.clone().unwrap_or_default();
    let (mine, their) = (samples(ours), samples(theirs));
    let number_of = |samples: &[Sample]| (!samples.is_empty()).then(|| middle(quantity, samples));
    let rss = |samples: &[Sample]| (!samples.is_empty()).then(|| median(samples.iter().map(|s| s.rss)));
    let accuracy = |samples: &[Sample]| samples.first().and_then(|sample| sample.accuracy);
    let pairs = mine.iter().zip(&their);
    let ratios: Vec<f64> =
        pairs.map(|(a, b)| quantity.ratio(number(quantity, a), number(quantity, b))).collect();
    let of_both = number_of(&mine).zip(number_of(&their));
    let failure = match (ours, theirs) {
        (Err(why), _) => Some(format!("ours: {why}")),
        (_, Err(why)) if !why.is_empty() => Some(why.clone()),
        _ => None,
    };
    Row {
        case: case.name.to_owned(),
        peer: peer.to_owned(),
        unit: quantity.unit().to_owned(),
        ours: number_of(&mine),
        theirs: number_of(&their),
        ratio: of_both.map(|(a, b)| quantity.ratio(a, b)),
        spread: ratios.iter().copied().reduce(f64::min).zip(ratios.iter().copied().reduce(f64::max)),
        target: None,
        path: mine.first().map(|sample| sample.path.clone()).unwrap_or_default(),
        threads: mine.first().map_or(0, |sample| sample.threads),
        rss: [rss(&mine), rss(&their)],
        accuracy: [accuracy(&mine), accuracy(&their)],
        failure,
    }
}

/// Writes a target to the row that it is held against: of those that fit, the one where ours does worst.
fn hold(target: &Target, rows: &mut [Row]) {
    let fitting = rows.iter_mut().filter(|row| row.peer.starts_with(target.peer) && row.ratio.is_some());
    let bad = |row: &&mut Row| {
        let ratio = row.ratio.unwrap_or_default();
        if target.quantity == Quantity::Memory { -ratio } else { ratio }
    };
    if let Some(row) = fitting.min_by(|a, b| bad(a).total_cmp(&bad(b))) {
        let reached = row.ratio.is_some_and(|ratio| target.is_reached(ratio));
        row.target = Some((target.goal(), reached));
    }
}

impl Row {
    /// The row of `peers.json`.
    pub(crate) fn json(&self) -> Value {
        json!({
            "case": self.case, "peer": self.peer, "unit": self.unit,
            "ours": self.ours, "theirs": self.theirs, "ratio": self.ratio,
            "ratio_min": self.spread.map(|spread| spread.0), "ratio_max": self.spread.map(|spread| spread.1),
            "target": self.target.as_ref().map(|target| &target.0),
            "reached": self.target.as_ref().map(|target| target.1),
            "path": self.path, "threads": self.threads,
            "rss_ours": self.rss[0], "rss_theirs": self.rss[1],
            "accuracy_ours": self.accuracy[0], "accuracy_theirs": self.accuracy[1],
            "failure": self.failure,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases;
    use super::*;

    fn sample(rate: f64, rss: f64) -> Sample {
        Sample { rate, median: 1.0 / rate, p99: 2.0 / rate, rss, threads: 2, ..Sample::default() }
    }

    fn case(name: &str) -> Case {
        cases::all().into_iter().find(|case| case.name == name).unwrap()
    }

    #[test]
    fn medians_are_compared_and_targets_judged() {
        let ours = [Ok(vec![sample(100.0, 3e8), sample(120.0, 3e8), sample(110.0, 3e8)])];
        let theirs = [Ok(vec![sample(40.0, 6e8), sample(44.0, 6e8), sample(10.0, 6e8)])];
        let rows = rows(&case("bert-train-64-bf16"), &ours, &theirs);
        assert_eq!((rows.len(), rows[0].ours, rows[0].theirs), (2, Some(110.0), Some(40.0)));
        assert_eq!((rows[0].ratio, &rows[0].target), (Some(2.75), &Some(("≥ 2.5".into(), true))));
        assert_eq!(rows[0].spread, Some((2.5, 11.0)));
        assert_eq!((rows[1].ratio, &rows[1].target), (Some(0.5), &Some(("≤ 0.6".into(), true))));
        assert_eq!((rows[1].unit.as_str(), rows[1].json()["rss_ours"].as_f64()), ("MiB peak", Some(3e8)));
    }

    #[test]
    fn of_ours_the_fastest_counts_and_of_the_peers_the_best() {
        let ours = [Ok(vec![sample(10.0, 1.0)]), Err("no bf16".into()), Ok(vec![sample(40.0, 1.0)])];
        let fast = |rate| Ok(vec![sample(rate, 1.0)]);
        let theirs = [fast(20.0), Err("no compiler".into()), fast(16.0), fast(25.0)];
        let rows = rows(&case("bert-infer-1x64"), &ours, &theirs);
        assert_eq!(rows.len(), 8);
        let held: Vec<bool> = rows.iter().map(|row| row.target.is_some()).collect();
        assert_eq!(held, [false, false, false, true, false, false, false, true]);
        assert_eq!((rows[3].ours, rows[3].theirs, rows[3].ratio), (Some(25.0), Some(40.0), Some(1.6)));
        assert_eq!(rows[1].failure.as_deref(), Some("no compiler"));
        assert!(rows[1].ratio.is_none() && rows[1].json()["theirs"].is_null());
    }

    #[test]
    fn targets_may_differ_by_peer() {
        let (ours, theirs) =
            ([Ok(vec![sample(60.0, 1.0)])], [Ok(vec![sample(10.0, 1.0)]), Ok(vec![sample(50.0, 1.0)])]);
        let rows = rows(&case("lstm-train-50"), &ours, &theirs);
        assert_eq!(rows[0].target, Some(("≥ 5".into(), true)));
        assert_eq!(rows[1].target, Some(("≥ 1.3".into(), false)));
    }

    #[test]
    fn without_peers_and_without_ours() {
        let alone = rows(&case("text-cnn-train"), &[Ok(vec![sample(60.0, 1.0)])], &[]);
        assert_eq!((alone.len(), alone[0].ours, alone[0].failure.as_ref()), (1, Some(60.0), None));
        let failed = rows(&case("text-cnn-train"), &[Err("exit 2".into())], &[]);
        assert_eq!(failed[0].failure.as_deref(), Some("ours: exit 2"));
    }
}
