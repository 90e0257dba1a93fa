//! Any bytes as a sitemap.
#![no_main]

use biotope_data::source::sitemap::{MAX_ENTRIES, Sitemap, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let base = "https://news.example/sitemap.xml".parse().expect("a constant address");
    match parse(bytes, &base) {
        Ok(Sitemap::Pages(pages, _)) => assert!(pages.len() <= MAX_ENTRIES),
        Ok(Sitemap::Index(maps)) => assert!(maps.len() <= MAX_ENTRIES),
        Err(why) => assert!(why.starts_with("no sitemap: ")),
    }
});
