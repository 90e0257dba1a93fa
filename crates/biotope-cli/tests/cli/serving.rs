//! The server by its command line: defaults, then the recipe's section, then what is typed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::{articles, biotope, stderr_of};

/// A server that ends with the test.
struct Server {
    child: Child,
    /// What it said when it began to listen.
    said: Value,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn serve(folder: &Path, args: &[&str]) -> Server {
    let mut child = Command::new(env!("CARGO_BIN_EXE_biotope"))
        .args(["serve", "mine", "--json"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("BIOTOPE_STORE", folder.join("store"))
        .env("HOME", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    Server { child, said: serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line:?}")) }
}

impl Server {
    /// The status of a request with so many texts.
    fn ask(&self, texts: usize) -> u16 {
        let body = json!({ "inputs": vec!["the striker scored"; texts] }).to_string();
        let mut stream = TcpStream::connect(self.said["listening"].as_str().unwrap()).unwrap();
        write!(
            stream,
            "POST /predict HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

#[test]
fn the_recipes_section_stands_over_the_defaults_and_under_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let section = "serve={ addr = \"127.0.0.1:0\", max_client_batch = 2 }";
    biotope(folder.path()).args(["run", "mine.toml", "--set", section]).assert().success();

    let server = serve(folder.path(), &[]);
    assert_eq!(server.said["recipe"], json!({ "addr": "127.0.0.1:0", "max_client_batch": 2 }));
    assert_ne!(server.said["listening"], "127.0.0.1:8080");
    assert_eq!([server.ask(2), server.ask(3)], [200, 422]);
    let server = serve(folder.path(), &["--addr", "127.0.0.2:0", "--set", "max_client_batch=3"]);
    assert!(server.said["listening"].as_str().unwrap().starts_with("127.0.0.2:"), "{}", server.said);
    assert_eq!([server.ask(3), server.ask(4)], [200, 422]);
    // Another section is another bundle, from the same weights.
    let mut again = biotope(folder.path());
    let stages = again.args(["run", "mine.toml", "--json"]).output().unwrap().stdout;
    let stages: Value = serde_json::from_slice(&stages).unwrap();
    let skipped: Vec<bool> = stages.as_array().unwrap().iter().map(|s| s["skipped"] == true).collect();
    assert_eq!(skipped, [true, true, true, true, false]);
    let server = serve(folder.path(), &["--addr", "127.0.0.1:0"]);
    assert_eq!((server.said["recipe"].clone(), server.ask(5)), (json!({}), 200));
}

#[test]
fn a_wrong_section_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    articles(folder.path());
    let mut run = biotope(folder.path());
    let said = stderr_of(run.args(["run", "mine.toml", "--set", "serve.max_quue=3"]), 2);
    assert!(said.contains("mine.toml") && said.contains("serve.max_quue: is not a known key"), "{said}");
    assert!(said.contains("did you mean \"max_queue\"?"), "{said}");
    assert!(!folder.path().join("store/datasets").exists());
}
