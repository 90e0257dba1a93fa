//! Extraction from pages in the manner of Chinese sites, and from pages that mean harm.

#![expect(clippy::format_collect, reason = "pages are written as they read, not for speed")]

#[path = "support/chinese_pages.rs"]
mod chinese_pages;
#[path = "support/chinese_texts.rs"]
mod chinese_texts;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use biotope_data::extract::{article, page};
use proptest::prelude::*;

/// Runs of four characters and how often each occurs; white space does not count.
fn grams(text: &str) -> HashMap<String, usize> {
    let chars: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut found = HashMap::new();
    for run in chars.windows(4) {
        *found.entry(run.iter().collect()).or_insert(0) += 1;
    }
    found
}

fn f1(gold: &str, found: &str) -> f64 {
    let (gold, found) = (grams(gold), grams(found));
    let shared: usize =
        gold.iter().map(|(run, count)| (*count).min(found.get(run).copied().unwrap_or(0))).sum();
    let all: usize = gold.values().chain(found.values()).sum();
    2.0 * shared as f64 / all.max(1) as f64
}

#[test]
fn chinese_pages_of_eighteen_kinds_are_read() {
    let pages = chinese_pages::pages();
    assert!(pages.len() >= 30);
    let mut scores = Vec::new();
    for made in &pages {
        let found = article(&page(made.bytes.as_slice()).unwrap(), None);
        let score = f1(&made.gold, &found.text);
        assert!(score > 0.8, "{}: {score:.3}\n{}", made.name, found.text);
        scores.push(score);
    }
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    println!("mean F1 over {} pages by runs of four characters: {mean:.4}", scores.len());
    assert!(mean >= 0.95, "{mean:.4}");
}

/// A page that means harm is read in bounded time, without a panic.
fn survives(name: &str, html: &str) {
    let start = Instant::now();
    let _ = article(html, None);
    let spent = start.elapsed();
    println!("{name}: {spent:?}");
    assert!(spent < Duration::from_mins(1), "{name}: {spent:?}");
}

#[test]
fn hostile_pages_end() {
    let many = |text: &str, count: usize| text.repeat(count);
    let paragraph = "<p>Wheat futures rose in Chicago on Monday, traders said, and fell again.</p>";
    let cases = [
        ("nested divs", many("<div>", 100_000)),
        ("nested inline", many("<b><i>", 50_000)),
        ("nested tables", many("<table><tr><td>", 50_000)),
        ("nested lists", many("<ul><li>", 50_000)),
        ("nested text", many("<div>text, and more text here.", 50_000)),
        ("unclosed links", many("<a href=x>link, ", 50_000)),
        ("attributes", format!("<p {}>x</p>", (0..100_000).map(|n| format!("a{n}=1 ")).collect::<String>())),
        ("one attribute", format!("<p class=\"{}\">x</p>", many("nav ", 2_000_000))),
        ("ten megabytes", many(paragraph, 140_000)),
        ("one long line", many("word, ", 1_500_000)),
        ("one long Chinese line", many("小麦，", 1_000_000)),
        ("zero bytes", many("\0<p\0>小\0麦</p>", 10_000)),
        ("open comment", format!("<p>x</p><!--{}", many("-", 1_000_000))),
        ("ends without beginnings", many("</div></p></table>", 100_000)),
        ("entities", many("&lt;&#0;&#x110000;&bogus;", 100_000)),
        (
            "linked data",
            format!("<script type=application/ld+json>{}</script>{paragraph}", many("[", 200_000)),
        ),
        ("brackets", many("<", 1_000_000)),
    ];
    for (name, html) in &cases {
        survives(name, html);
    }
}

#[test]
fn a_long_page_is_still_an_article() {
    let lines: String = (0..3000)
        .map(|n| {
            format!("<p>Report number {n}: wheat futures rose by {n} cents in Chicago, traders said.</p>")
        })
        .collect();
    let found = article(
        &format!("<html><body><nav><a href=/>Home</a></nav><article>{lines}</article></body></html>"),
        None,
    );
    assert_eq!(found.text.lines().count(), 3000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let html = page(bytes.as_slice()).unwrap_or_default();
        let found = article(&html, None);
        prop_assert!((0.0..=1.0).contains(&found.confidence));
    }

    #[test]
    fn any_markup_is_read(parts in proptest::collection::vec(prop_oneof![
        Just("<div class=nav>"), Just("</div>"), Just("<p>"), Just("<table><tr><td>"), Just("</table>"), Just("<br><br>"), Just("<h1>"), Just("</h1>"),
        Just("<a href='"), Just("'>"), Just("<script>"), Just("</script>"), Just("<!--"), Just("-->"), Just("小麦上涨，交易员说。"), Just("Wheat rose, they said. "),
        Just("<svg>"), Just("<li>"), Just("</ul>"), Just("\0"), Just("&nbsp;"), Just("<b"), Just("=\""), Just("责任编辑：王"), Just("Related stories"),
    ], 0..120)) {
        let html = parts.concat();
        let found = article(&html, None);
        prop_assert!((0.0..=1.0).contains(&found.confidence));
        prop_assert_eq!(&article(&html, None), &found, "the same page gives the same article");
    }
}
