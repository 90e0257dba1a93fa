//! What is to be learned.

use serde::{Deserialize, Serialize};

/// A task and its label set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Task {
    /// One label of several.
    SingleLabel {
        /// Label names; the position is the class index.
        labels: Vec<String>,
    },
    /// Any number of labels.
    MultiLabel {
        /// Label names; the position is the class index.
        labels: Vec<String>,
    },
    /// One number.
    Regression,
}

impl Task {
    /// Single-label classification over sorted, distinct labels.
    pub fn single_label<S: Into<String>>(labels: impl IntoIterator<Item = S>) -> Self {
        let mut labels: Vec<String> = labels.into_iter().map(Into::into).collect();
        labels.sort();
        labels.dedup();
        Self::SingleLabel { labels }
    }

    /// Label names; empty for regression.
    pub fn labels(&self) -> &[String] {
        match self {
            Self::SingleLabel { labels } | Self::MultiLabel { labels } => labels,
            Self::Regression => &[],
        }
    }

    /// Width of a model's last layer.
    pub fn outputs(&self) -> usize {
        self.labels().len().max(1)
    }

    /// Class index of a label name.
    pub fn index_of(&self, label: &str) -> Option<usize> {
        self.labels().iter().position(|known| known == label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_distinct_so_that_indices_are_stable() {
        let task = Task::single_label(["sport", "business", "sport"]);
        assert_eq!(task.labels(), ["business", "sport"]);
        assert_eq!((task.index_of("sport"), task.index_of("art")), (Some(1), None));
        assert_eq!(Task::Regression.outputs(), 1);
    }
}
