//! The ladder: one recipe per model over one dataset, from the simplest to the deepest.

use anyhow::Result;
use biotope::Recipe;

/// Size of a demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Minutes or one minute.
    pub quick: bool,
    /// A newspaper of the project's own.
    pub offline: bool,
}

/// What every recipe of the demo shares.
fn shared(name: &str, seed: u64, threads: usize, feeds: &[String], size: Size) -> String {
    let feeds: Vec<String> = feeds.iter().map(|url| format!("{url:?}")).collect();
    let dataset = if size.offline { "daily-biotope" } else { "reuters-r8-pages" };
    format!(
        r#"
name = "{name}"
dataset = "{dataset}"
seed = {seed}
refit = true
resources = {{ threads = {threads} }}

[[collect.sources]]
use = "web"
start = [{}]
allow_private = true
delay_ms = 0
concurrency = 4
per_host = 4
max_pages = 20000
label_from = "category"
contact = "demo@biotope.example"

[curate]
steps = [
  {{ use = "extract-article" }},
  {{ use = "normalize-text" }},
  {{ use = "mask-personal-data" }},
  {{ use = "limit-length", min_chars = 1, max_chars = 20000, over = "truncate" }},
]
dedup = {{ threshold = 0.7 }}
split = {{ use = "time", test_from = "{}", valid = 0.1, protect_test = true }}
"#,
        feeds.join(", "),
        super::article::TEST_FROM,
    )
}

/// One rung: model name, its part of the recipe, and what is set on top.
type Rung = (&'static str, &'static str, &'static [&'static str]);

fn models(size: Size) -> [Rung; 4] {
    let bert = if size.quick || size.offline {
        include_str!("ladder/bert-small.toml")
    } else {
        include_str!("ladder/minilm.toml")
    };
    [
        ("ngram-linear", include_str!("ladder/ngram-linear.toml"), &["class_weights=sqrt-balanced"]),
        ("text-cnn", include_str!("ladder/text-cnn.toml"), &[]),
        ("lstm", include_str!("ladder/lstm.toml"), &["class_weights=sqrt-balanced"]),
        ("bert", bert, &["class_weights=sqrt-balanced"]),
    ]
}

/// The recipes, in order, or only those of some models.
pub fn recipes(
    seed: u64,
    threads: usize,
    feeds: &[String],
    size: Size,
    only: &[String],
) -> Result<Vec<Recipe>> {
    let mut recipes = Vec::new();
    for (name, text, sets) in models(size) {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            let toml = shared(&format!("demo-{name}"), seed, threads, feeds, size);
            let mut sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
            sets.extend(size.quick.then(|| "evaluate.resamples=500".into()));
            recipes.push(Recipe::from_toml(&format!("{}{text}", toml.trim_start()), &sets)?);
        }
    }
    anyhow::ensure!(!recipes.is_empty(), "no model of the ladder is called {}", only.join(" or "));
    Ok(recipes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ladder_is_made_of_valid_recipes() {
        for (quick, offline) in [(false, false), (false, true), (true, false), (true, true)] {
            let size = Size { quick, offline };
            assert_eq!(recipes(1, 0, &["http://127.0.0.1:1/f.xml".into()], size, &[]).unwrap().len(), 4);
        }
        let size = Size { quick: true, offline: true };
        let error = recipes(1, 0, &[], size, &["gpt".into()]).unwrap_err().to_string();
        assert_eq!(error, "no model of the ladder is called gpt");
    }
}
