//! Any bytes as a page: unpacked, decoded, extracted; the confidence stays a share.
#![no_main]

use biotope_data::extract::{article, page};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(html) = page(bytes) {
        assert!((0.0..=1.0).contains(&article(&html, None).confidence));
    }
});
