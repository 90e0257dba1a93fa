//! "Did you mean ...?"

/// The candidate nearest to `wanted`, if near enough to be a slip of the hand.
///
/// Optimal string alignment distance, at most a third of the length (at least one edit).
///
/// ```
/// assert_eq!(biotope_core::suggest::nearest("txet-cnn", ["bert", "text-cnn"]), Some("text-cnn"));
/// assert_eq!(biotope_core::suggest::nearest("random", ["bert", "text-cnn"]), None);
/// ```
pub fn nearest<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wanted.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|name| (strsim::osa_distance(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, name)| name)
}
