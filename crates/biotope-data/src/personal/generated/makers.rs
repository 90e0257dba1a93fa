//! Makers of personal data and of what only looks like it.

use biotope_core::seed::below;
use rand_chacha::ChaCha8Rng;

pub(super) type Make = fn(&mut ChaCha8Rng) -> String;

/// Kind, whether only for Chinese (true) or English (false) texts, and the maker.
pub(super) const MAKERS: &[(&str, Option<bool>, Make)] = &[
    ("CN_RESIDENT_ID", None, resident),
    ("CN_SOCIAL_CREDIT_CODE", None, credit_code),
    ("CN_BANK_CARD", None, |r| {
        let n = 15 + below(r, 4) as usize;
        let body = digits(r, n - 2);
        luhn(&format!("62{body}"))
    }),
    ("CN_BANK_CARD", None, |r| {
        let body = digits(r, 13);
        spaced(&luhn(&format!("62{body}")), 4, " ")
    }),
    ("CN_PASSPORT", None, |r| format!("{}{}", pick(r, &["E", "G"]), digits(r, 8))),
    ("CN_PASSPORT", None, |r| format!("E{}{}", pick(r, &["A", "B", "H", "Z"]), digits(r, 7))),
    ("CN_TRAVEL_PERMIT", None, |r| format!("{}{}", pick(r, &["C", "H", "M"]), digits(r, 8))),
    ("CN_LICENSE_PLATE", None, plate),
    ("CN_LICENSE_PLATE", None, |r| {
        let dot = plate(r);
        let at = dot.char_indices().nth(2).map_or(0, |(at, _)| at);
        format!("{}·{}", &dot[..at], &dot[at..])
    }),
    ("PHONE_NUMBER", Some(true), |r| format!("1{}{}", 3 + below(r, 7), digits(r, 9))),
    ("PHONE_NUMBER", Some(true), |r| {
        format!("1{}{} {} {}", 3 + below(r, 7), digits(r, 1), digits(r, 4), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(true), |r| {
        format!("0{}-{}{}", pick(r, &["10", "21", "755", "571"]), 2 + below(r, 7), digits(r, 7))
    }),
    ("PHONE_NUMBER", Some(true), |r| {
        format!("（0{}）{}{}", pick(r, &["10", "21", "755"]), 2 + below(r, 7), digits(r, 7))
    }),
    ("PHONE_NUMBER", Some(true), |r| {
        format!("+86 1{}{} {} {}", 3 + below(r, 7), digits(r, 1), digits(r, 4), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(true), |r| format!("400-{}-{}", digits(r, 3), digits(r, 4))),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("{}{}-{}{}-{}", 2 + below(r, 8), digits(r, 2), 2 + below(r, 8), digits(r, 2), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("({}{}) {}{}-{}", 2 + below(r, 8), digits(r, 2), 2 + below(r, 8), digits(r, 2), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("+1-{}-{}-{}x{}", digits(r, 3), digits(r, 3), digits(r, 4), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(false), |r| format!("001-{}-{}-{}", digits(r, 3), digits(r, 3), digits(r, 4))),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("{}{}.{}.{}", 2 + below(r, 8), digits(r, 2), digits(r, 3), digits(r, 4))
    }),
    ("PHONE_NUMBER", Some(false), |r| format!("+44 20 7{} {}", digits(r, 3), digits(r, 4))),
    ("PHONE_NUMBER", Some(false), |r| format!("+49 30 {}", digits(r, 7))),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("+33 {} {} {} {} {}", 1 + below(r, 7), digits(r, 2), digits(r, 2), digits(r, 2), digits(r, 2))
    }),
    ("PHONE_NUMBER", Some(false), |r| {
        format!("0{}{} {} {}", 1 + below(r, 9), digits(r, 2), digits(r, 4), digits(r, 4))
    }),
    ("EMAIL_ADDRESS", None, |r| {
        format!(
            "{}{}@{}.example",
            pick(r, &["li.ming", "anna_b", "o-k", "x+y"]),
            digits(r, 2),
            pick(r, &["news", "mail.co", "a-b"])
        )
    }),
    ("CREDIT_CARD", None, |r| {
        let body = digits(r, 14);
        luhn(&format!("4{body}"))
    }),
    ("CREDIT_CARD", None, |r| {
        let body = digits(r, 13);
        spaced(&luhn(&format!("5{}{}", 1 + below(r, 5), body)), 4, "-")
    }),
    ("CREDIT_CARD", None, |r| {
        let body = digits(r, 14);
        spaced(&luhn(&format!("4{body}")), 4, " ")
    }),
    ("CREDIT_CARD", None, |r| {
        let n = luhn(&format!("37{}", digits(r, 12)));
        format!("{} {} {}", &n[..4], &n[4..10], &n[10..])
    }),
    ("CREDIT_CARD", None, |r| luhn(&format!("6011{}", digits(r, 11)))),
    ("IBAN_CODE", None, |r| iban("DE", &digits(r, 18))),
    ("IBAN_CODE", None, |r| {
        let bank = *pick(r, &["NWBK", "BARC", "XYZQ"]);
        iban("GB", &format!("{bank}{}", digits(r, 14)))
    }),
    ("IBAN_CODE", None, |r| spaced(&iban("NL", &format!("ABNA{}", digits(r, 10))), 4, " ")),
    ("IBAN_CODE", None, |r| spaced(&iban("FR", &digits(r, 23)), 4, " ")),
    ("US_SSN", None, |r| {
        format!("{:03}-{:02}-{:04}", 1 + below(r, 665), 1 + below(r, 99), 1 + below(r, 9999))
    }),
    ("IP_ADDRESS", None, |r| {
        format!("{}.{}.{}.{}", 11 + below(r, 240), below(r, 256), below(r, 256), below(r, 256))
    }),
    ("IP_ADDRESS", None, |r| {
        (0..8).map(|_| format!("{:x}", 4096 + below(r, 61440))).collect::<Vec<_>>().join(":")
    }),
    ("IP_ADDRESS", None, |r| format!("2001:db8::{:x}:{:x}", 1 + below(r, 65535), 1 + below(r, 65535))),
];

type Negatives = &'static [(&'static str, Make)];

/// What only looks like personal data, in Chinese and English texts.
pub(super) const NEGATIVES: (Negatives, Negatives) = (
    &[
        ("订单号{}已发货", |r| {
            let n = 14 + below(r, 6) as usize;
            digits(r, n)
        }),
        ("快递单号：{}。", |r| format!("1{}", digits(r, 12))),
        ("身份证{}有误", |r| wrong_last(&resident(r))),
        ("信用代码{}不存在", |r| wrong_last(&credit_code(r))),
        ("银行卡{}无效", |r| {
            let body = digits(r, 16);
            wrong_last(&luhn(&format!("62{body}")))
        }),
        ("募资{}元", |r| format!("1{}{}", 3 + below(r, 7), digits(r, 9))),
        ("沪市{}涨停", |r| format!("60{}", digits(r, 4))),
        ("书号978-7-{}", |r| format!("{}-{}-{}", digits(r, 3), digits(r, 5), digits(r, 1))),
        ("{}发布", |r| format!("20{:02}年{}月{}日", below(r, 30), 1 + below(r, 12), 1 + below(r, 28))),
        ("坐标{}附近", |r| {
            format!("{}.{}, {}.{}", below(r, 90), digits(r, 6), below(r, 180), digits(r, 6))
        }),
        ("时间戳{}，", |r| format!("17{}", digits(r, 11))),
        ("型号{}上市", |r| format!("{}{}", pick(r, &["E", "G", "C"]), digits(r, 8))),
        ("京{}高速", |r| format!("G{}", digits(r, 1))),
        ("比分{}", |r| {
            format!("{}-{}，{}:{}", below(r, 30), below(r, 30), below(r, 24), 10 + below(r, 50))
        }),
        ("版本{}更新", |r| {
            format!("{}.{}.{}.{}", 10 + below(r, 20), below(r, 30), below(r, 30), below(r, 300))
        }),
        ("产量{}吨", |r| format!("{},{},{}", 1 + below(r, 999), digits(r, 3), digits(r, 3))),
    ],
    &[
        ("order number {} shipped", |r| {
            let n = 12 + below(r, 7) as usize;
            digits(r, n)
        }),
        ("card {} was refused", |r| {
            let body = digits(r, 14);
            wrong_last(&luhn(&format!("4{body}")))
        }),
        ("IBAN {} is wrong", |r| wrong_last(&iban("DE", &digits(r, 18)))),
        ("SSN {} is impossible", |r| {
            format!("{}-{}-{}", pick(r, &["000", "666"]), digits(r, 2), digits(r, 4))
        }),
        ("version {} is out", |r| {
            format!("{}.{}.{}.{}", 10 + below(r, 20), below(r, 30), below(r, 30), below(r, 300))
        }),
        ("it rose to {} dollars", |r| {
            format!("{},{},{}.{}", 1 + below(r, 999), digits(r, 3), digits(r, 3), digits(r, 2))
        }),
        ("on {} they met", |r| format!("19{}-{:02}-{:02}", digits(r, 2), 1 + below(r, 12), 1 + below(r, 28))),
        ("on {} they met", |r| {
            format!("{:02}/{:02}/20{:02}", 1 + below(r, 12), 1 + below(r, 28), below(r, 30))
        }),
        ("ISBN {}", |r| format!("978-3-{}-{}-{}", digits(r, 2), digits(r, 6), digits(r, 1))),
        ("timestamp {} logged", |r| format!("17{}", digits(r, 11))),
        ("at {} degrees", |r| {
            format!("{}.{}, -{}.{}", below(r, 90), digits(r, 6), below(r, 180), digits(r, 6))
        }),
        ("at {} it began", |r| format!("{:02}:{:02}:{:02}", below(r, 24), below(r, 60), below(r, 60))),
        ("population of {} people", |r| format!("{} {} {}", 1 + below(r, 99), digits(r, 3), digits(r, 3))),
        ("the file img@2x.png and user@localhost, {} times", |r| digits(r, 3)),
        ("case number {}", |r| format!("{}-{}-{}", 1 + below(r, 9), digits(r, 2), digits(r, 5))),
        ("ratio {} of std::vec", |r| format!("{}:{}", below(r, 9), below(r, 9))),
        ("in the {} season", |r| format!("19{:02}-19{:02}", below(r, 99), below(r, 99))),
    ],
);

pub(super) fn pick<'l, T>(rng: &mut ChaCha8Rng, list: &'l [T]) -> &'l T {
    &list[below(rng, list.len() as u64) as usize]
}

pub(super) fn digits(rng: &mut ChaCha8Rng, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + below(rng, 10) as u8)).collect()
}

fn spaced(text: &str, every: usize, sign: &str) -> String {
    text.as_bytes()
        .chunks(every)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect::<Vec<_>>()
        .join(sign)
}

/// The text with another last digit.
fn wrong_last(text: &str) -> String {
    let (body, last) = text.split_at(text.len() - 1);
    format!("{body}{}", if last == "7" { "3" } else { "7" }).replace(text, body)
}

/// The digits with the check digit that makes the sum of the doubled ones divide by ten, found by trying.
fn luhn(body: &str) -> String {
    const DOUBLED: [usize; 10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9];
    let sum = |text: &str| -> usize {
        let at = |(at, d): (usize, u8)| {
            if (text.len() - at).is_multiple_of(2) {
                DOUBLED[usize::from(d - b'0')]
            } else {
                usize::from(d - b'0')
            }
        };
        text.bytes().enumerate().map(at).sum()
    };
    (0..10)
        .map(|check| format!("{body}{check}"))
        .find(|text| sum(text) % 10 == 0)
        .expect("one of ten divides")
}

/// Check digits by division of the whole number, 98 less the rest.
fn iban(country: &str, account: &str) -> String {
    let spelled: String = format!("{account}{country}00")
        .chars()
        .map(|c| c.to_digit(36).map_or(String::new(), |v| v.to_string()))
        .collect();
    let rest = spelled.bytes().fold(0_u64, |rest, d| (rest * 10 + u64::from(d - b'0')) % 97);
    format!("{country}{:02}{account}", 98 - rest)
}

/// By the table of weights of GB 11643, annex.
fn resident(rng: &mut ChaCha8Rng) -> String {
    const WEIGHTS: [usize; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let region = pick(rng, &["110105", "310115", "440305", "510104", "650102", "330106"]);
    let body = format!(
        "{region}{}{:02}{:02}{}",
        1940 + below(rng, 80),
        1 + below(rng, 12),
        1 + below(rng, 28),
        digits(rng, 3)
    );
    let sum: usize = body.bytes().zip(WEIGHTS).map(|(d, w)| usize::from(d - b'0') * w).sum();
    format!("{body}{}", &"10X98765432"[sum % 11..=sum % 11])
}

/// By the table of weights of GB 32100.
fn credit_code(rng: &mut ChaCha8Rng) -> String {
    const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
    const SIGNS: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let region = pick(rng, &["110105", "310115", "440305", "100000"]);
    let unit: String = (0..9).map(|_| char::from(SIGNS.as_bytes()[below(rng, 31) as usize])).collect();
    let body = format!("{}{region}{unit}", pick(rng, &["91", "12", "92", "51"]));
    let sum: usize =
        body.bytes().zip(WEIGHTS).map(|(c, w)| SIGNS.bytes().position(|s| s == c).unwrap_or(0) * w).sum();
    let check = (31 - sum % 31) % 31;
    format!("{body}{}", &SIGNS[check..=check])
}

fn plate(rng: &mut ChaCha8Rng) -> String {
    let head = format!("{}{}", pick(rng, &["京", "沪", "粤", "苏", "川"]), pick(rng, &["A", "B", "E"]));
    match below(rng, 4) {
        0 => format!("{head}{}{}", pick(rng, &["D", "F"]), digits(rng, 5)),
        1 => format!("{head}{}D", digits(rng, 5)),
        2 => format!("{head}{}{}{}", digits(rng, 1), pick(rng, &["K", "Q"]), digits(rng, 3)),
        _ => format!("{head}{}", digits(rng, 5)),
    }
}
