//! Which models there are, and how one is built by name.

use biotope_core::{Component, Entry, Invalid, Registry, Table, Task, Unknown, config};
use biotope_nn::{Model, ModelConfig, Params};
use candle_nn::VarBuilder;

use crate::{Result, ZOO};

/// The option that a caller fills in: the number of token ids or n-gram rows.
const VOCAB_SIZE: &str = "vocab_size";

/// Builds a model from its options, a task and a source of parameters.
pub type BuildModel = fn(&Table, &Task, VarBuilder) -> biotope_nn::Result<Box<dyn Model>>;

/// The registry line of a model's configuration.
pub const fn model<C: ModelConfig>() -> Entry<BuildModel>
where
    C::Model: 'static,
{
    Entry::of::<C>(build::<C>)
}

fn build<C: ModelConfig>(options: &Table, task: &Task, vb: VarBuilder) -> biotope_nn::Result<Box<dyn Model>>
where
    C::Model: 'static,
{
    let config: C = config::from_table(options)?;
    Ok(Box::new(config.build(task, vb)?))
}

/// The models that a recipe can name: the zoo, and whatever a team adds.
#[derive(Clone, Debug)]
pub struct Catalogue(Registry<BuildModel>);

impl Default for Catalogue {
    fn default() -> Self {
        Self(Registry::new("model", ZOO))
    }
}

impl Catalogue {
    /// The same with one more model; a model of the same name is replaced.
    #[must_use]
    pub fn with_model(self, entry: Entry<BuildModel>) -> Self {
        Self(self.0.with(entry))
    }

    /// The model of that name, or what may have been meant.
    pub fn get(&self, name: &str) -> Result<&Entry<BuildModel>, Unknown> {
        self.0.get(name)
    }

    /// All models, in order.
    pub fn entries(&self) -> &[Entry<BuildModel>] {
        self.0.entries()
    }

    /// The component with every option written out and `vocab_size` filled in where it was 0.
    ///
    /// A `vocab_size` that was given must hold the featurizer's ids; it may be larger.
    pub fn filled(&self, component: &Component, vocab_size: usize) -> Result<Component> {
        let entry = self.get(&component.name)?;
        let mut options = (entry.defaults)();
        let sized = options.contains_key(VOCAB_SIZE);
        options.extend(component.options.clone());
        let given = options.get(VOCAB_SIZE).and_then(toml::Value::as_integer);
        match given {
            Some(0) => {
                options.insert(VOCAB_SIZE.into(), toml::Value::Integer(vocab_size as i64));
            }
            Some(given) if sized && given < vocab_size as i64 => {
                let rule = format!("must be 0 (filled in) or at least the featurizer's {vocab_size}");
                return Err(Invalid::new(VOCAB_SIZE, rule, given).into());
            }
            _ => {}
        }
        Ok(Component { name: component.name.clone(), options })
    }

    /// Builds the model that a component names; its parameters are created in `params`, or found there.
    pub fn build(
        &self,
        component: &Component,
        task: &Task,
        vocab_size: usize,
        params: &Params,
    ) -> Result<Box<dyn Model>> {
        let entry = self.get(&component.name)?;
        let filled = self.filled(component, vocab_size)?;
        Ok((entry.build)(&filled.options, task, params.vb())?)
    }
}

/// A rule over one field, for the `check` of a configuration.
pub(crate) fn require<V: ToString>(holds: bool, field: &str, rule: &str, got: V) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid::new(field, rule, got)) }
}

/// A probability of dropping.
pub(crate) fn require_dropout(field: &str, value: f64) -> Result<(), Invalid> {
    require((0.0..1.0).contains(&value), field, "must be at least 0 and below 1", value)
}

/// A table needs rows before a model can be built.
pub(crate) fn require_vocab(vocab_size: usize) -> Result<(), Invalid> {
    let hint = "build through a catalogue, which fills it in, or set it to the featurizer's size";
    require(vocab_size > 0, VOCAB_SIZE, "must be positive to build", 0).map_err(|e| e.with_hint(hint))
}

#[cfg(test)]
mod tests {
    use biotope_core::Seed;
    use candle_core::Device;

    use super::*;

    fn error(component: &Component) -> String {
        let params = Params::new(Seed(1), &Device::Cpu);
        let built = Catalogue::default().build(component, &Task::single_label(["a", "b"]), 10, &params);
        let error = built.err().expect("a bad component");
        format!("{error} / {}", error.hint().unwrap_or_else(|| "-".into()))
    }

    #[test]
    fn how_each_error_looks() {
        assert_eq!(
            error(&Component::new("text-cn")),
            "unknown model \"text-cn\" / did you mean \"text-cnn\"?"
        );
        assert_eq!(
            error(&Component::new("gpt")),
            "unknown model \"gpt\" / known: bert, lstm, ngram-linear, text-cnn"
        );
        assert_eq!(
            error(&Component::new("lstm").with("hiden", 3)),
            "invalid hiden: is not a known key, got \"hiden\" / did you mean \"hidden\"?"
        );
        assert_eq!(
            error(&Component::new("lstm").with("dropout", 1.5)),
            "invalid dropout: must be at least 0 and below 1, got 1.5 / -"
        );
        assert_eq!(
            error(&Component::new("lstm").with("vocab_size", 9)),
            "invalid vocab_size: must be 0 (filled in) or at least the featurizer's 10, got 9 / -"
        );
    }

    #[test]
    fn the_vocabulary_is_filled_in_and_the_rest_written_out() {
        let filled = Catalogue::default().filled(&Component::new("lstm").with("dim", 7), 10).unwrap();
        assert_eq!(filled.options["vocab_size"].as_integer(), Some(10));
        assert_eq!(filled.options["dim"].as_integer(), Some(7));
        assert!(filled.options.contains_key("pooling"));
    }
}
