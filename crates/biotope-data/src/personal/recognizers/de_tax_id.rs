//! The German tax identification number.

use super::super::checks::mod11_10;
use super::super::recognizer::{Check, Find, Recognizer, shape};

/// The recogniser.
pub(crate) const DE_TAX_ID: Recognizer = Recognizer {
    name: "de-tax-id",
    kind: "DE_TAX_ID",
    summary: "German tax identification number: 11 digits, MOD 11-10, digits repeat as issued",
    source: "§ 139b AO; ISO/IEC 7064 MOD 11-10",
    words: &[
        "steuer-id",
        "steuerid",
        "steueridentifikationsnummer",
        "steuerliche identifikationsnummer",
        "idnr",
        "steuernummer",
        "tin",
        "tax id",
        "tax identification number",
    ],
    find: Find::Shapes(
        &[shape("99 999 999 999", 0.1), shape("99999999999", 0.05)],
        Some(Check { name: "MOD 11-10", holds }),
    ),
};

/// Of the first ten digits one stands twice or thrice, and one or two do not stand at all.
fn holds(digits: &[u8]) -> bool {
    let times = |d: u8| digits[..10].iter().map(|x| usize::from(*x == d)).sum::<usize>();
    let most = (b'0'..=b'9').map(times).max().unwrap_or(0);
    let repeated = (b'0'..=b'9').filter(|d| times(*d) > 1).count();
    digits[0] != b'0' && (2..=3).contains(&most) && repeated == 1 && mod11_10(digits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    #[test]
    fn the_published_number_is_found_near_its_name() {
        finds("DE_TAX_ID", &["Steuer-ID: ^86095742719^", "Tax ID ^86 095 742 719^"]);
        ignores("DE_TAX_ID", &["86095742719", "Steuer-ID: 86095742718", "Steuer-ID 11111111111"]);
    }
}
