//! Country codes of ITU-T E.164 and how many digits follow them.

/// Code, fewest and most digits of a national number, as the national plans state them.
const PLANS: [(&str, usize, usize); 44] = [
    ("1", 10, 10),
    ("7", 10, 10),
    ("20", 8, 10),
    ("27", 9, 9),
    ("30", 10, 10),
    ("31", 9, 9),
    ("32", 8, 9),
    ("33", 9, 9),
    ("34", 9, 9),
    ("351", 9, 9),
    ("353", 7, 9),
    ("358", 6, 11),
    ("39", 6, 11),
    ("41", 9, 9),
    ("420", 9, 9),
    ("43", 7, 12),
    ("44", 9, 10),
    ("45", 8, 8),
    ("46", 7, 10),
    ("47", 8, 8),
    ("48", 9, 9),
    ("49", 6, 12),
    ("51", 8, 9),
    ("52", 10, 10),
    ("54", 10, 11),
    ("55", 10, 11),
    ("56", 9, 9),
    ("57", 8, 10),
    ("60", 8, 10),
    ("61", 9, 9),
    ("62", 8, 12),
    ("63", 8, 10),
    ("64", 8, 10),
    ("65", 8, 8),
    ("66", 8, 9),
    ("81", 9, 10),
    ("82", 8, 10),
    ("84", 9, 10),
    ("852", 8, 8),
    ("853", 8, 8),
    ("86", 8, 12),
    ("886", 8, 9),
    ("90", 10, 10),
    ("91", 10, 10),
];

/// Whether digits are a number with country code, by the plan of the country.
pub(super) fn is_international(digits: &str) -> bool {
    let plan = PLANS.iter().find(|(code, ..)| digits.starts_with(code));
    if let Some((code, least, most)) = plan {
        return (*least..=*most).contains(&(digits.len() - code.len()));
    }
    // Codes of two digits, and the beginnings of those of three.
    let pair = digits.get(..2).and_then(|pair| pair.parse::<u32>().ok()).unwrap_or(0);
    let known = matches!(
        pair,
        21..=26 | 29 | 35..=38 | 40 | 42 | 50 | 53 | 58 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 92..=99
    );
    known && (8..=15).contains(&digits.len())
}

#[cfg(test)]
mod tests {
    use super::is_international;

    #[test]
    fn length_follows_the_plan() {
        assert!(
            is_international("442079460958")
                && is_international("8613812345678")
                && is_international("97721234567")
        );
        assert!(
            !is_international("10000000")
                && !is_international("33123456789012")
                && !is_international("2812345678")
        );
    }
}
