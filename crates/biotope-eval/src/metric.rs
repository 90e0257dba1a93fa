//! A metric that is fed row by row, in pieces if need be.

use std::any::Any;
use std::fmt::Debug;

use biotope_core::{Prediction, Registry, Target, Task};
use serde::{Deserialize, Serialize};

use crate::metrics::LIST;
use crate::rows::{check_row, kind};
use crate::{Error, Result};

/// Which direction is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The larger the better.
    Higher,
    /// The smaller the better.
    Lower,
}

impl Better {
    /// Whether `new` is an improvement over `old`; NaN never is.
    pub fn improves(self, new: f64, old: f64) -> bool {
        match self {
            Self::Higher => new > old,
            Self::Lower => new < old,
        }
    }
}

/// A number about predictions and targets, gathered row by row.
///
/// Law: feeding two metrics the two parts of a list and merging them is feeding one the whole list
/// (up to rounding of sums).
pub trait Metric: Debug + Send + Sync {
    /// Registry name.
    fn name(&self) -> &'static str;

    /// Which direction is good.
    fn better(&self) -> Better;

    /// Counts one row; an unfit row is an error and leaves the count as it was.
    fn add(&mut self, prediction: &Prediction, target: &Target) -> Result<()>;

    /// Takes over what another metric of the same kind and task has counted.
    fn merge(&mut self, other: &dyn Metric) -> Result<()>;

    /// The value so far; `None` while it is undefined.
    fn value(&self) -> Option<f64>;

    /// For [`Metric::merge`].
    fn as_any(&self) -> &dyn Any;
}

/// How a metric of a registry is made for a task; [`Error::Unsuited`] where it has no meaning.
pub type BuildMetric = fn(&Task) -> Result<Box<dyn Metric>>;

/// All metrics of the house.
///
/// ```
/// use biotope_core::{Prediction, RecordId, Target, Task};
/// let task = Task::single_label(["crude", "grain"]);
/// let build = biotope_eval::metrics().get("accuracy").unwrap().build;
/// let mut accuracy = build(&task).unwrap();
/// let prediction = Prediction { id: RecordId::default(), scores: vec![0.2, 0.8] };
/// accuracy.add(&prediction, &Target::Class(1)).unwrap();
/// assert_eq!(accuracy.value(), Some(1.0));
/// ```
pub fn metrics() -> Registry<BuildMetric> {
    Registry::new("metric", LIST)
}

/// The metric of that name for a task.
pub fn build_metric(name: &str, task: &Task) -> Result<Box<dyn Metric>> {
    (metrics().get(name)?.build)(task)
}

/// What a streaming metric keeps between rows.
pub(crate) trait Tally: Debug + Clone + Send + Sync + 'static {
    fn add(&mut self, prediction: &Prediction, target: &Target);
    /// Takes over another's counts; `false` if they do not fit.
    fn merge(&mut self, other: &Self) -> bool;
}

/// A tally, and the function of it that is the metric.
#[derive(Clone, Debug)]
pub(crate) struct Streaming<T> {
    name: &'static str,
    better: Better,
    task: Task,
    tally: T,
    value: fn(&T) -> Option<f64>,
}

/// Which tasks a metric has a meaning for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Suits {
    /// Labels, one or many to a row.
    Classes,
    /// One label to a row.
    OneClass,
    /// Many labels to a row.
    ManyLabels,
    /// A number.
    Number,
}

impl Suits {
    fn fits(self, task: &Task) -> bool {
        match task {
            Task::SingleLabel { .. } => matches!(self, Self::Classes | Self::OneClass),
            Task::MultiLabel { .. } => matches!(self, Self::Classes | Self::ManyLabels),
            Task::Regression => matches!(self, Self::Number),
        }
    }
}

impl<T: Tally> Streaming<T> {
    /// The metric for a task that it suits: an empty tally, and the function of it that is the value.
    pub(crate) fn build(
        name: &'static str,
        task: &Task,
        suits: Suits,
        better: Better,
        tally: T,
        value: fn(&T) -> Option<f64>,
    ) -> Result<Box<dyn Metric>> {
        if !suits.fits(task) {
            return Err(Error::Unsuited { metric: name, task: kind(task) });
        }
        Ok(Box::new(Self { name, better, task: task.clone(), tally, value }))
    }
}

impl<T: Tally> Metric for Streaming<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn better(&self) -> Better {
        self.better
    }

    fn add(&mut self, prediction: &Prediction, target: &Target) -> Result<()> {
        check_row(&self.task, prediction, target)?;
        self.tally.add(prediction, target);
        Ok(())
    }

    fn merge(&mut self, other: &dyn Metric) -> Result<()> {
        let misfit = Error::Merge { into: self.name, other: other.name() };
        let Some(other) = other.as_any().downcast_ref::<Self>() else { return Err(misfit) };
        let fits = other.name == self.name && other.task == self.task && self.tally.merge(&other.tally);
        if fits { Ok(()) } else { Err(misfit) }
    }

    fn value(&self) -> Option<f64> {
        (self.value)(&self.tally)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_knows_its_direction() {
        assert!(Better::Higher.improves(0.2, 0.1) && Better::Lower.improves(0.1, 0.2));
        assert!(!Better::Higher.improves(f64::NAN, 0.1) && !Better::Lower.improves(0.1, 0.1));
    }

    #[test]
    fn a_slip_of_the_hand_is_named() {
        let error = build_metric("macro-f", &Task::Regression).unwrap_err();
        assert_eq!(error.to_string(), "unknown metric \"macro-f\"");
        assert_eq!(error.hint(), Some("did you mean \"macro-f1\"?"));
    }
}
