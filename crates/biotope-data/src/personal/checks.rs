//! Check digits: each takes the characters without separators and says whether they belong together.

/// Digits as numbers; anything else counts as its letter's place from ten on (A = 10).
pub(crate) fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

/// A part of a number, as a number.
pub(crate) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, d| sum.wrapping_mul(10).wrapping_add(value(*d)))
}

/// Luhn's check (ISO/IEC 7812-1, annex B): doubled from the right, every second, the sum divides by ten.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let double = |(at, d): (usize, &u8)| match (at % 2, value(*d)) {
        (0, d) => d,
        (_, d) => d * 2 / 10 + d * 2 % 10,
    };
    digits.iter().rev().enumerate().map(double).sum::<u32>() % 10 == 0 && !is_uniform(digits)
}

/// Whether one digit repeats: what forms and tests are filled with.
pub(crate) fn is_uniform(digits: &[u8]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

/// The sum of values, each times its weight.
pub(crate) fn weighted(values: &[u8], weights: &[u32]) -> u32 {
    values.iter().zip(weights).map(|(v, w)| value(*v) * w).sum()
}

/// ISO/IEC 7064, MOD 97-10 over letters and digits: the remainder.
pub(crate) fn mod97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |rest, byte| match value(byte) {
        v @ 0..=9 => (rest * 10 + v) % 97,
        v => (rest * 100 + v) % 97,
    })
}

/// ISO/IEC 7064, MOD 11-10 over digits with their check digit.
pub(crate) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, d| match (value(*d) + product) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == value(*check)
}

/// Verhoeff's check over the dihedral group of the pentagon (Verhoeff, 1969).
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTE: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b) % 5,
        (false, true) => 5 + (a + 10 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let turned = |d: u32, turns: usize| (0..turns % 8).fold(d, |d, _| PERMUTE[d as usize]);
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (at, d)| times(sum, turned(value(*d), at)));
    sum == 0 && !is_uniform(digits)
}

/// Whether year, month and day make a date of the Gregorian calendar.
pub(crate) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Whether a month and a day can stand together in some year.
pub(crate) fn is_day(month: u32, day: u32) -> bool {
    is_date(2000, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_hold_and_neighbours_do_not() {
        // ISO/IEC 7812-1 annex B, ISO 13616 (Wikipedia's British IBAN), Verhoeff's own 236-3, ISO 7064's 0794-5.
        assert!(luhn(b"4111111111111111") && luhn(b"79927398713") && !luhn(b"79927398710"));
        assert_eq!(mod97(b"WEST12345698765432GB82".iter().copied()), 1);
        assert!(verhoeff(b"2363") && !verhoeff(b"2364") && verhoeff(b"123451"));
        assert!(mod11_10(b"07945") && !mod11_10(b"07946"));
        assert!(
            is_date(2024, 2, 29) && !is_date(2023, 2, 29) && !is_date(1900, 2, 29) && is_date(2000, 2, 29)
        );
        assert!(!luhn(b"0000000000000000"));
    }
}
