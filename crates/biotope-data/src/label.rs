//! Labels besides those of the sources: the trait of the rules that give them, and rules in a row.

use biotope_core::{Component, Config, Document, Invalid, Table, config};

use crate::{Error, Result};

pub mod confident;
pub mod report;
mod report_page;

/// A rule that knows the label of some documents.
pub trait Labeller: Send + Sync {
    /// The label, if the rule has one for this document.
    fn label(&self, doc: &Document) -> Option<String>;
}

/// How a rule is made from its options.
#[derive(Clone, Copy, Debug)]
pub struct BuildLabel {
    /// Checks the options alone; no file is read.
    pub check: fn(&Table) -> Result<(), Invalid>,
    /// Makes the rule. A file is read here, once.
    pub open: fn(&Table) -> Result<Box<dyn Labeller>>,
}

impl BuildLabel {
    /// Of a rule with that configuration.
    pub const fn of<C: Config>(open: fn(&Table) -> Result<Box<dyn Labeller>>) -> Self {
        Self { check: parsed::<C>, open }
    }
}

fn parsed<C: Config>(options: &Table) -> Result<(), Invalid> {
    config::from_table::<C>(options).map(drop)
}

/// Looks rules up and checks their options, without reading a file.
pub fn check(components: &[Component]) -> Result<()> {
    let registry = crate::labels();
    for (index, component) in components.iter().enumerate() {
        let checked = (registry.get(&component.name)?.build.check)(&component.options);
        checked.map_err(|invalid| invalid.under(&format!("labels[{index}]")))?;
    }
    Ok(())
}

/// Makes the rule that a recipe names.
pub fn build_labeller(component: &Component) -> Result<Box<dyn Labeller>> {
    (crate::labels().get(&component.name)?.build.open)(&component.options)
}

/// Rules in a row. The last one that knows a document has the say; where none does, the source's label stays.
pub struct Labels(Vec<(String, Box<dyn Labeller>)>);

impl std::fmt::Debug for Labels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Labels {
    /// The rules that a recipe lists.
    pub fn open(components: &[Component]) -> Result<Self> {
        let rules = components.iter().enumerate().map(|(index, component)| {
            let rule = build_labeller(component).map_err(|error| match error {
                Error::Invalid(invalid) => Error::Invalid(invalid.under(&format!("labels[{index}]"))),
                other => other,
            });
            Ok((component.name.clone(), rule?))
        });
        Ok(Self(rules.collect::<Result<_>>()?))
    }

    /// Gives the document its label, and says so in its trail.
    ///
    /// ```
    /// use biotope_core::{Component, Document};
    /// use biotope_data::label::Labels;
    /// let rule = "use = \"url\"\nrules = [{ url = \"*/tiyu/*\", label = \"体育\" }]";
    /// let rule: Component = rule.parse::<biotope_core::Table>()?.try_into()?;
    /// let rules = Labels::open(&[rule])?;
    /// let mut doc = Document::new("https://news.example/tiyu/1", "国家队赢了");
    /// rules.apply(&mut doc);
    /// assert_eq!((doc.label.as_deref(), doc.trail[0].effect.as_str()), (Some("体育"), "\"体育\" by url"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn apply(&self, doc: &mut Document) {
        let known = self.0.iter().rev().find_map(|(name, rule)| Some((name, rule.label(doc)?)));
        let Some((name, label)) = known else { return };
        let effect = match &doc.label {
            Some(old) if *old != label => format!("{label:?} by {name}, was {old:?}"),
            _ => format!("{label:?} by {name}"),
        };
        doc.trace("label", effect);
        doc.label = Some(label);
    }
}
