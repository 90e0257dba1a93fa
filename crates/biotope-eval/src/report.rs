//! What a report shows: plain data, JSON by serde, HTML by [`html`](crate::html()).

use serde::{Deserialize, Serialize};

use crate::{Comparison, Evaluation};

/// A whole report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Headline.
    pub title: String,
    /// One paragraph: what was found.
    pub lead: String,
    /// BCP 47 tag of the language that title and text are in; empty means English.
    pub language: String,
    /// Facts about the run: dataset version, seed, machine, ...
    pub facts: Vec<(String, String)>,
    /// The data behind it.
    pub dataset: Option<DatasetSection>,
    /// The models, simplest first.
    pub models: Vec<ModelSection>,
    /// Registry name of the metric by which the ladder ranks; empty means macro F1 (regression: MSE).
    pub ladder_metric: String,
    /// Name of the model that was chosen, without looking at the test, and leads the report; empty: the best one.
    pub chosen: String,
    /// Pairs of models on the same rows.
    pub comparisons: Vec<Comparison>,
    /// Further sections: text and tables (serving latency, quality of extraction, ...).
    pub sections: Vec<Section>,
}

/// The data of a report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DatasetSection {
    /// Name and version.
    pub name: String,
    /// One paragraph.
    pub lead: String,
    /// Facts: licence, source, rows set aside, ...
    pub facts: Vec<(String, String)>,
    /// Labels in the order of the counts.
    pub labels: Vec<String>,
    /// Rows per split.
    pub splits: Vec<SplitCounts>,
}

/// The rows of one split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitCounts {
    /// Its name (`"train"`).
    pub name: String,
    /// Rows per label, in the order of [`DatasetSection::labels`].
    pub counts: Vec<u64>,
}

/// One model of a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSection {
    /// Its name.
    pub name: String,
    /// One paragraph; may be empty.
    #[serde(default)]
    pub lead: String,
    /// Facts: parameters, seconds of training, milliseconds per page, ...
    #[serde(default)]
    pub facts: Vec<(String, String)>,
    /// Its test.
    pub evaluation: Evaluation,
    /// Its learning curves.
    #[serde(default)]
    pub curves: Vec<Curve>,
}

/// One line of a learning-curve plot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What it is (`"train loss"`). Curves whose last word is the same share one plot.
    pub name: String,
    /// `(step, value)`, ascending by step; points that are not finite are left out of the plot.
    pub points: Vec<(f64, f64)>,
}

/// A further section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Section {
    /// Heading.
    pub title: String,
    /// Paragraphs.
    pub text: Vec<String>,
    /// Tables.
    pub tables: Vec<Table>,
}

/// A plain table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Table {
    /// Caption; may be empty.
    pub caption: String,
    /// Column heads.
    pub head: Vec<String>,
    /// Rows of cells; cells that are numbers are set flush right.
    pub rows: Vec<Vec<String>>,
}
