//! Several sources, several threads, a cache that cannot be written.

use std::fs;
use std::net::TcpListener;
use std::thread;

use biotope_core::Silent;
use biotope_hub::{Digest, Error, Hub, HubConfig};

use crate::server::{File, Server};
use crate::{Bench, noise};

#[test]
fn sources_are_tried_in_order_until_one_has_the_right_bytes() {
    let (server, silent) = (Server::start(), TcpListener::bind("127.0.0.1:0").unwrap());
    server.put("/evil", File { bytes: b"evil".to_vec(), ..File::default() });
    server.put("/good", File { bytes: b"good".to_vec(), ..File::default() });
    server.put("/never", File { bytes: b"good".to_vec(), ..File::default() });
    let (url, silent) = (&server.url, silent.local_addr().unwrap());
    let table = format!(
        "[x]\nsha256 = \"{}\"\nsources = [\"http://{silent}/x\", \"{url}/none\", \"{url}/evil\", \"{url}/good\", \
         \"{url}/never\"]",
        Digest::of(b"good")
    );
    let bench = Bench::new().assets(&table);
    assert_eq!(fs::read(bench.fetch("asset:x").unwrap()).unwrap(), b"good");
    assert_eq!(server.gets(), ["/none", "/evil", "/good"]);
}

#[test]
fn when_all_fail_each_reason_is_told() {
    let server = Server::start();
    let (url, pin) = (&server.url, Digest::of(b""));
    let table = format!("[x]\nsha256 = \"{pin}\"\nsources = [\"{url}/a\", \"hf:o/m@main/b\", \"npm:p@1/c\"]");
    let mut bench = Bench::at(&server).assets(&table);
    bench.config.hub_offline = true;
    let text = format!(
        "no source of \"x\" could be used\n  {url}/a: no such file\n  hf:o/m@main/b: not in the cache, and \
         HF_HUB_OFFLINE forbids to fetch it\n  npm:p@1/c: needs npm, which was not found on the PATH"
    );
    let error = bench.fetch("asset:x").unwrap_err();
    assert_eq!(error.to_string(), text);
    assert_eq!(error.hint().unwrap(), "unset HF_HUB_OFFLINE once to fill the cache; install npm");
}

#[test]
fn a_folder_of_assets_is_laid_out_as_named() {
    let server = Server::start();
    let line = |name: &str, bytes: &[u8]| {
        server.put(&format!("/{name}"), File { bytes: bytes.to_vec(), ..File::default() });
        let (pin, url) = (Digest::of(bytes), &server.url);
        format!("[\"m/{name}\"]\nsha256 = \"{pin}\"\nbytes = {}\nsources = [\"{url}/{name}\"]\n", bytes.len())
    };
    let table = line("config.json", b"{}") + &line("model.bin", b"weights");
    let bench = Bench::new().assets(&table);
    let folder = bench.hub().fetch_folder("m", &Silent).unwrap();
    assert_eq!(fs::read(folder.join("config.json")).unwrap(), b"{}");
    assert_eq!(fs::read(folder.join("model.bin")).unwrap(), b"weights");
    let error = bench.hub().fetch_folder("n", &Silent).unwrap_err();
    assert_eq!(error.to_string(), "unknown asset \"n\"");
    let wrong = bench.hub().fetch_verified("asset:m/config.json", &Digest::of(b"").to_string(), &Silent);
    assert!(matches!(wrong, Err(Error::WrongDigest { .. })));
}

#[test]
fn threads_that_want_the_same_file_fetch_it_once() {
    let server = Server::start();
    server.put("/x", File { bytes: noise(300_000), ..File::default() });
    let (bench, spec) = (Bench::new(), format!("{}/x", server.url));
    thread::scope(|scope| {
        // Each its own hub: the lock lies in the folder, as between processes.
        let fetch = || fs::read(bench.fetch(&spec).unwrap()).unwrap();
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(fetch)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap() == noise(300_000)));
    });
    assert_eq!(server.gets(), ["/x"]);
}

#[test]
fn a_cache_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    let cache = dir.path().join("file").join("cache");
    let error = Hub::new(HubConfig::new(&cache)).fetch("http://127.0.0.1:9/x", &Silent).unwrap_err();
    assert_eq!(error.to_string(), format!("{}/locks: Not a directory (os error 20)", cache.display()));
    assert_eq!(error.hint().unwrap(), "set BIOTOPE_CACHE to a folder that can be written");
}

#[test]
fn a_file_of_ones_own_is_used_where_it_lies() {
    let bench = Bench::new();
    let path = bench.dir.path().join("新闻.csv");
    fs::write(&path, "x").unwrap();
    let spec = format!("file:{}", path.display());
    assert_eq!(bench.fetch(&spec).unwrap(), path);
    assert_eq!(bench.hub().fetch_verified(&spec, &Digest::of(b"x").to_string(), &Silent).unwrap(), path);
    let wrong = bench.hub().fetch_verified(&spec, &Digest::of(b"y").to_string(), &Silent).unwrap_err();
    assert!(wrong.to_string().starts_with(&format!("{spec}: wrong digest: expected sha256 ")));
    assert!(path.exists() && !bench.config.cache.exists());
    assert_eq!(bench.error("file:/no/such"), "file:/no/such: no such file");
    let folder = format!("file:{}", bench.dir.path().display());
    assert_eq!(bench.fetch(&folder).unwrap_err().hint().unwrap(), "it is a folder: name a file in it");
}

#[test]
fn an_unknown_asset_suggests_the_nearest() {
    let bench = Bench::new();
    let error = bench.fetch("asset:reuters-r8-tran").unwrap_err();
    assert_eq!(error.to_string(), "unknown asset \"reuters-r8-tran\"");
    assert_eq!(error.hint().unwrap(), "did you mean \"reuters-r8-train\"?");
}
