//! `npm:`: a file in a package of an npm registry, by `npm pack`.

use std::path::PathBuf;

use crate::archive;
use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::sources::{Job, package};

/// Downloads the package and takes the file out of it. No script of the package runs.
pub(crate) fn fetch(job: &Job<'_>, name: &str, version: &str, path: &str) -> Result<PathBuf> {
    let kind = package::Kind {
        client: "npm",
        ending: ".tgz",
        download: &|out, meter| {
            let search_path = &job.config.search_path;
            let npm = Client::find(search_path, &[("npm", &[])])
                .ok_or_else(|| Error::MissingClient { spec: job.spec.to_string(), client: "npm" })?;
            let mut command = npm.command(search_path);
            command.args(["pack", "--ignore-scripts", "--silent", "--fetch-retries=1", "--pack-destination"]);
            command.arg(out).arg(format!("{name}@{version}")).current_dir(out);
            client::run(job, "npm", command, meter)
        },
        unpack: &|tarball, target| archive::from_tgz(tarball, path, target, job.limit),
    };
    package::fetch(job, &kind)
}
