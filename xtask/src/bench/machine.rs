//! What the numbers were measured on.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::Place;
use super::options::Options;
use super::python::Kind;

/// Instructions that decide which kernels run.
const FLAGS: [&str; 7] = ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "amx_int8"];

/// Packages whose versions are told.
const PACKAGES: [&str; 8] = [
    "torch",
    "transformers",
    "onnxruntime",
    "scikit-learn",
    "fasttext-wheel",
    "tokenizers",
    "keras",
    "tensorflow-cpu",
];

/// The machine, the date, the versions.
pub(crate) fn describe(place: &Place, options: &Options) -> Value {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kib = field(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemTotal");
    let memory = kib.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0);
    json!({
        "cpu": field(&cpu, "model name"),
        "flags": flags(&field(&cpu, "flags")),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory_gib": (memory / 1024.0 / 1024.0 * 10.0).round() / 10.0,
        "kernel": output("uname", &["-sr"]),
        "date": output("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        "rustc": output("rustc", &["--version"]),
        "commit": output("git", &["rev-parse", "--short", "HEAD"]),
        "threads": options.threads,
        "rounds": options.rounds(),
        "quick": options.quick,
        "peers": if options.peers { versions(place) } else { Vec::new() },
    })
}

/// One paragraph of it.
pub(crate) fn text(machine: &Value) -> String {
    let list = |key: &str| {
        let items = machine[key].as_array().into_iter().flatten().filter_map(Value::as_str);
        items.collect::<Vec<_>>().join(" ")
    };
    let word = |key: &str| machine[key].as_str().unwrap_or_default().to_owned();
    format!(
        "{}, {} cores ({}), {} GiB, {}, {}, {}, commit {}; {} threads, {} rounds; {}",
        word("cpu"),
        machine["cores"],
        list("flags"),
        machine["memory_gib"],
        word("kernel"),
        word("date"),
        word("rustc"),
        word("commit"),
        machine["threads"],
        machine["rounds"],
        list("peers"),
    )
}

/// What stands behind the first `name :` of a file of `/proc`.
fn field(text: &str, name: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

fn flags(all: &str) -> Vec<&'static str> {
    let has = |flag: &&&str| all.split_whitespace().any(|one| one == **flag);
    FLAGS.iter().filter(has).copied().collect()
}

fn output(program: &str, args: &[&str]) -> String {
    let done = Command::new(program).args(args).current_dir(crate::run::root()).output();
    done.map(|done| String::from_utf8_lossy(&done.stdout).trim().to_owned()).unwrap_or_default()
}

/// `torch 2.15.0` and so on, as far as the environments are there.
fn versions(place: &Place) -> Vec<String> {
    let pythons = [Kind::Torch, Kind::Keras].into_iter().filter_map(|kind| place.python.ready(kind).ok());
    let script = "import sys,importlib.metadata as m\nfor n in sys.argv[1:]:\n try: print(n, m.version(n))\n except m.PackageNotFoundError: pass";
    let mut found: Vec<String> = pythons
        .flat_map(|python| {
            let args: Vec<&str> = ["-c", script].into_iter().chain(PACKAGES).collect();
            output(&python.display().to_string(), &args).lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_flags_are_found() {
        let cpu = "processor\t: 0\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 avx512f avx512_bf16x\n";
        assert_eq!(field(cpu, "model name"), "AMD EPYC");
        assert_eq!(flags(&field(cpu, "flags")), ["avx2", "avx512f"]);
        assert_eq!(field(cpu, "nothing"), "");
    }

    #[test]
    fn the_paragraph_names_machine_and_peers() {
        let machine =
            json!({"cpu": "EPYC", "cores": 2, "flags": ["avx2"], "peers": ["torch 2"], "date": "today"});
        let text = text(&machine);
        assert!(text.starts_with("EPYC, 2 cores (avx2)") && text.ends_with("torch 2"), "{text}");
    }
}
