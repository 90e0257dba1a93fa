//! Any bytes as a feed, with and without a claim of their encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let base = "https://news.example/feed".parse().ok();
    for kind in [None, Some("application/rss+xml; charset=gb18030"), Some("application/feed+json")] {
        if let Ok(feed) = biotope_data::source::feed::parse(bytes, kind, base.as_ref()) {
            assert!(feed.entries.len() <= biotope_data::source::feed::MAX_ENTRIES);
        }
    }
});
