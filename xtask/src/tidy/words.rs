//! Words that must not appear: unfinished work, machine paths, layers without a backward pass.

use super::{Finding, Source};

/// Pieces are joined here so that this table does not find itself.
fn forbidden() -> Vec<(String, &'static str)> {
    let join = |a: &str, b: &str| format!("{a}{b}");
    vec![
        (join("todo", "!("), "unfinished"),
        (join("unimpl", "emented!("), "unfinished"),
        (join("FIX", "ME"), "unfinished"),
        (join("#[ign", "ore]"), "a test that does not run"),
        (join("softmax_last", "_dim("), "no backward pass in candle 0.11"),
        (join("rotary_emb::rope", "("), "no backward pass in candle 0.11"),
        (join("ops::layer", "_norm("), "no backward pass in candle 0.11"),
        (join("ops::rms", "_norm("), "no backward pass in candle 0.11"),
        (join("/home", "/"), "a machine path"),
        (join("/work", "/"), "a machine path"),
    ]
}

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let forbidden = forbidden();
    let mut findings = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            let hits = forbidden.iter().filter(|(word, _)| line.contains(word.as_str()));
            findings.extend(
                hits.map(|(word, why)| format!("{}:{}: {word:?}: {why}", source.path.display(), number + 1)),
            );
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn unfinished_work_is_found_with_its_line() {
        let text = format!("//! m\nfn f() {{ {}) }}", forbidden()[0].0);
        let found = check(&[source("a.rs", &text)]);
        assert!(
            found.len() == 1 && found[0].starts_with("a.rs:2:") && found[0].ends_with("unfinished"),
            "{found:?}"
        );
        assert!(check(&[source("a.rs", "//! done")]).is_empty());
    }
}
