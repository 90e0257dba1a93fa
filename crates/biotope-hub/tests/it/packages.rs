//! Package sources, with clients made of shell.
#![cfg(unix)]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use biotope_core::Silent;
use biotope_hub::{Digest, Error};

use crate::{Bench, Told};

impl Bench {
    /// Puts a program on the path: `--version` answers, everything else is the script. Its own folder is `$HERE`, and
    /// its arguments are noted there.
    fn client(&mut self, name: &str, script: &str) -> &mut Self {
        let folder = self.dir.path().join("bin");
        fs::create_dir_all(&folder).unwrap();
        let here = folder.display();
        let text = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nHERE={here}\necho \"$@\" >> $HERE/{name}.log\n{script}\n"
        );
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self.config.search_path = folder.into();
        self
    }

    fn calls(&self, name: &str) -> Vec<String> {
        let log =
            fs::read_to_string(self.dir.path().join("bin").join(format!("{name}.log"))).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    fn bin(&self, name: &str) -> std::path::PathBuf {
        fs::create_dir_all(self.dir.path().join("bin")).unwrap();
        self.dir.path().join("bin").join(name)
    }
}

fn wheel(path: &Path, entries: &[(&str, &str)]) {
    let mut zip = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, text) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

fn tape(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

const PIP: &str =
    "while [ \"$1\" != --dest ]; do shift; done\n/bin/cp $HERE/p.whl \"$2/p-1.0-py3-none-any.whl\"";

#[test]
fn files_of_one_wheel_come_by_one_download() {
    let mut bench = Bench::new();
    wheel(&bench.bin("p.whl"), &[("p/a.tab", "甲"), ("p/b.tab", "b")]);
    bench.client("pip", PIP);
    let told = Told::default();
    let path = bench.hub().fetch("pypi:p==1.0/p/a.tab", &told).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "甲");
    assert!(path.ends_with("a.tab"));
    assert_eq!(fs::read_to_string(bench.fetch("pypi:p==1.0/p/b.tab").unwrap()).unwrap(), "b");
    let calls = bench.calls("pip");
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].starts_with("download --no-deps --only-binary=:all: "), "{calls:?}");
    assert!(calls[0].ends_with(" p==1.0"), "{calls:?}");
    let told = told.0.into_inner().unwrap();
    assert_eq!(
        (told[0].as_str(), told.last().unwrap().as_str()),
        ("begin pypi:p==1.0/p/a.tab None Bytes", "end")
    );
    let error = bench.fetch("pypi:p==1.0/p/a.tabs").unwrap_err();
    assert_eq!(error.to_string(), "pypi:p==1.0/p/a.tabs: no such file");
    assert_eq!(error.hint().unwrap(), "did you mean \"p/a.tab\"?");
}

#[test]
fn pip_is_found_under_its_other_names_and_behind_dead_shims() {
    let mut bench = Bench::new();
    wheel(&bench.bin("p.whl"), &[("a", "a")]);
    bench.client("pip3", PIP).client("pip", "");
    // A shim without a program behind it.
    fs::write(bench.bin("pip"), "#!/bin/sh\nexit 127\n").unwrap();
    assert_eq!(fs::read(bench.fetch("pypi:p==1/a").unwrap()).unwrap(), b"a");
    let mut bench = Bench::new();
    wheel(&bench.bin("p.whl"), &[("a", "a")]);
    bench.client("python3", &format!("[ \"$3\" = --version ] && exit 0\n{PIP}"));
    assert_eq!(fs::read(bench.fetch("pypi:p==1/a").unwrap()).unwrap(), b"a");
    assert!(bench.calls("python3").last().unwrap().starts_with("-m pip download "));
}

#[test]
fn a_missing_client_is_named() {
    let bench = Bench::new();
    for (spec, client) in
        [("pypi:p==1/a", "pip, pip3 or python3 -m pip"), ("npm:p@1/a", "npm"), ("deb:p=1/a", "dpkg-deb")]
    {
        let error = bench.fetch(spec).unwrap_err();
        assert_eq!(error.to_string(), format!("{spec}: needs {client}, which was not found on the PATH"));
        assert_eq!(error.hint().unwrap(), format!("install {client}"));
    }
}

#[test]
fn what_a_failing_client_says_is_told_without_secrets() {
    let mut bench = Bench::new();
    bench.client(
        "pip",
        "echo \"ERROR: no match at https://me:pw@index.example/simple (hf_secret)\" >&2; exit 1",
    );
    assert_eq!(
        bench.error("pypi:p==1/a"),
        "pypi:p==1/a: pip failed: ERROR: no match at https://***@index.example/simple (***)"
    );
    bench.client("pip", "exit 0");
    assert_eq!(bench.error("pypi:p==1/a"), "pypi:p==1/a: pip failed: no .whl file came");
    bench.client("pip", "exit 3");
    assert_eq!(bench.error("pypi:p==1/a"), "pypi:p==1/a: pip failed: exit status: 3");
    bench.client("pip", "[ -z \"$HF_TOKEN\" ] && echo blind >&2; exit 1");
    assert_eq!(bench.error("pypi:p==1/a"), "pypi:p==1/a: pip failed: blind");
}

#[test]
fn a_client_that_hangs_or_floods_is_stopped() {
    let mut bench = Bench::new();
    bench.config.limits.client = std::time::Duration::from_millis(200);
    bench.client("npm", "exec /bin/sleep 600");
    assert_eq!(bench.error("npm:p@1/a"), "npm:p@1/a: npm failed: still at work after 0.2 s");
    let mut bench = Bench::new();
    bench.config.limits.package_bytes = 10_000;
    bench.client("npm", "exec /usr/bin/yes > flood");
    assert_eq!(bench.error("npm:p@1/a"), "npm:p@1/a: larger than the limit of 10000 bytes");
}

#[test]
fn a_damaged_package_is_told_once_and_replaced() {
    let mut bench = Bench::new();
    fs::write(bench.bin("p.whl"), "no zip").unwrap();
    bench.client("pip", PIP);
    let error = bench.error("pypi:p==1/a");
    assert!(error.starts_with("pypi:p==1/a: unreadable package: "), "{error}");
    wheel(&bench.bin("p.whl"), &[("a", "a")]);
    assert_eq!(fs::read(bench.fetch("pypi:p==1/a").unwrap()).unwrap(), b"a");
}

#[test]
fn a_wrong_digest_forgets_the_package_too() {
    let mut bench = Bench::new();
    wheel(&bench.bin("p.whl"), &[("a", "evil")]);
    bench.client("pip", PIP);
    let pin = Digest::of(b"good").to_string();
    let error = bench.hub().fetch_verified("pypi:p==1/a", &pin, &Silent).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error:?}");
    assert_eq!(bench.kept(), [""; 0]);
    wheel(&bench.bin("p.whl"), &[("a", "good")]);
    assert!(bench.hub().fetch_verified("pypi:p==1/a", &pin, &Silent).is_ok());
}

#[test]
fn one_file_of_an_npm_package() {
    let mut bench = Bench::new();
    let tgz = File::create(bench.bin("p.tgz")).unwrap();
    let mut gz = flate2::write::GzEncoder::new(tgz, flate2::Compression::fast());
    gz.write_all(&tape(&[("package/data/x.json", "{}")])).unwrap();
    gz.finish().unwrap();
    bench.client(
        "npm",
        "while [ \"$1\" != --pack-destination ]; do shift; done\n/bin/cp $HERE/p.tgz $2/s-p-1.0.0.tgz",
    );
    let path = bench.fetch("npm:@s/p@1.0.0/data/x.json").unwrap();
    assert_eq!(fs::read(path).unwrap(), b"{}");
    let calls = bench.calls("npm");
    assert!(calls[0].starts_with("pack --ignore-scripts ") && calls[0].ends_with(" @s/p@1.0.0"), "{calls:?}");
}

#[test]
fn one_file_of_a_debian_package() {
    let mut bench = Bench::new();
    fs::write(bench.bin("p.tar"), tape(&[("./usr/share/words", "词")])).unwrap();
    bench.client("dpkg-deb", "/bin/cat $HERE/p.tar");
    let error = bench.fetch("deb:words=1.0/usr/share/words").unwrap_err();
    assert_eq!(
        error.to_string(),
        "deb:words=1.0/usr/share/words: needs apt-get, which was not found on the PATH"
    );
    bench.client("apt-get", "echo deb > words_1.0_all.deb");
    let path = bench.fetch("deb:words=1.0/usr/share/words").unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "词");
    assert!(bench.calls("apt-get")[0].ends_with(" words=1.0"));
    bench.client("dpkg-deb", "exit 2");
    let error = bench.error("deb:words=1.0/usr/share/others");
    assert!(error.contains("unreadable package: dpkg-deb ended with exit status: 2"), "{error}");
}
