//! What is measured against whom, and the ratio to reach.

use super::python::Kind;

/// A program and its arguments, ours or a peer's.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// A script of `tests/bench/peers` and the interpreter that runs it; nothing for ours.
    pub(crate) script: Option<(&'static str, Kind)>,
    /// Its arguments.
    pub(crate) args: Vec<&'static str>,
}

impl Program {
    /// Its name, and of ours the precision that tells its settings apart.
    pub(crate) fn label(&self) -> String {
        let precision = self.args.iter().skip_while(|arg| **arg != "--precision").nth(1);
        match (self.script, precision) {
            (None, Some(precision)) => format!("{} {precision}", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// A number of a program's line that is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Quantity {
    /// Units per second; the ratio is ours by theirs.
    Rate(&'static str),
    /// Milliseconds of a step, median; the ratio is theirs by ours.
    P50,
    /// The same, 99th percentile.
    P99,
    /// Peak memory in MiB; the ratio is ours by theirs, and less is better.
    Memory,
}

/// What must be reached: against the best of the peers, or against one whose name begins so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) quantity: Quantity,
    /// Empty: the best of all.
    pub(crate) peer: &'static str,
    pub(crate) ratio: f64,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Steps timed and not timed, per process.
    pub(crate) steps: (usize, usize),
    /// Ours; of several settings the fastest counts.
    pub(crate) ours: Vec<Program>,
    pub(crate) peers: Vec<Program>,
    pub(crate) quantities: Vec<Quantity>,
    pub(crate) targets: Vec<Target>,
}

impl Case {
    /// One line for `--list`.
    pub(crate) fn describe(&self) -> String {
        let peers: Vec<&str> = self.peers.iter().map(|peer| peer.name).collect();
        let goals: Vec<String> = self.targets.iter().map(Target::describe).collect();
        format!("{:<22} {}; {}", self.name, peers.join(", "), goals.join(", "))
    }
}

impl Target {
    fn describe(&self) -> String {
        let whom = if self.peer.is_empty() { "" } else { " against " };
        format!("{} {}{whom}{}", self.quantity.unit(), self.goal(), self.peer)
    }

    /// `≥ 2.5` or, of memory, `≤ 0.6`.
    pub(crate) fn goal(&self) -> String {
        let sign = if self.quantity == Quantity::Memory { "≤" } else { "≥" };
        format!("{sign} {}", self.ratio)
    }

    /// Whether a ratio is good enough.
    pub(crate) fn is_reached(&self, ratio: f64) -> bool {
        if self.quantity == Quantity::Memory { ratio <= self.ratio } else { ratio >= self.ratio }
    }
}

impl Quantity {
    /// What is printed behind the numbers.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Rate(unit) => unit,
            Self::P50 => "ms p50",
            Self::P99 => "ms p99",
            Self::Memory => "MiB peak",
        }
    }

    /// How many times better ours is; of memory, the share that ours takes.
    pub(crate) fn ratio(self, ours: f64, theirs: f64) -> f64 {
        match self {
            Self::P50 | Self::P99 => theirs / ours,
            Self::Rate(_) | Self::Memory => ours / theirs,
        }
    }
}

const SAMPLES: Quantity = Quantity::Rate("samples/s");
const TOKENS: Quantity = Quantity::Rate("tokens/s");

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = vec![
        bert_train("bert-train-64-bf16", "64", "bf16", 2.5, (12, 3)),
        bert_train("bert-train-64-f32", "64", "f32", 1.3, (10, 3)),
        bert_train("bert-train-128-bf16", "128", "bf16", 2.5, (8, 2)),
        bert_train("bert-train-128-f32", "128", "f32", 1.3, (6, 2)),
        bert_train("bert-train-news-bf16", "news", "bf16", 4.0, (1, 1)),
        bert_infer("bert-infer-64", "64", "32", (20, 4)),
        bert_infer("bert-infer-128", "128", "32", (12, 4)),
        bert_infer("bert-infer-news", "news", "32", (2, 1)),
        bert_infer("bert-infer-1x64", "64", "1", (300, 30)),
        bert_infer("bert-infer-1x128", "128", "1", (200, 30)),
    ];
    cases.extend([lstm("lstm-train-50", "50", (48, 8)), lstm("lstm-train-200", "200", (16, 4)), text_cnn()]);
    cases.extend([ngram("ngram-train", "100"), ngram("ngram-train-direct", "0")]);
    cases
}

fn ours(args: &[&'static str]) -> Program {
    Program { name: "biotope", script: None, args: args.to_vec() }
}

fn peer(name: &'static str, script: &'static str, args: &[&'static str]) -> Program {
    Program { name, script: Some((script, Kind::Torch)), args: args.to_vec() }
}

fn goal(quantity: Quantity, peer: &'static str, ratio: f64) -> Target {
    Target { quantity, peer, ratio }
}

fn bert_train(
    name: &'static str,
    length: &'static str,
    precision: &'static str,
    ratio: f64,
    steps: (usize, usize),
) -> Case {
    let args = ["--length", length, "--precision", precision];
    let torch = if precision == "bf16" { "PyTorch bf16 autocast" } else { "PyTorch f32" };
    Case {
        name,
        steps,
        ours: vec![ours(&[&["bert-train"], &args[..]].concat())],
        peers: vec![peer(torch, "bert_train.py", &args)],
        quantities: vec![SAMPLES, Quantity::Memory],
        targets: vec![goal(SAMPLES, "", ratio), goal(Quantity::Memory, "", 0.6)],
    }
}

fn bert_infer(name: &'static str, length: &'static str, batch: &'static str, steps: (usize, usize)) -> Case {
    let with = |more: &[&'static str]| [&["--length", length, "--batch", batch], more].concat();
    let own = |precision| ours(&[&["bert-infer"], &with(&["--precision", precision])[..]].concat());
    let (quantities, targets) = match (batch, length) {
        ("1", _) => (vec![Quantity::P50, Quantity::P99], vec![1.3, 1.3]),
        (_, "news") => (vec![SAMPLES], vec![2.5]),
        _ => (vec![SAMPLES], vec![1.5]),
    };
    Case {
        name,
        steps,
        ours: vec![own("f32"), own("bf16"), own("int8")],
        peers: vec![
            peer("PyTorch bf16 eager", "bert_infer.py", &with(&["--precision", "bf16"])),
            peer("PyTorch bf16 compiled", "bert_infer.py", &with(&["--precision", "bf16", "--compile", "1"])),
            peer("ONNX Runtime f32", "onnx_infer.py", &with(&["--precision", "f32"])),
            peer("ONNX Runtime int8", "onnx_infer.py", &with(&["--precision", "int8"])),
        ],
        targets: quantities.iter().zip(targets).map(|(quantity, ratio)| goal(*quantity, "", ratio)).collect(),
        quantities,
    }
}

fn lstm(name: &'static str, length: &'static str, steps: (usize, usize)) -> Case {
    let args = ["--length", length];
    let keras = Program { name: "Keras", script: Some(("lstm_keras.py", Kind::Keras)), args: args.to_vec() };
    Case {
        name,
        steps,
        ours: vec![ours(&[&["lstm-train"], &args[..]].concat())],
        peers: vec![keras, peer("PyTorch, no recurrent dropout", "lstm_torch.py", &args)],
        quantities: vec![SAMPLES],
        targets: vec![goal(SAMPLES, "Keras", 5.0), goal(SAMPLES, "PyTorch", 1.3)],
    }
}

fn text_cnn() -> Case {
    Case {
        name: "text-cnn-train",
        steps: (40, 8),
        ours: vec![ours(&["text-cnn-train", "--length", "64"])],
        peers: vec![
            peer("PyTorch", "text_cnn.py", &["--embedding", "dense"]),
            peer("PyTorch, sparse embedding", "text_cnn.py", &["--embedding", "sparse"]),
        ],
        quantities: vec![SAMPLES],
        targets: vec![goal(SAMPLES, "", 2.0)],
    }
}

/// With a hidden layer as fastText has it, or the direct one of the recipes.
fn ngram(name: &'static str, dim: &'static str) -> Case {
    Case {
        name,
        steps: (2, 0),
        ours: vec![ours(&["ngram-train", "--dim", dim])],
        peers: vec![
            peer("fastText", "ngram_fasttext.py", &[]),
            peer("scikit-learn", "ngram_sklearn.py", &[]),
        ],
        quantities: vec![TOKENS],
        targets: vec![goal(TOKENS, "fastText", 1.5)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_say_how_much_better_ours_is() {
        assert_eq!(SAMPLES.ratio(30.0, 20.0), 1.5);
        assert_eq!(Quantity::P99.ratio(2.0, 3.0), 1.5);
        assert_eq!(Quantity::Memory.ratio(300.0, 600.0), 0.5);
        assert!(goal(Quantity::Memory, "", 0.6).is_reached(0.5) && !goal(SAMPLES, "", 2.0).is_reached(1.9));
    }

    #[test]
    fn names_are_distinct_and_every_target_has_its_peer() {
        let cases = all();
        let names: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), cases.len());
        for case in &cases {
            assert!(!case.targets.is_empty() && case.steps.0 > 0, "{}", case.name);
            for target in &case.targets {
                assert!(case.quantities.contains(&target.quantity), "{}", case.name);
                assert!(case.peers.iter().any(|peer| peer.name.starts_with(target.peer)), "{}", case.name);
            }
        }
        assert_eq!(
            cases[0].describe(),
            "bert-train-64-bf16     PyTorch bf16 autocast; samples/s ≥ 2.5, MiB peak ≤ 0.6"
        );
    }
}
