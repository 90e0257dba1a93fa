//! Any bytes as robots.txt, asked about any path.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str)| {
    let (bytes, path) = input;
    if let Ok(url) = url::Url::parse("https://news.example/").and_then(|base| base.join(path)) {
        let once = biotope_data::sources::web::allowed(bytes, "biotope", &url);
        assert_eq!(once, biotope_data::sources::web::allowed(bytes, "biotope/1.0", &url));
    }
});
