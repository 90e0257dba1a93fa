//! `deb:`: a file in a Debian package, by `apt-get download` and `dpkg-deb`.

use std::path::PathBuf;
use std::process::Stdio;

use crate::archive::{self, Failure};
use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::sources::{Job, package};

/// Downloads the package and takes the file out of it. Nothing is installed.
pub(crate) fn fetch(job: &Job<'_>, name: &str, version: Option<&str>, path: &str) -> Result<PathBuf> {
    let search_path = &job.config.search_path;
    let find = |program: &'static str| {
        Client::find(search_path, &[(program, &[])])
            .ok_or_else(|| Error::MissingClient { spec: job.spec.to_string(), client: program })
    };
    let dpkg = find("dpkg-deb")?;
    let kind = package::Kind {
        client: "apt-get",
        ending: ".deb",
        download: &|out, meter| {
            let mut command = find("apt-get")?.command(search_path);
            command.args(["download", "-qq", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=15"]);
            // The folder is private to this user, and apt's unprivileged one could not write into it.
            command.args(["-o", "APT::Sandbox::User=root"]).current_dir(out);
            command.arg(version.map_or_else(|| name.to_owned(), |version| format!("{name}={version}")));
            client::run(job, "apt-get", command, meter)
        },
        unpack: &|package, target| {
            let mut command = dpkg.command(search_path);
            command.arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().map_err(|error| Failure::Broken(error.to_string()))?;
            let stream = child.stdout.take().expect("the output was asked for");
            let outcome = archive::from_tar(stream, path, target, job.limit);
            // Once the file is out, the rest of the stream is of no use.
            let _ = child.kill();
            let status = child.wait();
            match (outcome, status) {
                (Err(Failure::Missing(None)), Ok(status)) if !status.success() => {
                    Err(Failure::Broken(format!("dpkg-deb ended with {status}")))
                }
                (outcome, _) => outcome,
            }
        },
    };
    package::fetch(job, &kind)
}
