//! Any text, masked: places lie on borders of characters and in order.
#![no_main]

use std::sync::LazyLock;

use biotope_data::personal::{Masker, MaskerConfig};

static MASKER: LazyLock<Masker> =
    LazyLock::new(|| Masker::new(&MaskerConfig::default()).expect("the defaults are good"));

libfuzzer_sys::fuzz_target!(|text: &str| {
    let mut last = 0;
    for span in MASKER.mask(text).spans {
        assert!(last <= span.start && span.start < span.end && text.get(span.start..span.end).is_some());
        last = span.end;
    }
});
