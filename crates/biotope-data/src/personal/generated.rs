//! Generated texts with personal data and with what only looks like it: recall and precision in English and Chinese.
//!
//! The makers compute check digits by formulas of their own, so that a wrong check cannot agree with itself.

mod makers;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use biotope_core::Seed;
use biotope_core::seed::below;
use rand_chacha::ChaCha8Rng;

use super::{Detector, DetectorConfig};
use makers::{MAKERS, NEGATIVES, digits, pick};

const CHINESE: [(&str, &[&str]); 8] = [
    (
        "CN_RESIDENT_ID",
        &[
            "身份证号{}，",
            "公民身份号码：{}。",
            "嫌疑人（{}）落网",
            "登记证件{}后离开",
            "持{}的旅客",
            "ID card {} was found",
        ],
    ),
    (
        "CN_SOCIAL_CREDIT_CODE",
        &["统一社会信用代码：{}。", "该公司（{}）成立", "纳税人识别号{}，", "代码{}的企业", "登记为{}，"],
    ),
    ("CN_BANK_CARD", &["储蓄卡{}，", "卡号：{}。", "请转账至{}，", "收款账号{}开户", "银行卡 {} 已冻结"]),
    ("CN_PASSPORT", &["护照号码：{}。", "持护照{}出境", "护照（{}）遗失", "passport number {} (China)"]),
    ("CN_TRAVEL_PERMIT", &["港澳通行证{}，", "回乡证号：{}。", "往来港澳通行证 {} 已签发"]),
    ("CN_LICENSE_PLATE", &["车牌号{}，", "一辆{}轿车", "牌照为{}的货车", "{}违停", "车辆 {} 驶离"]),
    (
        "PHONE_NUMBER",
        &["电话{}，", "手机：{}。", "联系他：{}", "请拨打{}咨询", "热线（{}）开通", "读者 {} 来电"],
    ),
    ("EMAIL_ADDRESS", &["邮箱{}，", "请发至{}。", "投稿：{}", "写信给{}联系"]),
];

const ENGLISH: [(&str, &[&str]); 6] = [
    (
        "CREDIT_CARD",
        &[
            "My card {} is lost",
            "charge it to {}, please",
            "Number is {}.",
            "the credit card ({}) expired",
            "paid with {} today",
        ],
    ),
    ("EMAIL_ADDRESS", &["write to {}.", "You said your email is {}, right?", "<{}> wrote", "contact:{}"]),
    ("IBAN_CODE", &["My IBAN is {}.", "wire it to {} today", "account {}, please", "({})"]),
    ("US_SSN", &["Here's my SSN: {}", "social security number is {}.", "taxed under {} since", "SSN ({})"]),
    (
        "IP_ADDRESS",
        &["keep getting address {} blocked", "from {}, again", "host {} is down", "traffic ({}) rose"],
    ),
    ("PHONE_NUMBER", &["call me at {}.", "Phone: {}", "{} is my number", "reach us ({})", "fax {}, office"]),
];

/// One text with the place of what must be found, if anything.
struct Sample {
    text: String,
    kind: &'static str,
    place: Option<(usize, usize)>,
}

fn sample(rng: &mut ChaCha8Rng, list: &[(&'static str, &[&'static str])], chinese: bool) -> Sample {
    let (before, after) = if chinese {
        ("记者获悉。", "另据报道，昨天有12人到场。")
    } else {
        ("It was said. ", " He left at 10:30 on 12 May.")
    };
    if below(rng, 3) == 0 {
        let (template, make) = *pick(rng, if chinese { NEGATIVES.0 } else { NEGATIVES.1 });
        let text = format!("{before}{}{after}", template.replace("{}", &make(rng)));
        return Sample { text, kind: "", place: None };
    }
    let (kind, templates) = *pick(rng, list);
    let template = pick(rng, templates);
    let makers: Vec<_> =
        MAKERS.iter().filter(|(of, local, _)| *of == kind && local.is_none_or(|zh| zh == chinese)).collect();
    let value = (pick(rng, &makers).2)(rng);
    let at = before.len() + template.find("{}").expect("each template has a place");
    let text = format!("{before}{}{after}", template.replace("{}", &value));
    Sample { text, kind, place: Some((at, at + value.len())) }
}

/// F2 by kind with exact borders over many samples, and what went wrong first.
fn scores(
    seed: u64,
    list: &[(&'static str, &[&'static str])],
    chinese: bool,
) -> BTreeMap<String, (f64, String)> {
    let mut rng = Seed(seed).stream("personal/generated");
    let kinds = list.iter().map(|(kind, _)| (*kind).to_owned()).collect();
    let detector = Detector::new(&DetectorConfig { types: kinds, ..DetectorConfig::default() }).unwrap();
    let mut counts: BTreeMap<String, ([f64; 3], String)> = BTreeMap::new();
    for _ in 0..6000 {
        let Sample { text, kind, place } = sample(&mut rng, list, chinese);
        let found = detector.find(&text);
        if let Some(place) = place {
            let (count, wrong) = counts.entry(kind.into()).or_default();
            let right = found.iter().any(|span| span.kind == kind && (span.start, span.end) == place);
            count[0] += 1.0;
            count[2] += f64::from(u8::from(right));
            if !right && wrong.len() < 800 {
                let _ = write!(wrong, "\n  missed in {text}: {found:?}");
            }
        }
        for span in found {
            let (count, wrong) = counts.entry(span.kind.to_string()).or_default();
            count[1] += 1.0;
            if !(span.kind == kind && Some((span.start, span.end)) == place) && wrong.len() < 800 {
                let _ = write!(wrong, "\n  wrong {:?} in {text}: {}", span.of(&text), span.why);
            }
        }
    }
    // F2 = 5 right / (4 gold + found).
    counts
        .into_iter()
        .map(|(kind, ([gold, found, right], wrong))| (kind, (5.0 * right / (4.0 * gold + found), wrong)))
        .collect()
}

fn check(seed: u64, list: &[(&'static str, &[&'static str])], chinese: bool) {
    let scores = scores(seed, list, chinese);
    assert_eq!(scores.len(), list.len());
    for (kind, (f2, wrong)) in scores {
        assert!(f2 >= 0.99, "{kind}: F2 {f2:.4}{wrong}");
    }
}

#[test]
fn chinese_kinds_are_found_among_look_alikes() {
    check(1, &CHINESE, true);
    check(2, &CHINESE, true);
}

#[test]
fn english_kinds_are_found_among_look_alikes() {
    check(3, &ENGLISH, false);
    check(4, &ENGLISH, false);
}

#[test]
fn makers_vary() {
    let mut rng = Seed(5).stream("personal/makers");
    for (kind, _, make) in MAKERS {
        assert_ne!(make(&mut rng), make(&mut rng), "{kind}");
    }
    assert_ne!(digits(&mut rng, 9), digits(&mut rng, 9));
}
