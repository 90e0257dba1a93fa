//! The crawl between runs: what is remembered, what is asked again, and that a kill changes nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use biotope_core::Silent;
use biotope_data::sources::web::{Web, WebConfig};
use biotope_data::{CollectReport, Dataset, Error, Quarantine, Store, collect};

#[path = "support/site.rs"]
mod site;
use site::Site;

const PAGES: usize = 40;
const CONCURRENCY: usize = 4;

fn html(text: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response()
}

fn page(number: usize) -> String {
    format!(
        "<html lang=zh><head><title>小麦 {number}</title></head><body><article><p>第{number}号报道：小麦期货周一上涨，\
         交易员说海外需求强劲，价格为{}元。</p></article><a href=/linked/{number}>more</a></body></html>",
        number * 7919
    )
}

/// A newspaper with a sitemap of pages, each of which links to another; some are missing, some have moved.
fn newspaper() -> Site {
    Site::open(|request, _| match request.uri().path() {
        "/robots.txt" => "User-agent: *\nDisallow: /private/\nSitemap: /sitemap.xml\n".into_response(),
        "/sitemap.xml" => {
            let url = |n| format!("<url><loc>/news/{n}?utm_source=map</loc></url>");
            let urls = (0..PAGES).map(url).collect::<Vec<_>>().concat();
            format!("<urlset>{urls}<url><loc>/private/1</loc></url></urlset>").into_response()
        }
        path => {
            let number: usize = path.rsplit('/').next().unwrap().parse().unwrap_or(0);
            match number % 13 {
                5 => StatusCode::NOT_FOUND.into_response(),
                7 => (StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, format!("/moved/{}", number + 1))])
                    .into_response(),
                _ => html(page(if path.starts_with("/news") { number } else { number + 1000 })),
            }
        }
    })
}

fn config(base: &str) -> WebConfig {
    WebConfig {
        start: vec![format!("{base}/sitemap.xml")],
        depth: 1,
        delay_ms: 2,
        backoff_ms: 5,
        per_host: CONCURRENCY,
        concurrency: CONCURRENCY,
        contact: "mailto:crawler@news.example".into(),
        allow_private: true,
        ..WebConfig::default()
    }
}

fn run(base: &str, folder: &Path) -> biotope_data::Result<CollectReport> {
    let store = Store::open(folder)?;
    collect(&Web::new(config(base))?, &store, "news", &Silent)
}

/// Not a test of its own: the child process that the tests below kill.
#[test]
fn child() {
    let Ok(job) = std::env::var("BIOTOPE_TEST_CRAWL") else { return };
    let (base, folder) = job.split_once(' ').unwrap();
    match run(base, Path::new(folder)) {
        Ok(_) => {}
        Err(error) => {
            eprintln!("{error} / {}", error.hint().unwrap_or_default());
            std::process::exit(3);
        }
    }
}

fn child_of(base: &str, folder: &Path, prefix: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let words: Vec<&std::ffi::OsStr> =
        prefix.iter().map(|word| (*word).as_ref()).chain([program.as_os_str()]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["--exact", "child", "--nocapture"]);
    command.env("BIOTOPE_TEST_CRAWL", format!("{base} {}", folder.display()));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn documents(folder: &Path) -> Vec<(String, String)> {
    let store = Store::open(folder).unwrap();
    let raw = Dataset::open(store.raw("news").unwrap()).unwrap();
    let documents = biotope_data::Source::documents(&raw).unwrap();
    documents.map(|doc| doc.unwrap()).map(|doc| (doc.source, doc.text)).collect()
}

fn finished(folder: &Path) -> bool {
    let store = Store::open(folder).unwrap();
    Dataset::open(store.raw("news").unwrap()).is_ok()
}

fn counts(site: &Site) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (path, _) in site.log.lock().unwrap().drain(..) {
        *counts.entry(path).or_default() += 1;
    }
    counts
}

/// kill -9 at random moments: nothing lost, nothing doubled, nothing asked twice but what was in flight.
#[test]
fn killed_at_any_moment_it_ends_as_if_undisturbed() {
    let site = newspaper();
    let calm = tempfile::tempdir().unwrap();
    let undisturbed = run(&site.base, calm.path()).unwrap();
    let expected = documents(calm.path());
    let asked = counts(&site);
    assert!(asked.values().all(|count| *count == 1), "{asked:?}");
    let mut dice = biotope_core::Seed(20).stream("kills");
    let mut kills_in_all = 0;
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let mut kills = 0;
        loop {
            let mut child = child_of(&site.base, folder.path(), &[]).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(20 + biotope_core::seed::below(&mut dice, 250)));
            // `kill` is SIGKILL: the child cannot tidy up.
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
            // Killed when all was written and only its end was left: the next run would be a new one.
            if finished(folder.path()) {
                break;
            }
            if kills > 40 {
                run(&site.base, folder.path()).unwrap();
                break;
            }
        }
        kills_in_all += kills;
        let again = counts(&site);
        assert_eq!(again.keys().collect::<Vec<_>>(), asked.keys().collect::<Vec<_>>());
        let doubled: usize = again.values().map(|count| count - 1).sum();
        assert!(doubled <= kills * (CONCURRENCY + 1), "{doubled} asked again after {kills} kills");
        assert_eq!(documents(folder.path()), expected, "same documents in the same order");
        let store = Store::open(folder.path()).unwrap();
        let raw = Dataset::open(store.raw("news").unwrap()).unwrap();
        assert_eq!(raw.digest().unwrap(), undisturbed.digest);
        assert_eq!(
            Quarantine::read(&store.quarantine("news").unwrap()).unwrap().len() as u64,
            undisturbed.set_aside
        );
    }
    assert!(kills_in_all > 0, "nothing was killed: the test has shown nothing");
}

#[test]
fn a_second_run_asks_whether_anything_changed() {
    let site = Site::open(|request, before| match request.uri().path() {
        "/robots.txt" => StatusCode::NOT_FOUND.into_response(),
        "/1" => {
            let known =
                request.headers().get(header::IF_NONE_MATCH) == Some(&HeaderValue::from_static("\"v1\""));
            match known {
                true if before < 3 => StatusCode::NOT_MODIFIED.into_response(),
                true => ([(header::ETAG, "\"v2\"")], html(page(2))).into_response(),
                false => ([(header::ETAG, "\"v1\"")], html(page(1))).into_response(),
            }
        }
        _ => {
            let date = "Wed, 21 Oct 2015 07:28:00 GMT";
            let known = request.headers().get(header::IF_MODIFIED_SINCE).is_some_and(|value| value == date);
            if known {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                ([(header::LAST_MODIFIED, date)], html(page(3))).into_response()
            }
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let start = ["/1", "/2"].map(|path| format!("{}{path}", site.base)).to_vec();
    let web = Web::new(WebConfig { start, depth: 0, ..config("") }).unwrap();
    let mut runs = (0..4).map(|_| collect(&web, &store, "news", &Silent).unwrap());
    let first = runs.next().unwrap();
    assert_eq!((first.documents, first.hosts.len()), (2, 1));
    for same in [runs.next().unwrap(), runs.next().unwrap()] {
        assert_eq!((same.written, &same.digest), (false, &first.digest), "304 keeps the former body");
    }
    let changed = runs.next().unwrap();
    assert!(changed.written && changed.digest != first.digest);
    assert_eq!((site.asked("/1"), site.asked("/2")), (4, 4));
    // Of all the runs the last one is remembered only.
    let kept: Vec<_> = walkdir::WalkDir::new(store.crawls("news").unwrap()).into_iter().flatten().collect();
    assert_eq!(kept.iter().filter(|entry| entry.path().extension().is_some_and(|e| e == "pack")).count(), 1);
}

#[test]
fn what_failed_in_a_run_without_documents_is_asked_again_by_the_next() {
    let site = Site::open(|request, before| match request.uri().path() {
        "/1" if before > 0 => html(page(1)),
        _ => StatusCode::NOT_FOUND.into_response(),
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let start = vec![format!("{}/1", site.base)];
    let web = Web::new(WebConfig { start, depth: 0, ..config("") }).unwrap();
    let error = collect(&web, &store, "news", &Silent).unwrap_err();
    assert!(matches!(error, Error::Empty { seen: 1, set_aside: 1, .. }), "{error}");
    let report = collect(&web, &store, "news", &Silent).unwrap();
    assert_eq!((report.documents, report.set_aside, site.asked("/1")), (1, 0, 2));
}

#[test]
fn a_full_disk_is_said_and_leaves_the_last_version() {
    let site = newspaper();
    let folder = tempfile::tempdir().unwrap();
    let first = run(&site.base, folder.path()).unwrap();
    // A kibibyte for any one file: the pack of bodies is the first to need more.
    let shell = ["bash", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "bash"];
    let output = child_of(&site.base, folder.path(), &shell).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("cannot write ") && said.contains("ulimit -f"), "{said}");
    let raw = Dataset::open(Store::open(folder.path()).unwrap().raw("news").unwrap()).unwrap();
    assert_eq!((raw.version(), raw.digest().unwrap()), (first.version, first.digest.clone()));
    // With space again it goes on to the same end.
    let again = run(&site.base, folder.path()).unwrap();
    assert_eq!((again.digest, again.documents), (first.digest, first.documents));
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let site = Site::open(|request, before| match request.uri().path() {
        "/robots.txt" => StatusCode::NOT_FOUND.into_response(),
        "/busy" if before == 0 => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")]).into_response()
        }
        "/long" => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "86400")]).into_response(),
        _ => html(page(1)),
    });
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let start = ["/busy", "/after", "/long"].map(|path| format!("{}{path}", site.base)).to_vec();
    let web = Web::new(WebConfig { start, per_host: 1, concurrency: 2, depth: 0, ..config("") }).unwrap();
    let report = collect(&web, &store, "news", &Silent).unwrap();
    assert_eq!((report.documents, report.set_aside), (2, 1));
    let log = site.log.lock().unwrap();
    let times: Vec<_> = log.iter().filter(|(path, _)| path == "/busy").map(|(_, at)| *at).collect();
    assert!(times[1].duration_since(times[0]) >= Duration::from_secs(1));
    let after = log.iter().find(|(path, _)| path == "/after").unwrap().1;
    assert!(after.duration_since(times[0]) >= Duration::from_secs(1), "the whole host rests");
    let aside = Quarantine::read(&store.quarantine("news").unwrap()).unwrap();
    assert_eq!(aside[0].why, "status 503, asked to wait 86400 s");
}
