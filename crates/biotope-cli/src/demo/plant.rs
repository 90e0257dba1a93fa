//! What a real newspaper has, too: reprints of its own articles, and personal data of its readers.

use biotope_core::Seed;
use biotope_core::seed::{below, shuffle};
use rand_chacha::ChaCha8Rng;

use super::article::Article;

/// Words an article must have to be reprinted: shorter ones change too much by one edit.
const REPRINT_WORDS: usize = 60;

/// Adds reprints of about `share` of the training articles: a notice in front, one word in about 120 replaced.
/// The test period has none, so that the published test split stays as it is.
pub fn reprints(articles: &mut Vec<Article>, share: f64, seed: Seed) {
    let mut rng = seed.stream("plant/reprints");
    let long = |a: &Article| !a.is_test() && length(a) >= REPRINT_WORDS;
    let mut sources: Vec<usize> = (0..articles.len()).filter(|i| long(&articles[*i])).collect();
    shuffle(&mut rng, &mut sources);
    sources.truncate((articles.len() as f64 * share) as usize);
    let copies: Vec<Article> = sources.iter().map(|i| reprint(&articles[*i], &mut rng)).collect();
    articles.extend(copies);
}

fn length(article: &Article) -> usize {
    let body = article.body();
    if article.language == "zh" { body.chars().count() } else { body.split_whitespace().count() }
}

fn reprint(article: &Article, rng: &mut ChaCha8Rng) -> Article {
    let mut copy = article.clone();
    copy.slug = article.slug.replace(".html", "-reprint.html");
    copy.reprint_of = Some(article.slug.clone());
    for _ in 0..=length(article) / 120 {
        let paragraph = below(rng, copy.paragraphs.len() as u64) as usize;
        copy.paragraphs[paragraph] = edited(&copy.paragraphs[paragraph], article.language, rng);
    }
    copy
}

/// The paragraph with one word (one character in Chinese) replaced.
fn edited(paragraph: &str, language: &str, rng: &mut ChaCha8Rng) -> String {
    if language == "zh" {
        let mut chars: Vec<char> = paragraph.chars().collect();
        let at = below(rng, chars.len() as u64) as usize;
        chars[at] = '又';
        return chars.into_iter().collect();
    }
    let mut words: Vec<&str> = paragraph.split(' ').collect();
    let at = below(rng, words.len() as u64) as usize;
    words[at] = "reportedly";
    words.join(" ")
}

/// Plants an e-mail address or a phone number into about one article in `every`.
pub fn personal_data(articles: &mut [Article], every: u64, seed: Seed) {
    let mut rng = seed.stream("plant/personal-data");
    for article in articles.iter_mut().filter(|a| !a.paragraphs.is_empty()) {
        if below(&mut rng, every) == 0 {
            let (planted, line) = contact(article.language, &mut rng);
            article.paragraphs.push(line);
            article.planted.push(planted);
        }
    }
}

fn contact(language: &str, rng: &mut ChaCha8Rng) -> (String, String) {
    let name = ["j.miller", "anna.berg", "li.wei", "newsroom", "p_okafor"][below(rng, 5) as usize];
    let number = below(rng, 9_000_000) + 1_000_000;
    let planted = match (below(rng, 2), language) {
        (0, _) => format!("{name}{}@desk.example", below(rng, 100)),
        (_, "zh") => format!("139{:08}", below(rng, 100_000_000)),
        _ => format!("+44 20 7{} {:04}", number / 10_000, number % 10_000),
    };
    let line = match language {
        "zh" => format!("读者可联系本报：{planted}。"),
        _ => format!("Readers may reach the desk at {planted} during the day."),
    };
    (planted, line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generate::newspaper;

    #[test]
    fn reprints_repeat_training_articles_only() {
        let mut paper = newspaper(400, Seed(1)).unwrap();
        reprints(&mut paper, 0.05, Seed(1));
        assert_eq!(paper.len(), 420);
        for copy in &paper[400..] {
            let original = paper.iter().find(|a| Some(&a.slug) == copy.reprint_of.as_ref()).unwrap();
            assert!(!copy.is_test() && copy.body() != original.body() && copy.slug != original.slug);
        }
    }

    #[test]
    fn planted_data_stands_in_the_text() {
        let mut paper = newspaper(400, Seed(1)).unwrap();
        personal_data(&mut paper, 10, Seed(1));
        let planted: Vec<_> = paper.iter().filter(|a| !a.planted.is_empty()).collect();
        assert!((20..70).contains(&planted.len()), "{}", planted.len());
        assert!(planted.iter().all(|a| a.gold().contains(&a.planted[0])));
    }
}
