//! Numbers of payment cards.

use super::super::checks::{luhn, number};
use super::super::page::Page;
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const PAYMENT_CARD: Recognizer = Recognizer {
    name: "payment-card",
    kind: "CREDIT_CARD",
    summary: "Payment card: 12 to 19 digits, Luhn, prefix and length of its issuer",
    source: "ISO/IEC 7812-1; prefixes and lengths as the issuers publish them",
    words: &[
        "card",
        "cards",
        "credit",
        "debit",
        "cc",
        "visa",
        "mastercard",
        "amex",
        "american express",
        "discover",
        "maestro",
        "diners",
        "jcb",
        "unionpay",
        "payment",
        "charge",
        "billing",
        "exp",
        "expiry",
        "expires",
        "cvv",
        "cvc",
        "kreditkarte",
        "karte",
        "carte",
        "tarjeta",
        "carta",
        "cartão",
        "信用卡",
        "卡号",
        "银联",
        "刷卡",
    ],
    find: Find::Scan(scan),
};

/// Most groups a number is written in.
const GROUPS: usize = 6;

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    each(
        view.page,
        |digits, start, end, groups| {
            let (base, name) = worth(digits, groups)?;
            luhn(digits).then(|| Candidate::new(start, end, name, base).validated("Luhn"))
        },
        found,
    );
}

/// Calls `judge` with every number of 12 to 19 digits in single groups or joined by one kind of separator:
/// its digits, its place, the lengths of its groups.
pub(super) fn each(
    page: &Page<'_>,
    judge: impl Fn(&[u8], usize, usize, &[usize]) -> Option<Candidate>,
    found: &mut Vec<Candidate>,
) {
    let bytes = page.bytes();
    let mut done = 0;
    for token in &page.tokens {
        if token.start < done || !token.is_number() || token.len() > 19 || !page.opens(token.start) {
            continue;
        }
        let mut digits = [0; 19];
        let mut groups = [0; GROUPS];
        let (mut count, mut at, mut joiner, mut best) = (0, token.start, None, None);
        for group in 0..GROUPS {
            let length = bytes[at..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
            if length == 0 || count + length > 19 {
                break;
            }
            digits[count..count + length].copy_from_slice(&bytes[at..at + length]);
            (count, at) = (count + length, at + length);
            groups[group] = length;
            if (12..=19).contains(&count) && page.closes(at) {
                best = judge(&digits[..count], token.start, at, &groups[..=group]).or(best);
            }
            match bytes.get(at) {
                Some(b @ (b' ' | b'-' | b'.')) if joiner.is_none_or(|j| j == *b) => joiner = Some(*b),
                _ => break,
            }
            at += 1;
        }
        if let Some(candidate) = best {
            done = candidate.end;
            found.push(candidate);
        }
    }
}

/// What prefix, length and grouping are worth without the check digit.
fn worth(digits: &[u8], groups: &[usize]) -> Option<(f32, &'static str)> {
    let usual = match groups {
        [_] => true,
        [first @ .., last] => {
            first.iter().all(|g| *g == 4) && *last <= 4
                || matches!(groups, [4, 6, 4 | 5] | [6, 6..=13] | [8, 8] | [4, 4, 5])
        }
        [] => false,
    };
    let issuer = issuer(digits);
    Some(match (issuer, usual) {
        (Some(MAESTRO), true) if digits.len() != 16 => (0.05, MAESTRO),
        (Some(name), true) => (0.35, name),
        (Some(name), false) if groups.iter().all(|g| *g >= 2) => (0.05, name),
        (None, true) if digits.len() >= 13 => (0.05, "13 to 19 digits"),
        _ => return None,
    })
}

/// Its many lengths leave all but 16 digits to the words nearby, as Visa's old 13 digits are.
const MAESTRO: &str = "Maestro";

/// The issuer by prefix and length.
fn issuer(digits: &[u8]) -> Option<&'static str> {
    let (four, length) = (number(&digits[..4]), digits.len());
    let (two, three, six) = (four / 100, four / 10, number(&digits[..6]));
    Some(match length {
        16 | 19 if two / 10 == 4 => "Visa",
        16 if (51..=55).contains(&two) || (2221..=2720).contains(&four) => "Mastercard",
        15 if two == 34 || two == 37 => "American Express",
        16..=19 if four == 6011 || two == 65 || (644..=649).contains(&three) => "Discover",
        14..=19 if (300..=305).contains(&three) || three == 309 || two == 36 || two == 38 || two == 39 => {
            "Diners Club"
        }
        16..=19 if (3528..=3589).contains(&four) => "JCB",
        15 if four == 2131 || four == 1800 => "JCB",
        16..=19 if two == 62 || (81..=82).contains(&two) && length == 16 => "UnionPay",
        16..=19 if (2200..=2204).contains(&four) => "Mir",
        16 if two == 60 || three == 508 || six / 100 == 9792 => "RuPay or Troy",
        12..=19 if matches!(two, 50 | 56..=58 | 67) || matches!(four, 6304 | 6390 | 604) => MAESTRO,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    /// Test numbers that the issuers publish.
    #[test]
    fn issuers_and_separators() {
        finds(
            "CREDIT_CARD",
            &[
                "^4111111111111111^",
                "^4111-1111-1111-1111^",
                "^4111 1111 1111 1111^, thanks",
                "^5555555555554444^",
                "^3782 822463 10005^",
                "^378282246310005^",
            ],
        );
        finds(
            "CREDIT_CARD",
            &[
                "^6011111111111117^",
                "^3056 930902 5904^",
                "^3530111333300000^",
                "信用卡^6200000000000005^。",
                "^2223003122003222^",
                "卡号：^４１１１１１１１１１１１１１１１^",
            ],
        );
        finds(
            "CREDIT_CARD",
            &["my card ^501800000009^ and cc ^4222222222222^", "card ^4111.1111.1111.1111^"],
        );
    }

    #[test]
    fn orders_times_and_books_are_not() {
        ignores(
            "CREDIT_CARD",
            &[
                "4111111111111112",
                "order number 4111111111111111",
                "订单号：4111111111111111",
                "timestamp 1700000000007",
            ],
        );
        ignores(
            "CREDIT_CARD",
            &[
                "ISBN 9783161484100",
                "4006381333931",
                "4111-1111 1111-1111",
                "41111111111111111",
                "https://n.example/4111111111111111",
                "0000000000000000",
            ],
        );
    }
}
