//! `hf:` sources against a server that speaks the hub's protocol.

use std::fs;
use std::net::TcpListener;
use std::time::Instant;

use biotope_core::Silent;
use biotope_hub::{Digest, Error};

use crate::server::{COMMIT, File, Server};
use crate::{Bench, Told, noise};

const AT_MAIN: &str = "/owner/model/resolve/main/config.json";
const SPEC: &str = "hf:owner/model@main/config.json";

fn at_commit() -> String {
    AT_MAIN.replace("main", COMMIT)
}

/// A file under its branch and its commit.
fn put(server: &Server, file: &File) {
    server.put(AT_MAIN, file.clone()).put(&at_commit(), file.clone());
}

#[test]
fn a_model_file_comes_by_its_commit_with_the_token() {
    let server = Server::start();
    let bench = Bench::at(&server);
    put(&server, &File { bytes: noise(50_000), etag: "\"a\"", token: Some("hf_secret"), ..File::default() });
    let told = Told::default();
    let path = bench.hub().fetch(SPEC, &told).unwrap();
    assert_eq!(fs::read(&path).unwrap(), noise(50_000));
    assert_eq!(server.gets(), [at_commit()]);
    let told = told.0.into_inner().unwrap();
    assert_eq!(told[0], format!("begin {SPEC} Some(50000) Bytes"));
    assert_eq!(told.last().unwrap(), "end");
    assert!(told.contains(&"at 50000".to_owned()), "{told:?}");
    // Nothing appears in the cache of the hub's own clients.
    assert!(!bench.config.hub_cache.exists());
}

#[test]
fn a_dataset_has_its_own_address_and_a_revision_may_hold_a_slash() {
    let server = Server::start();
    let bench = Bench::at(&server);
    let file = File { bytes: b"rows".to_vec(), etag: "\"a\"", ..File::default() };
    server.put("/datasets/o/d/resolve/refs%2Fpr%2F1/data/x.parquet", file.clone());
    server.put(&format!("/datasets/o/d/resolve/{COMMIT}/data/x.parquet"), file);
    let path = bench.fetch("hf:datasets/o/d@refs%2Fpr%2F1/data/x.parquet").unwrap();
    assert_eq!(fs::read(path).unwrap(), b"rows");
}

#[test]
fn large_files_come_from_another_place_and_are_checked_there() {
    let (server, cdn) = (Server::start(), Server::start());
    let bench = Bench::at(&server);
    let bytes = noise(40_000);
    put(
        &server,
        &File { bytes: bytes.clone(), redirect: Some(format!("{}/blob", cdn.url)), ..File::default() },
    );
    cdn.put("/blob", File { bytes: bytes.clone(), etag: "\"c\"", ..File::default() });
    assert_eq!(fs::read(bench.fetch(SPEC).unwrap()).unwrap(), bytes);
    // The token stays with the hub.
    assert!(cdn.tokens().iter().all(|(_, has)| !has), "{:?}", cdn.tokens());
    assert!(server.tokens().iter().all(|(_, has)| *has), "{:?}", server.tokens());
    // Other bytes of the same size: the hub's own digest of the file tells.
    let bench = Bench::at(&server);
    cdn.put("/blob", File { bytes: vec![0; 40_000], etag: "\"c\"", ..File::default() });
    assert!(bench.error(SPEC).contains("wrong digest"));
    assert!(bench.kept().iter().all(|path| !path.ends_with("data")), "{:?}", bench.kept());
}

#[test]
fn what_the_hub_refuses_is_told_with_advice() {
    let server = Server::start();
    let bench = Bench::at(&server);
    assert_eq!(bench.error(SPEC), format!("{SPEC}: no such file"));
    put(&server, &File { token: Some("other"), ..File::default() });
    let error = bench.fetch(SPEC).unwrap_err();
    assert_eq!(error.to_string(), format!("{SPEC}: access refused with status 401"));
    assert!(error.hint().unwrap().starts_with("set HF_TOKEN"));
    put(&server, &File { fails: (502, 99), ..File::default() });
    assert_eq!(bench.error(SPEC), format!("{SPEC}: the server answered with status 502"));
}

#[test]
fn passing_failures_of_the_hub_are_waited_out() {
    let server = Server::start();
    let bench = Bench::at(&server);
    put(&server, &File { bytes: b"{}".to_vec(), etag: "\"a\"", fails: (503, 2), ..File::default() });
    assert_eq!(fs::read(bench.fetch(SPEC).unwrap()).unwrap(), b"{}");
}

#[test]
fn a_cut_transfer_of_the_hub_goes_on_by_ranges() {
    let server = Server::start();
    let bench = Bench::at(&server);
    let cuts = vec![60_000, 30_000];
    put(&server, &File { bytes: noise(200_000), etag: "\"a\"", cuts, ..File::default() });
    assert_eq!(fs::read(bench.fetch(SPEC).unwrap()).unwrap(), noise(200_000));
    let ranges: Vec<String> = server
        .seen()
        .iter()
        .filter_map(|seen| Some(seen.headers.get("range")?.to_str().unwrap().to_owned()))
        .collect();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges.iter().all(|range| range != "bytes=0-"), "{ranges:?}");
}

#[test]
fn a_wrong_digest_from_the_hub_keeps_nothing() {
    let server = Server::start();
    let bench = Bench::at(&server);
    put(&server, &File { bytes: b"evil".to_vec(), etag: "\"a\"", ..File::default() });
    let pin = Digest::of(b"good").to_string();
    let error = bench.hub().fetch_verified(SPEC, &pin, &Silent).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error:?}");
    assert_eq!(bench.kept(), [""; 0]);
}

#[test]
fn what_is_too_large_is_not_even_begun() {
    let server = Server::start();
    let mut bench = Bench::at(&server);
    bench.config.limits.file_bytes = 10_000;
    put(&server, &File { bytes: noise(20_000), etag: "\"a\"", ..File::default() });
    assert_eq!(bench.error(SPEC), format!("{SPEC}: larger than the limit of 10000 bytes"));
    assert_eq!(server.gets(), [""; 0]);
    // Nor received beyond the limit when its size was not announced.
    put(&server, &File { bytes: noise(900_000), etag: "\"a\"", no_length: true, ..File::default() });
    assert_eq!(bench.error(SPEC), format!("{SPEC}: larger than the limit of 10000 bytes"));
}

#[test]
fn offline_only_the_caches_answer() {
    let server = Server::start();
    let mut bench = Bench::at(&server);
    put(&server, &File { bytes: b"{}".to_vec(), etag: "\"a\"", ..File::default() });
    bench.config.hub_offline = true;
    let error = bench.fetch(SPEC).unwrap_err();
    let text = format!("{SPEC}: not in the cache, and HF_HUB_OFFLINE forbids to fetch it");
    assert_eq!(error.to_string(), text);
    assert_eq!(error.hint().unwrap(), "unset HF_HUB_OFFLINE once to fill the cache");
    bench.config.hub_offline = false;
    let path = bench.fetch(SPEC).unwrap();
    let before = server.seen().len();
    bench.config.hub_offline = true;
    assert_eq!(bench.fetch(SPEC).unwrap(), path);
    bench.config.offline = true;
    let error = bench.error(&format!("{}/x", server.url));
    assert!(error.contains("BIOTOPE_OFFLINE forbids"), "{error}");
    assert_eq!(server.seen().len(), before);
}

#[test]
fn the_cache_of_the_hubs_own_clients_is_used_where_it_is_certain() {
    let server = Server::start();
    let mut bench = Bench::at(&server);
    let repo = bench.config.hub_cache.join("models--owner--model");
    fs::create_dir_all(repo.join("refs")).unwrap();
    fs::create_dir_all(repo.join("snapshots").join(COMMIT)).unwrap();
    fs::write(repo.join("refs/main"), COMMIT).unwrap();
    fs::write(repo.join("snapshots").join(COMMIT).join("config.json"), "cached").unwrap();
    // A branch may have moved: the hub is asked.
    assert_eq!(bench.error(SPEC), format!("{SPEC}: no such file"));
    // A digest, a commit, or no way to ask: certain enough.
    let pin = Digest::of(b"cached").to_string();
    let pinned = bench.hub().fetch_verified(SPEC, &pin, &Silent).unwrap();
    assert_eq!(fs::read(pinned).unwrap(), b"cached");
    let by_commit = SPEC.replace("main", COMMIT);
    assert_eq!(fs::read(bench.fetch(&by_commit).unwrap()).unwrap(), b"cached");
    bench.config.hub_offline = true;
    assert_eq!(fs::read(bench.fetch(SPEC).unwrap()).unwrap(), b"cached");
}

#[test]
fn a_silent_hub_is_left_within_seconds() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut bench = Bench::new();
    bench.config.endpoint = format!("http://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    assert_eq!(bench.error(SPEC), format!("{SPEC}: unreachable: no answer in time"));
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    bench.config.endpoint = "http://hub.example".into();
    assert_eq!(bench.error(SPEC), format!("{SPEC}: plain http may only be used to reach this machine"));
    bench.config.endpoint = "nonsense".into();
    assert_eq!(bench.error(SPEC), format!("{SPEC}: HF_ENDPOINT is no address"));
}
