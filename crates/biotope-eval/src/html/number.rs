//! Numbers as a reader likes them.

/// A metric: three decimals, a true minus.
pub(crate) fn metric(value: f64) -> String {
    fixed(value, if value.abs() < 100.0 { 3 } else { 1 })
}

/// A fixed number of decimals, a true minus, no minus zero.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if value < 0.0 && !is_zero { format!("\u{2212}{text}") } else { text }
}

/// A signed number (`+1.3`).
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    if value > 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { format!("+{text}") } else { text }
}

/// Both ends of an interval.
pub(crate) fn interval(ends: Option<(f64, f64)>) -> String {
    ends.map_or(String::new(), |(low, high)| format!("{} \u{2013} {}", metric(low), metric(high)))
}

/// A count with narrow spaces between thousands.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) && digits.len() > 4 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A p-value with its sign of relation.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {}", fixed(p, 3)) }
}

/// Percent of a share.
pub(crate) fn percent(share: f64, decimals: usize) -> String {
    format!("{}\u{202f}%", fixed(100.0 * share, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks() {
        assert_eq!(metric(0.98765), "0.988");
        assert_eq!(metric(-0.5), "\u{2212}0.500");
        assert_eq!(fixed(-0.0001, 2), "0.00");
        assert_eq!((signed(1.25, 1), signed(0.001, 1)), ("+1.2".into(), "0.0".into()));
        assert_eq!(
            (count(999), count(2189), count(1_234_567)),
            ("999".into(), "2189".into(), "1\u{202f}234\u{202f}567".into())
        );
        assert_eq!((p_value(0.0004), p_value(0.25)), ("p < 0.001".into(), "p = 0.250".into()));
        assert_eq!(interval(Some((0.1, 0.25))), "0.100 \u{2013} 0.250");
    }
}
