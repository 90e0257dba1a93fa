//! The articles that the demo's newspaper prints.

use anyhow::{Context, Result, bail};
use biotope_core::Seed;
use biotope_core::seed::below;
use rand_chacha::ChaCha8Rng;

/// From this day on, articles belong to the published test split (`ModApte` cuts Reuters by time on this day).
pub const TEST_FROM: &str = "1987-04-08";

/// One article as the newsroom wrote it: what extraction is measured against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// Path on the newspaper's site, without the leading slash.
    pub slug: String,
    /// Section, which is the label.
    pub label: String,
    /// Headline.
    pub title: String,
    /// Paragraphs of the body.
    pub paragraphs: Vec<String>,
    /// `YYYY-MM-DD`.
    pub published: String,
    /// BCP 47 tag.
    pub language: &'static str,
    /// For a reprint: the slug of the article it repeats.
    pub reprint_of: Option<String>,
    /// E-mail addresses and phone numbers that were planted.
    pub planted: Vec<String>,
}

impl Article {
    /// Headline and body as one text.
    pub fn gold(&self) -> String {
        format!("{}\n{}", self.title, self.paragraphs.join("\n"))
    }

    /// The body alone.
    pub fn body(&self) -> String {
        self.paragraphs.join("\n")
    }

    /// Whether it was printed in the test period.
    pub fn is_test(&self) -> bool {
        self.published.as_str() >= TEST_FROM
    }
}

/// Reads Reuters R8 from the tab-separated files of its package: three header lines, `label TAB text`,
/// the text lower-case letters only. Sentences, paragraphs and a day of print are given to it from `seed`.
pub fn reuters(train: &str, test: &str, seed: Seed) -> Result<Vec<Article>> {
    let mut articles = Vec::new();
    for (name, text, first, days) in [("train", train, 26, 41), ("test", test, 67, 195)] {
        let rows: Vec<(&str, &str)> = text.lines().skip(3).filter_map(|line| line.split_once('\t')).collect();
        if rows.is_empty() {
            bail!("no rows in the {name} file of Reuters R8")
        }
        let mut rng = seed.stream(&format!("newsroom/{name}"));
        for (number, (label, words)) in rows.iter().enumerate() {
            let day = first + (number * days / rows.len()) as i64;
            let slug = format!("{label}/{name}-{number:05}.html");
            let article = typeset(words, &mut rng).with_context(|| format!("row {number} of {name}"))?;
            articles.push(Article { slug, label: (*label).to_owned(), published: date(day), ..article });
        }
    }
    Ok(articles)
}

/// The day of print, counted from 31 January 1987: 26 is the first of Reuters R8, 67 the first of its test split.
pub(super) fn date(day: i64) -> String {
    let start = jiff::civil::date(1987, 1, 31);
    start.checked_add(jiff::Span::new().days(day)).expect("a day of 1987").to_string()
}

/// Turns a run of words into a headline and paragraphs of sentences.
fn typeset(words: &str, rng: &mut ChaCha8Rng) -> Result<Article> {
    let words: Vec<&str> = words.split_whitespace().collect();
    if words.is_empty() {
        bail!("an article without a word")
    }
    let (title, body) = words.split_at(words.len().min(8) * usize::from(words.len() > 12));
    let mut paragraphs = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let mut sentences = Vec::new();
        for _ in 0..2 + below(rng, 3) {
            let (sentence, tail) = rest.split_at(rest.len().min(12 + below(rng, 14) as usize));
            rest = tail;
            if !sentence.is_empty() {
                sentences.push(capitalise(&sentence.join(" ")) + ".");
            }
        }
        paragraphs.push(sentences.join(" "));
    }
    let title = if title.is_empty() { "In brief".to_owned() } else { capitalise(&title.join(" ")) };
    Ok(Article { title, paragraphs, language: "en", ..Article::default() })
}

/// Upper-cases the first letter.
pub fn capitalise(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_split_is_what_was_printed_from_the_cut_on() {
        let rows = |n: usize| {
            format!(
                "a\tb\nd\tstring\nclass\t\n{}",
                "grain\twheat rises again in the port of the city after rain said the board today\n"
                    .repeat(n)
            )
        };
        let articles = reuters(&rows(50), &rows(20), Seed(1)).unwrap();
        assert_eq!(articles.iter().filter(|a| a.is_test()).count(), 20);
        assert!(articles.iter().all(|a| a.published.starts_with("1987-")), "{:?}", articles.last());
        assert_eq!(articles[0].title, "Wheat rises again in the port of the");
    }

    #[test]
    fn no_word_is_lost_in_typesetting() {
        let words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
        let article = typeset(words, &mut Seed(1).stream("x")).unwrap();
        let plain = article.gold().to_lowercase().replace('.', "");
        assert_eq!(plain.split_whitespace().collect::<Vec<_>>().join(" "), words);
    }

    #[test]
    fn empty_files_are_refused() {
        assert!(reuters("", "", Seed(1)).unwrap_err().to_string().contains("no rows in the train file"));
    }
}
