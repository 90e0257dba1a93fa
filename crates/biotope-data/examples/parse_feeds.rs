//! How many feeds of a folder can be read: `cargo run --release --example parse_feeds FOLDER`.
//!
//! Every `.xml`, `.rss`, `.atom`, `.rdf` and `.json` file below the folder is read. Files that cannot be read, or only in
//! part, are named with the reason; the last line is the rate. A file is `well-formed` if it lies in a folder of that name
//! (as in feedparser's tests) — for other folders the rate over all files is what counts.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use biotope_data::source::feed;
use walkdir::WalkDir;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("which folder? parse_feeds FOLDER")?;
    let (mut all, mut good, mut part, mut panics) = ([0, 0], [0, 0], 0, 0);
    for entry in WalkDir::new(&folder).sort_by_file_name() {
        let entry = entry?;
        if !is_feed(entry.path()) {
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        let named = usize::from(entry.path().components().any(|part| part.as_os_str() == "wellformed"));
        all[named] += 1;
        let place = entry.path().display();
        match catch_unwind(AssertUnwindSafe(|| feed::parse(&bytes, None, None))) {
            Ok(Ok(feed)) => {
                good[named] += 1;
                if let Some(why) = feed.broken {
                    part += 1;
                    println!("in part: {place}: {why}");
                }
            }
            Ok(Err(why)) => println!("refused: {place}: {why}"),
            Err(_) => {
                panics += 1;
                println!("PANIC: {place}");
            }
        }
    }
    let rate = |good: i32, all: i32| if all > 0 { 100.0 * f64::from(good) / f64::from(all) } else { 0.0 };
    println!("well-formed: {} of {} parse ({:.2} %)", good[1], all[1], rate(good[1], all[1]));
    let (good, all) = (good[0] + good[1], all[0] + all[1]);
    println!(
        "all: {good} of {all} parse ({:.2} %), {part} of them in part, {panics} panics",
        rate(good, all)
    );
    Ok(())
}

fn is_feed(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| matches!(extension.as_str(), "xml" | "rss" | "atom" | "rdf" | "json"))
}
