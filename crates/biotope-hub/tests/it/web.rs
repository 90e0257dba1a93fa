//! `https:` sources, over plain HTTP on loopback.

use std::fs;
use std::net::TcpListener;
use std::time::Instant;

use biotope_core::Silent;
use biotope_hub::{Digest, Error};

use crate::server::{File, Server};
use crate::{Bench, Told, noise};

#[test]
fn a_file_is_fetched_once_and_checked_at_every_use() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/a/words.txt", File { bytes: noise(100_000), ..File::default() });
    let spec = format!("{}/a/words.txt", server.url);
    let told = Told::default();
    let path = bench.hub().fetch(&spec, &told).unwrap();
    assert!(path.ends_with("words.txt"));
    assert_eq!(fs::read(&path).unwrap(), noise(100_000));
    let told = told.0.into_inner().unwrap();
    assert_eq!(told[0], format!("begin {spec} Some(100000) Bytes"));
    assert_eq!(told[told.len() - 2..], ["at 100000", "end"]);
    assert_eq!(bench.fetch(&spec).unwrap(), path);
    assert_eq!(server.gets().len(), 1);
    assert_eq!(bench.hub().recorded(&spec).unwrap(), Some(Digest::of(&noise(100_000))));
    // A damaged file in the cache is fetched anew.
    fs::write(&path, "damaged").unwrap();
    assert_eq!(fs::read(bench.fetch(&spec).unwrap()).unwrap(), noise(100_000));
    assert_eq!(server.gets().len(), 2);
}

#[test]
fn trust_on_first_use_is_enforced_afterwards() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/x", File { bytes: b"first".to_vec(), ..File::default() });
    let spec = format!("{}/x", server.url);
    let path = bench.fetch(&spec).unwrap();
    fs::remove_file(&path).unwrap();
    server.put("/x", File { bytes: b"second".to_vec(), ..File::default() });
    let error = bench.fetch(&spec).unwrap_err();
    let expected = format!(
        "{spec}: wrong digest: expected sha256 {}, got {}",
        Digest::of(b"first"),
        Digest::of(b"second")
    );
    assert_eq!(error.to_string(), expected);
    let Error::WrongDigest { record: Some(record), .. } = &error else { panic!("{error:?}") };
    assert!(error.hint().unwrap().contains(record.to_str().unwrap()));
    assert!(!path.exists());
    fs::remove_file(record).unwrap();
    assert_eq!(fs::read(bench.fetch(&spec).unwrap()).unwrap(), b"second");
}

#[test]
fn a_wrong_digest_keeps_nothing() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/x", File { bytes: b"evil".to_vec(), etag: "\"e\"", ..File::default() });
    let spec = format!("{}/x", server.url);
    let pin = Digest::of(b"good").to_string();
    let error = bench.hub().fetch_verified(&spec, &pin, &Silent).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { record: None, .. }), "{error:?}");
    assert_eq!(bench.kept(), [""; 0]);
    server.put("/x", File { bytes: b"good".to_vec(), ..File::default() });
    let path = bench.hub().fetch_verified(&spec, &pin, &Silent).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"good");
    let error = bench.hub().fetch_verified(&spec, "12", &Silent).unwrap_err().to_string();
    assert!(error.contains("must be 64 hexadecimal digits"), "{error}");
}

#[test]
fn a_cut_transfer_goes_on_where_it_was_cut() {
    let (server, bench) = (Server::start(), Bench::new());
    let cuts = vec![30_000, 30_000];
    server.put("/x", File { bytes: noise(100_000), etag: "\"v1\"", cuts, ..File::default() });
    let path = bench.fetch(&format!("{}/x", server.url)).unwrap();
    assert_eq!(fs::read(path).unwrap(), noise(100_000));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[1..].iter().all(|seen| seen.headers["if-range"] == "\"v1\""), "{seen:?}");
    let start = |at: usize| seen[at].headers["range"].to_str().unwrap().to_owned();
    assert!(start(1) != "bytes=0-" && start(1) != start(2));
}

#[test]
fn another_process_goes_on_too_unless_the_file_changed() {
    for (etag, requests_whole) in [("\"v1\"", false), ("\"v2\"", true)] {
        let (server, mut bench) = (Server::start(), Bench::new());
        bench.config.limits.tries = 1;
        let spec = format!("{}/x", server.url);
        // The second request makes no progress, so the first run gives up.
        let cuts = vec![50_000, 0];
        server.put("/x", File { bytes: noise(100_000), etag: "\"v1\"", cuts, ..File::default() });
        let error = bench.fetch(&spec).unwrap_err();
        assert!(matches!(error, Error::Cut { received, .. } if received > 0), "{error:?}");
        assert_eq!(error.hint().unwrap(), "fetch again: the transfer goes on where it was cut");
        assert!(bench.kept().iter().all(|path| path.starts_with("partial/")), "{:?}", bench.kept());
        let fresh: Vec<u8> = if requests_whole { noise(100_001) } else { noise(100_000) };
        server.put("/x", File { bytes: fresh.clone(), etag, ..File::default() });
        assert_eq!(fs::read(bench.fetch(&spec).unwrap()).unwrap(), fresh);
        assert!(server.seen().last().unwrap().headers.contains_key("range"));
    }
}

#[test]
fn without_a_strong_tag_a_cut_transfer_starts_over() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/x", File { bytes: noise(60_000), etag: "W/\"v\"", cuts: vec![30_000], ..File::default() });
    let path = bench.fetch(&format!("{}/x", server.url)).unwrap();
    assert_eq!(fs::read(path).unwrap(), noise(60_000));
    assert!(server.seen().iter().all(|seen| !seen.headers.contains_key("range")));
}

#[test]
fn passing_failures_are_waited_out_and_lasting_ones_told() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/later", File { bytes: b"x".to_vec(), fails: (503, 2), ..File::default() });
    server.put("/never", File { fails: (500, 99), ..File::default() });
    server.put("/private", File { token: Some("other"), ..File::default() });
    let spec = |path: &str| format!("{}{path}", server.url);
    assert_eq!(fs::read(bench.fetch(&spec("/later")).unwrap()).unwrap(), b"x");
    assert_eq!(
        bench.error(&spec("/never")),
        format!("{}: the server answered with status 500", spec("/never"))
    );
    assert_eq!(bench.error(&spec("/none")), format!("{}: no such file", spec("/none")));
    let refused = format!("{}: access refused with status 401", spec("/private"));
    assert_eq!(bench.error(&spec("/private")), refused);
    let tries = server.gets().iter().filter(|path| *path == "/never").count();
    assert_eq!(tries, 4);
    // The hub's token is not for other servers.
    assert!(server.seen().iter().all(|seen| !seen.headers.contains_key("authorization")));
}

#[test]
fn redirects_are_followed_within_bounds() {
    let (server, bench) = (Server::start(), Bench::new());
    server.put("/a", File { redirect: Some("/b".into()), ..File::default() });
    server.put("/b", File { bytes: b"x".to_vec(), ..File::default() });
    server.put("/loop", File { redirect: Some("/loop".into()), ..File::default() });
    server.put("/out", File { redirect: Some("http://host.example/".into()), ..File::default() });
    let spec = |path: &str| format!("{}{path}", server.url);
    assert_eq!(fs::read(bench.fetch(&spec("/a")).unwrap()).unwrap(), b"x");
    assert_eq!(bench.error(&spec("/loop")), format!("{}: more than 8 redirects", spec("/loop")));
    let rule = "plain http may only be used to reach this machine";
    assert_eq!(bench.error(&spec("/out")), format!("{}: {rule}", spec("/out")));
    assert!(bench.error("http://host.example/x").ends_with(rule));
}

#[test]
fn what_is_too_large_is_stopped_announced_or_not() {
    let (server, mut bench) = (Server::start(), Bench::new());
    bench.config.limits.file_bytes = 10_000;
    for no_length in [false, true] {
        server.put("/x", File { bytes: noise(500_000), no_length, ..File::default() });
        let spec = format!("{}/x", server.url);
        assert_eq!(bench.error(&spec), format!("{spec}: larger than the limit of 10000 bytes"));
        let kept = bench
            .kept()
            .iter()
            .map(|path| bench.config.cache.join(path).metadata().unwrap().len())
            .sum::<u64>();
        assert!(kept < 100, "{kept} {:?}", bench.kept());
    }
}

#[test]
fn a_silent_server_and_a_closed_door_are_left_within_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bench = Bench::new();
    let began = Instant::now();
    let spec = format!("http://{}/x", silent.local_addr().unwrap());
    let hub = bench.hub();
    let error = hub.fetch(&spec, &Silent).unwrap_err();
    assert_eq!(error.to_string(), format!("{spec}: unreachable: no answer in time"));
    let again = hub.fetch(&spec, &Silent).unwrap_err().to_string();
    assert_eq!(again, format!("{spec}: unreachable: did not answer a moment ago"));
    let error = bench.fetch(&format!("http://{closed}/x")).unwrap_err();
    assert!(error.to_string().contains("unreachable: Connection refused"), "{error}");
    assert_eq!(error.hint().unwrap(), "check the network, HTTPS_PROXY and HF_ENDPOINT");
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

#[test]
fn credentials_of_an_address_are_sent_and_never_shown() {
    let (server, bench) = (Server::start(), Bench::new());
    let spec = format!("{}/x?key=hidden", server.url).replace("http://", "http://user:hidden@");
    let error = bench.fetch(&spec).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("hidden") && shown.contains("***@127.0.0.1"), "{shown}");
    assert!(server.seen()[0].headers.contains_key("authorization"));
    server.put("/x", File { bytes: b"x".to_vec(), ..File::default() });
    bench.fetch(&spec).unwrap();
    let record = bench.kept().into_iter().find(|path| path.starts_with("records/")).unwrap();
    assert!(!fs::read_to_string(bench.config.cache.join(record)).unwrap().contains("hidden"));
}
