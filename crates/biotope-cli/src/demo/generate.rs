//! The newspaper that the project writes itself: `biotope demo --offline`.
//!
//! Six sections in English and Chinese. Each article draws most of its sentences from its own section and
//! some from another, so that a classifier has something to get wrong.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use biotope_core::Seed;
use biotope_core::seed::{below, shuffle, unit};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use super::article::Article;

#[derive(Debug, Deserialize)]
struct Words {
    adjuncts: Vec<String>,
    adjuncts_zh: Vec<String>,
    topics: BTreeMap<String, Topic>,
}

#[derive(Debug, Deserialize)]
struct Topic {
    subjects: Vec<String>,
    verbs: Vec<String>,
    objects: Vec<String>,
    zh_subjects: Vec<String>,
    zh_verbs: Vec<String>,
    zh_objects: Vec<String>,
}

/// Writes `count` articles, a quarter of them Chinese, the last fifth printed in the test period.
pub fn newspaper(count: usize, seed: Seed) -> Result<Vec<Article>> {
    let words: Words = toml::from_str(include_str!("words.toml")).context("words.toml")?;
    let mut rng = seed.stream("newsroom/generated");
    let labels: Vec<&String> = words.topics.keys().collect();
    let mut order: Vec<usize> = (0..count).map(|n| n % labels.len()).collect();
    shuffle(&mut rng, &mut order);
    let write = |(number, label): (usize, usize)| article(&words, labels[label], number, count, &mut rng);
    Ok(order.into_iter().enumerate().map(write).collect())
}

fn article(words: &Words, label: &str, number: usize, count: usize, rng: &mut ChaCha8Rng) -> Article {
    let chinese = below(rng, 4) == 0;
    let sentence = |label: &str, rng: &mut ChaCha8Rng| {
        if chinese {
            sentence_zh(words, &words.topics[label], rng)
        } else {
            sentence_en(words, &words.topics[label], rng)
        }
    };
    let other = others(words, label, rng);
    let title = sentence(label, rng);
    let mut paragraphs = Vec::new();
    for _ in 0..2 + below(rng, 3) {
        let sentences: Vec<String> = (0..3 + below(rng, 4))
            .map(|_| sentence(if unit(rng) < 0.62 { label } else { &other }, rng))
            .collect();
        paragraphs.push(sentences.join(if chinese { "" } else { " " }));
    }
    Article {
        slug: format!("{label}/{number:05}.html"),
        label: label.to_owned(),
        title: title.trim_end_matches(['.', '。']).to_owned(),
        paragraphs,
        published: published(number, count),
        language: if chinese { "zh" } else { "en" },
        ..Article::default()
    }
}

fn others(words: &Words, label: &str, rng: &mut ChaCha8Rng) -> String {
    let others: Vec<&String> = words.topics.keys().filter(|other| *other != label).collect();
    (*pick(&others, rng)).clone()
}

/// The first four fifths fall before the cut, in order.
fn published(number: usize, count: usize) -> String {
    let cut = count * 4 / 5;
    let (first, days, at, of) =
        if number < cut { (26, 41, number, cut) } else { (67, 60, number - cut, count - cut) };
    super::article::date((first + at * days / of.max(1)) as i64)
}

fn sentence_en(words: &Words, topic: &Topic, rng: &mut ChaCha8Rng) -> String {
    let core =
        [pick(&topic.subjects, rng), pick(&topic.verbs, rng), pick(&topic.objects, rng)].map(String::as_str);
    format!("{} {}.", core.join(" "), pick(&words.adjuncts, rng))
}

fn sentence_zh(words: &Words, topic: &Topic, rng: &mut ChaCha8Rng) -> String {
    let adjunct = pick(&words.adjuncts_zh, rng);
    let core = [pick(&topic.zh_subjects, rng), pick(&topic.zh_verbs, rng), pick(&topic.zh_objects, rng)];
    format!("{adjunct}，{}。", core.map(String::as_str).concat())
}

fn pick<'a, T>(items: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &items[below(rng, items.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_newspaper_is_the_same_for_a_seed_and_speaks_both_languages() {
        let paper = newspaper(600, Seed(7)).unwrap();
        assert_eq!(paper, newspaper(600, Seed(7)).unwrap());
        assert_ne!(paper, newspaper(600, Seed(8)).unwrap());
        let chinese = paper.iter().filter(|a| a.language == "zh").count();
        assert!((100..200).contains(&chinese), "{chinese}");
        assert_eq!(paper.iter().filter(|a| a.is_test()).count(), 120);
        assert_eq!(paper.iter().filter(|a| a.label == "sport").count(), 100);
    }
}
