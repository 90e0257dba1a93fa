//! Metrics, intervals, calibration, comparison of classifiers, and a report that stands alone
