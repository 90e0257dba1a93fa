//! The laws that every architecture keeps; one test runs them over a whole registry.
//!
//! A model is built small: options of known names (`hidden`, `filters`, ...) are cut down, so that a new
//! architecture is tested before its author writes a test.

use std::collections::BTreeMap;
use std::path::Path;

use biotope_core::seed::below;
use biotope_core::{Entry, Features, RecordId, Seed, Table, Target, Task};
use biotope_nn::{Batch, Error, Example, Mode, Model, Output, Params, Precision, Result, Targets, guard};
use candle_core::{Device, Tensor};

use crate::BuildModel;

/// Ids that the examples use.
const VOCAB: usize = 40;
/// Options that are cut down to keep the suite fast, where a model has them.
const SMALL: &[(&str, i64)] = &[
    ("dim", 12),
    ("filters", 8),
    ("hidden", 10),
    ("hidden_size", 24),
    ("intermediate_size", 32),
    ("max_position_embeddings", 64),
    ("num_attention_heads", 2),
    ("num_hidden_layers", 2),
];

type Law = fn(&Subject<'_>, &Path) -> Result<Option<String>>;

const LAWS: &[(&str, Law)] = &[
    ("the same pass twice gives the same bits", deterministic),
    ("every parameter gets a gradient", every_gradient),
    ("eight examples are learned by heart", overfits),
    ("a batch answers as its members alone", batch_is_single),
    ("neighbours change nothing", neighbours),
    ("saved and opened are equal to the bit", save_and_open),
    ("frozen, it answers as the model does", frozen),
    ("options survive a recipe and unknown ones are refused", options),
];

/// Runs every law over a model; the answer lists what is broken. `dir` is an empty folder for files.
pub fn conforms(entry: &Entry<BuildModel>, dir: &Path) -> Vec<String> {
    let subject = match Subject::new(entry) {
        Ok(subject) => subject,
        Err(error) => return vec![format!("{}: cannot be built small: {error}", entry.name)],
    };
    let broken = |(law, run): &(&str, Law)| match run(&subject, dir) {
        Ok(None) => None,
        Ok(Some(what)) => Some(format!("{}: {law}: {what}", entry.name)),
        Err(error) => Some(format!("{}: {law}: {error}", entry.name)),
    };
    // The other laws read the logits, so their shape comes first.
    match broken(&("the output has one row per text and one column per label", output_shape as Law)) {
        Some(shape) => vec![shape],
        None => LAWS.iter().filter_map(broken).collect(),
    }
}

/// A model in small, and the kind of features that it takes.
struct Subject<'a> {
    entry: &'a Entry<BuildModel>,
    options: Table,
    bags: bool,
}

impl<'a> Subject<'a> {
    fn new(entry: &'a Entry<BuildModel>) -> Result<Self> {
        let mut options = (entry.defaults)();
        for (name, small) in SMALL {
            let size = options.get(*name).and_then(toml::Value::as_integer);
            if size.is_some_and(|size| size > *small) {
                options.insert((*name).into(), toml::Value::Integer(*small));
            }
        }
        if options.contains_key("vocab_size") {
            options.insert("vocab_size".into(), toml::Value::Integer(VOCAB as i64));
        }
        let mut subject = Self { entry, options, bags: false };
        let (model, _) = subject.build(&labels(3), 1)?;
        let probe = model.forward(&Subject::batch(&subject.examples(1))?, Mode::Eval);
        subject.bags = matches!(probe, Err(Error::Input { got: "tokens", .. }));
        Ok(subject)
    }

    fn build(&self, task: &Task, seed: u64) -> Result<(Box<dyn Model>, Params)> {
        let params = Params::new(Seed(seed), &Device::Cpu);
        Ok(((self.entry.build)(&self.options, task, params.vb())?, params))
    }

    /// Texts of 3 to 12 tokens, in three classes.
    fn examples(&self, count: usize) -> Vec<Example> {
        (0..count).map(|i| self.example(i, 3 + (i * 5) % 10, Some(Target::Class(i % 3)))).collect()
    }

    fn example(&self, index: usize, len: usize, target: Option<Target>) -> Example {
        let rng = &mut Seed(9).stream(&format!("example/{index}"));
        let mut tokens: Vec<u32> = (0..len).map(|_| below(rng, VOCAB as u64) as u32).collect();
        let features = if self.bags {
            tokens.sort_unstable();
            tokens.dedup();
            let weights = vec![1.0 / (tokens.len().max(1) as f32).sqrt(); tokens.len()];
            Features::Bag { rows: tokens, weights }
        } else {
            Features::Tokens(tokens)
        };
        Example { id: RecordId::of(&[&index.to_le_bytes()]), features, target }
    }

    /// A text of one id.
    fn odd(&self, id: u32) -> Example {
        let features = if self.bags {
            Features::Bag { rows: vec![id], weights: vec![1.0] }
        } else {
            Features::Tokens(vec![id])
        };
        Example { id: RecordId::of(&[b"odd"]), features, target: None }
    }

    fn batch(examples: &[Example]) -> Result<Batch> {
        Batch::collate(&examples.iter().collect::<Vec<_>>(), &Device::Cpu)
    }

    fn logits(model: &dyn Model, examples: &[Example]) -> Result<Vec<Vec<f32>>> {
        Ok(model.forward(&Self::batch(examples)?, Mode::Eval)?.logits.to_vec2()?)
    }
}

fn labels(count: usize) -> Task {
    Task::single_label((0..count).map(|i| format!("label {i}")))
}

/// What is wrong, unless the law holds.
fn unless(law: bool, what: impl FnOnce() -> String) -> Option<String> {
    (!law).then(what)
}

fn train(step: u64) -> Mode {
    Mode::train(Seed(11).derive(&step.to_string()))
}

fn output_shape(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let multi = Task::MultiLabel { labels: labels(5).labels().to_vec() };
    for task in [labels(3), multi, Task::Regression] {
        let (model, _) = subject.build(&task, 1)?;
        let output = model.forward(&Subject::batch(&subject.examples(4))?, Mode::Eval)?;
        if output.logits.dims() != [4, task.outputs()] || !output.rows.is_empty() {
            return Ok(Some(format!(
                "{:?} for 4 texts, {} row gradients",
                output.logits.dims(),
                output.rows.len()
            )));
        }
    }
    Ok(None)
}

fn deterministic(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, _) = subject.build(&labels(3), 1)?;
    let (again, _) = subject.build(&labels(3), 1)?;
    let batch = Subject::batch(&subject.examples(4))?;
    for mode in [Mode::Eval, train(1)] {
        let bits = |model: &dyn Model| -> Result<Vec<Vec<f32>>> {
            Ok(model.forward(&batch, mode)?.logits.to_vec2()?)
        };
        let (first, second, third) = (bits(&*model)?, bits(&*model)?, bits(&*again)?);
        if first != second || first != third {
            return Ok(Some(format!("{mode:?}: {first:?}, {second:?}, {third:?}")));
        }
    }
    Ok(None)
}

fn every_gradient(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, params) = subject.build(&labels(3), 1)?;
    let batch = Subject::batch(&subject.examples(8))?;
    let output = model.forward(&batch, train(0))?;
    let missing = guard::missing(&params, &loss(&output, &batch)?.backward()?, &output);
    Ok(unless(missing.is_empty() && !params.is_empty(), || missing.join(", ")))
}

fn overfits(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, params) = subject.build(&labels(3), 1)?;
    let examples = subject.examples(8);
    let batch = Subject::batch(&examples)?;
    let mut adam = Adam::default();
    let mut right = 0;
    for step in 0..300 {
        let output = model.forward(&batch, train(step))?;
        adam.step(&params, &output, &loss(&output, &batch)?.backward()?)?;
        if step % 20 == 19 {
            let logits = Subject::logits(&*model, &examples)?;
            right = logits.iter().enumerate().filter(|(i, row)| best(row) == i % 3).count();
            if right == 8 {
                break;
            }
        }
    }
    Ok(unless(right == 8, || format!("{right} of 8 after 300 steps of Adam")))
}

fn batch_is_single(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, _) = subject.build(&labels(3), 1)?;
    let examples = subject.examples(6);
    let together = Subject::logits(&*model, &examples)?;
    for (i, example) in examples.iter().enumerate() {
        let alone = Subject::logits(&*model, std::slice::from_ref(example))?;
        if far(&together[i], &alone[0]) {
            return Ok(Some(format!("text {i}: {:?} in the batch, {:?} alone", together[i], alone[0])));
        }
    }
    Ok(None)
}

fn neighbours(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, _) = subject.build(&labels(3), 1)?;
    let texts = [subject.example(0, 2, None), subject.example(1, 9, None)];
    let plain = Subject::logits(&*model, &texts)?;
    let (long, empty) = (subject.example(7, 50, None), subject.example(8, 0, None));
    let [first, second] = texts;
    let mixed = Subject::logits(&*model, &[long, second, empty, first])?;
    let same = !far(&plain[0], &mixed[3]) && !far(&plain[1], &mixed[1]);
    let finite = mixed.iter().flatten().all(|logit| logit.is_finite());
    Ok(unless(same && finite, || format!("{plain:?} among themselves, {mixed:?} among others")))
}

fn save_and_open(subject: &Subject<'_>, dir: &Path) -> Result<Option<String>> {
    let (model, params) = subject.build(&labels(3), 1)?;
    let (other, opened) = subject.build(&labels(3), 2)?;
    let path = dir.join(format!("{}.safetensors", subject.entry.name));
    params.save(&path)?;
    opened.load(&path)?;
    let examples = subject.examples(4);
    let (saved, opened) = (Subject::logits(&*model, &examples)?, Subject::logits(&*other, &examples)?);
    Ok(unless(saved == opened, || format!("{saved:?} saved, {opened:?} opened")))
}

/// Logits of the model against its frozen forms: all texts, one alone, an empty one among them.
fn frozen(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let (model, _) = subject.build(&labels(3), 1)?;
    let mut examples = subject.examples(6);
    examples.push(subject.example(8, 0, None));
    for example in &mut examples {
        example.target = None;
    }
    let expected = Subject::logits(&*model, &examples)?;
    for precision in Precision::ALL {
        let Some(frozen) = model.freeze(precision)? else { continue };
        let bound = if precision == Precision::F32 { 1e-5 } else { 0.1 };
        let batch = Subject::batch(&examples)?;
        let answers = frozen.answer(&batch.input)?;
        let alone = frozen.answer(&Subject::batch(&examples[2..3])?.input)?;
        if answers[2 * 3..3 * 3] != alone {
            return Ok(Some(format!(
                "{precision}: text 2 is {alone:?} alone, {:?} in the batch",
                &answers[6..9]
            )));
        }
        for (row, (expected, got)) in expected.iter().zip(answers.chunks(3)).enumerate() {
            let far = |(a, b): (&f32, &f32)| (a - b).abs() > bound * (1.0 + a.abs());
            if expected.iter().zip(got).any(far) {
                return Ok(Some(format!("{precision}: text {row} is {got:?}, the model says {expected:?}")));
            }
        }
        let odd = subject.odd(VOCAB as u32);
        let refused = frozen.answer(&Subject::batch(&[odd])?.input).err();
        if !matches!(refused, Some(Error::OutOfRange { .. })) {
            return Ok(Some(format!("{precision}: an id beyond the table gives {refused:?}")));
        }
    }
    Ok(None)
}

fn options(subject: &Subject<'_>, _: &Path) -> Result<Option<String>> {
    let text = subject.options.to_string();
    let again: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return Ok(Some(error.to_string())),
    };
    if again != subject.options {
        return Ok(Some(format!("{text} is read as {again}")));
    }
    (subject.entry.build)(&again, &labels(3), Params::new(Seed(1), &Device::Cpu).vb())?;
    let mut odd = again;
    odd.insert("no_such_option".into(), toml::Value::Integer(1));
    let params = Params::new(Seed(1), &Device::Cpu);
    let refused = (subject.entry.build)(&odd, &labels(3), params.vb()).err();
    let named = refused.is_some_and(|error| error.to_string().contains("no_such_option"));
    Ok(unless(named, || "no_such_option was taken".into()))
}

fn best(row: &[f32]) -> usize {
    (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap_or_default()
}

fn far(a: &[f32], b: &[f32]) -> bool {
    a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-4 * (1.0 + a.abs()))
}

fn loss(output: &Output, batch: &Batch) -> Result<Tensor> {
    let Some(Targets::Classes(classes)) = &batch.targets else {
        return Err(Error::EmptyBatch);
    };
    Ok(candle_nn::loss::cross_entropy(&output.logits, classes)?)
}

/// Adam (Kingma and Ba 2015) over host copies: enough to see that gradients point downhill.
#[derive(Default)]
struct Adam {
    steps: i32,
    moments: BTreeMap<String, Vec<(f32, f32)>>,
}

impl Adam {
    fn step(
        &mut self,
        params: &Params,
        output: &Output,
        grads: &candle_core::backprop::GradStore,
    ) -> Result<()> {
        self.steps += 1;
        let (fade, fade2) = (1.0 - 0.9f32.powi(self.steps), 1.0 - 0.999f32.powi(self.steps));
        for (name, var) in params.iter() {
            let Some(grad) = dense(&name, var.as_tensor(), output, grads)? else { continue };
            let mut values: Vec<f32> = var.flatten_all()?.to_vec1()?;
            let moments = self.moments.entry(name.clone()).or_insert_with(|| vec![(0.0, 0.0); values.len()]);
            for ((value, (m, v)), g) in values.iter_mut().zip(moments).zip(&grad) {
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                *value -= 0.01 * (*m / fade) / ((*v / fade2).sqrt() + 1e-8);
            }
            params.set(&name, &Tensor::from_vec(values, var.dims(), &Device::Cpu)?)?;
        }
        Ok(())
    }
}

/// The gradient of a parameter, its rows scattered if it is sparse.
fn dense(
    name: &str,
    param: &Tensor,
    output: &Output,
    grads: &candle_core::backprop::GradStore,
) -> Result<Option<Vec<f32>>> {
    if let Some(direct) = output.direct.iter().find(|direct| direct.param == name) {
        let grad = direct.full(param)?;
        return Ok(grad.map(|grad| grad.flatten_all()?.to_vec1()).transpose()?);
    }
    let mut all = vec![0.0; param.elem_count()];
    let width = param.elem_count() / param.dims()[0].max(1);
    let mut any = false;
    for row in output.rows.iter().filter(|row| row.param == name) {
        let Some(grad) = grads.get(&row.leaf) else { continue };
        any = true;
        let values: Vec<f32> = grad.flatten_all()?.to_vec1()?;
        for (chunk, at) in values.chunks(width).zip(&row.rows) {
            let start = *at as usize * width;
            all[start..start + width].iter_mut().zip(chunk).for_each(|(sum, value)| *sum += value);
        }
    }
    Ok(any.then_some(all))
}
