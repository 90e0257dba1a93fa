//! Any bytes as a web archive.
#![no_main]

use biotope_data::source::warc::next;
use libfuzzer_sys::fuzz_target;

const LIMIT: u64 = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let mut reader = bytes;
    while let Ok(Some(record)) = next(&mut reader, LIMIT) {
        assert!(record.block.len() as u64 <= LIMIT);
        if let Ok(http) = record.http(LIMIT) {
            assert!(http.body.len() as u64 <= LIMIT);
        }
    }
});
