//! One thing, one file, one registry line: a file in a registry's folder stands in its list, alphabetically.

use std::path::Path;

use super::{Finding, Source};

pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let lists = sources
        .iter()
        .filter(|s| list_of(&s.text).is_some() && s.path.extension().is_some_and(|e| e == "rs"));
    lists.flat_map(|list| check_list(list, &files_below(&list.path, sources))).collect()
}

/// The body of the first `const NAME: &[Entry<..>] = &[ .. ];`.
fn list_of(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(": &[Entry<")?;
    let (_, body) = rest.split_once("= &[")?;
    Some(body.split_once("];").map_or(body, |(body, _)| body))
}

/// Stems of the files directly below `zoo/` for `zoo.rs`.
fn files_below(list: &Path, sources: &[Source]) -> Vec<String> {
    let folder = list.with_extension("");
    let inside = sources
        .iter()
        .filter(|s| s.path.parent() == Some(&folder) && s.path.extension().is_some_and(|e| e == "rs"));
    let public = inside.filter(|s| !s.text.contains("// tidy: no entry because "));
    public.filter_map(|s| Some(s.path.file_stem()?.to_str()?.to_owned())).collect()
}

/// Where `stem::` stands, not as the end of a longer name.
fn module(body: &str, stem: &str) -> Option<usize> {
    let longer = |at: usize| body[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    body.match_indices(&format!("{stem}::")).map(|(at, _)| at).find(|at| !longer(*at))
}

fn check_list(list: &Source, files: &[String]) -> Vec<Finding> {
    let path = list.path.display();
    let body = list_of(&list.text).unwrap_or_default();
    let place = |stem: &str| module(body, stem).or_else(|| body.find(&camel(stem)));
    let missing = files.iter().filter(|stem| place(stem).is_none());
    let mut findings: Vec<Finding> =
        missing.map(|stem| format!("{path}: {stem}.rs has no line in the list")).collect();
    let order: Vec<&String> = {
        let mut order: Vec<_> = files.iter().filter_map(|stem| Some((place(stem)?, stem))).collect();
        order.sort();
        order.into_iter().map(|(_, stem)| stem).collect()
    };
    if !order.is_sorted() {
        findings.push(format!("{path}: the list is not alphabetic: {order:?}"));
    }
    findings
}

/// `text_cnn` as a type is called: `TextCnn`.
fn camel(stem: &str) -> String {
    stem.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn found(list: &str, files: &[&str]) -> Vec<Finding> {
        let text = format!("//! l\nconst ZOO: &[Entry<Build>] = &[{list}];");
        let mut sources = vec![source("crates/m/src/zoo.rs", &text)];
        sources.extend(files.iter().map(|name| source(&format!("crates/m/src/zoo/{name}.rs"), "//! x")));
        check(&sources)
    }

    #[test]
    fn a_file_without_a_line_and_a_list_out_of_order_are_found() {
        assert!(found("model::<bert::C>(), model::<lstm::C>()", &["bert", "lstm"]).is_empty());
        assert_eq!(found("model::<bert::C>()", &["bert", "lstm"]).len(), 1);
        assert_eq!(found("model::<lstm::C>(), model::<bert::C>()", &["bert", "lstm"]).len(), 1);
        assert!(
            found("cn_passport::C, cn_visa::C, passport::C", &["cn_passport", "cn_visa", "passport"])
                .is_empty()
        );
    }
}
