//! What registry names are called on paper.

use crate::Better;

/// A metric's name for readers; a name of an outsider's metric stands as it is.
pub(crate) fn metric(name: &str) -> &str {
    match name {
        "accuracy" => "Accuracy",
        "auc" => "ROC AUC",
        "balanced-accuracy" => "Balanced accuracy",
        "brier" => "Brier score",
        "calibration-error" => "Calibration error",
        "hamming-loss" => "Hamming loss",
        "log-loss" => "Log loss",
        "macro-f1" => "Macro F1",
        "macro-precision" => "Macro precision",
        "macro-recall" => "Macro recall",
        "mae" => "Mean absolute error",
        "matthews" => "Matthews correlation",
        "micro-f1" => "Micro F1",
        "mse" => "Mean squared error",
        "r2" => "R\u{b2}",
        "rmse" => "Root mean squared error",
        "weighted-auc" => "Weighted ROC AUC",
        "weighted-f1" => "Weighted F1",
        other => other,
    }
}

/// Which direction is good.
pub(crate) fn better(name: &str) -> Better {
    match name {
        "brier" | "calibration-error" | "hamming-loss" | "log-loss" | "mae" | "mse" | "rmse" => Better::Lower,
        _ => Better::Higher,
    }
}

/// The columns of the ladder, most important first.
pub(crate) const COLUMNS: &[&str] = &[
    "macro-f1",
    "accuracy",
    "weighted-f1",
    "micro-f1",
    "auc",
    "log-loss",
    "calibration-error",
    "hamming-loss",
    "mse",
    "rmse",
    "mae",
    "r2",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;
    use biotope_core::Task;

    #[test]
    fn every_metric_of_the_registry_has_a_name_and_its_own_direction() {
        let tasks =
            [Task::single_label(["a", "b"]), Task::MultiLabel { labels: vec!["a".into()] }, Task::Regression];
        for entry in metrics().entries() {
            assert_ne!(metric(entry.name), entry.name);
            let built: Vec<_> = tasks.iter().filter_map(|task| (entry.build)(task).ok()).collect();
            assert!(
                !built.is_empty() && built.iter().all(|m| m.better() == better(entry.name)),
                "{}",
                entry.name
            );
        }
    }
}
