//! A file is read in one sitting, a function in one glance; every module says what it is.

use super::{Finding, Source};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 80;

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().filter(|s| s.path.extension().is_some_and(|e| e == "rs")).flat_map(check_file).collect()
}

fn check_file(source: &Source) -> Vec<Finding> {
    let path = source.path.display();
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES && !source.text.contains("// tidy: long because ") {
        findings.push(format!(
            "{path}: {lines} lines, over {FILE_LINES}; split it, or say `// tidy: long because ...`"
        ));
    }
    if !source.text.starts_with("//!") && !source.text.starts_with("#![doc") {
        findings.push(format!("{path}: begins without a module doc (`//! ...`)"));
    }
    for (line, length) in long_functions(&source.text) {
        findings.push(format!("{path}:{line}: a function of {length} lines, over {FUNCTION_LINES}"));
    }
    findings
}

/// First line and length of every function over the limit; formatted code closes at the opening's indent.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let length = |start: usize| {
        let indent = lines[start].len() - lines[start].trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        lines[start..].iter().position(|line| **line == close).map_or(1, |end| end + 1)
    };
    let opens = lines.iter().enumerate().filter(|(_, line)| opens_function(line));
    opens.map(|(at, _)| (at + 1, length(at))).filter(|(_, length)| *length > FUNCTION_LINES).collect()
}

fn opens_function(line: &str) -> bool {
    let line = line.trim_start();
    let words = line.split_whitespace().take_while(|word| *word != "fn").count();
    let modifiers = ["pub", "const", "async", "unsafe", "extern"];
    let prefix = line.split_whitespace().take(words);
    line.split_whitespace().any(|word| word == "fn")
        && !line.ends_with(';')
        && prefix.into_iter().all(|word| modifiers.iter().any(|m| word.starts_with(m)) || word == "\"C\"")
        && !line.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    #[test]
    fn a_long_function_is_found_and_a_short_one_is_not() {
        let body = "    x();\n".repeat(80);
        let text = format!("//! m\npub fn long() {{\n{body}}}\nfn short() {{\n    x();\n}}\n");
        assert_eq!(long_functions(&text), [(2, 82)]);
    }

    #[test]
    fn a_file_without_a_doc_or_too_long_is_found() {
        assert_eq!(check_file(&source("a.rs", "fn main() {}\n")).len(), 1);
        let long = format!("//! m\n{}", "// x\n".repeat(400));
        assert_eq!(check_file(&source("a.rs", &long)).len(), 1);
        assert!(check_file(&source("a.rs", &format!("{long}// tidy: long because tables\n"))).is_empty());
    }
}
