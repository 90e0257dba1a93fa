//! International bank account numbers.

use super::super::checks::mod97;
use super::super::page::{Page, is_word};
use super::super::recognizer::{Candidate, Find, Recognizer, View};

/// The recogniser.
pub(crate) const IBAN_CODE: Recognizer = Recognizer {
    name: "iban-code",
    kind: "IBAN_CODE",
    summary: "IBAN: length of its country, mod 97, with or without spaces",
    source: "ISO 13616; SWIFT IBAN registry, release 99",
    words: &["iban", "bank", "account", "transfer", "wire", "konto", "compte", "账户", "银行账号"],
    find: Find::Scan(scan),
};

/// Country and length, as registered.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 \
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 \
    LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 \
    RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

fn length(country: &[u8]) -> Option<usize> {
    let of = |entry: &&str| entry.as_bytes()[..2].eq_ignore_ascii_case(country);
    LENGTHS.split_whitespace().find(of).and_then(|entry| entry[2..].parse().ok())
}

fn scan(view: &View<'_>, found: &mut Vec<Candidate>) {
    let page = view.page;
    for token in &page.tokens {
        let bytes = &page.bytes()[token.start..];
        let head = bytes.len() >= 15
            && bytes[..2].iter().all(u8::is_ascii_alphabetic)
            && bytes[2..4].iter().all(u8::is_ascii_digit);
        let alone = page.before(token.start).is_none_or(|c| !is_word(c) && c != '_');
        if head
            && alone
            && let Some(end) = end(page, token.start)
        {
            found.push(
                Candidate::new(token.start, end, "country, check digits, account", 0.5)
                    .validated("mod 97")
                    .alone(),
            );
        }
    }
}

/// Where the IBAN that begins here ends: enough characters for its country, single spaces or hyphens between groups.
fn end(page: &Page<'_>, start: usize) -> Option<usize> {
    let bytes = &page.bytes()[start..];
    let wanted = length(&bytes[..2])?;
    let mut compact = [0; 34];
    let (mut count, mut at) = (0, 0);
    while count < wanted {
        match bytes.get(at)? {
            byte if byte.is_ascii_alphanumeric() => {
                compact[count] = byte.to_ascii_uppercase();
                count += 1;
            }
            b' ' | b'-' if count.is_multiple_of(4) || bytes[at - 1].is_ascii_alphanumeric() => {
                if !bytes.get(at + 1)?.is_ascii_alphanumeric() {
                    return None;
                }
            }
            _ => return None,
        }
        at += 1;
    }
    let turned = compact[4..count].iter().chain(&compact[..4]).copied();
    let alone = page.after(start + at).is_none_or(|c| !is_word(c) && c != '_');
    (alone && mod97(turned) == 1).then_some(start + at)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{finds, ignores};

    /// Examples of the registry.
    #[test]
    fn registered_examples_are_found() {
        finds(
            "IBAN_CODE",
            &[
                "My IBAN is ^GB29NWBK60161331926819^",
                "^GB29 NWBK 6016 1331 9268 19^.",
                "^DE89-3704-0044-0532-0130-00^",
                "iban ^de89370400440532013000^",
            ],
        );
        finds(
            "IBAN_CODE",
            &[
                "账户^FR1420041010050500013M02606^。",
                "^NO9386011117947^",
                "^MT84MALT011000012345MTLCAST001S^",
                "^CH93 0076 2011 6238 5295 7^ (CHF)",
            ],
        );
    }

    #[test]
    fn a_wrong_digit_length_or_country_is_not() {
        ignores(
            "IBAN_CODE",
            &[
                "GB29NWBK60161331926818",
                "GB29NWBK6016133192681",
                "GB29NWBK601613319268191",
                "ZZ29NWBK60161331926819",
                "AB12 34 56 C",
            ],
        );
    }
}
