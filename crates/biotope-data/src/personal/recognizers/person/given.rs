//! Common given names, as whole words with a capital.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Given names that are no usual words, from the lists of English-speaking lands and their neighbours.
const GIVEN: &str = "James John Robert Michael William David Richard Joseph Thomas Christopher Daniel Matthew Anthony Steven Andrew Kenneth Joshua Kevin \
    Brian George Timothy Ronald Edward Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory \
    Alexander Patrick Raymond Dennis Jerry Tyler Aaron Jose Adam Nathan Henry Zachary Douglas Peter Kyle Noah Ethan Jeremy Walter Keith Roger Terry Sean \
    Gerald Carl Harold Arthur Lawrence Albert Bruce Bryan Philip Louis Russell Bobby Johnny Bradley Mary Patricia Jennifer Linda Elizabeth Barbara \
    Susan Jessica Sarah Karen Lisa Nancy Betty Sandra Margaret Ashley Kimberly Emily Donna Michelle Carol Amanda Melissa Deborah Stephanie Rebecca Laura \
    Helen Sharon Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Samantha Katherine Christine Debra Rachel Carolyn Janet Maria Heather \
    Diane Olivia Julie Joyce Victoria Ruth Virginia Lauren Kelly Christina Joan Evelyn Judith Andrea Hannah Jacqueline Cheryl Megan Martha Madison Teresa \
    Gloria Sara Janice Ann Kathryn Abigail Sophia Frances Jean Alice Judy Isabella Julia Denise Danielle Marilyn Natalie Beverly Diana Brittany Theresa \
    Kayla Alexis Doris Lori Tiffany Juan Carlos Luis Miguel Pedro Javier Fernando Antonio Francisco Manuel Hans Klaus Jürgen Wolfgang Stefan Lars Sven Erik \
    Pierre Jacques François Marco Giuseppe Giovanni Paolo Ivan Dmitri Sergei Vladimir Ahmed Mohamed Mohammed Ali Omar Fatima Aisha Olga Natasha Ingrid \
    Astrid Sofia Carmen Lucia Elena Yuki Hiroshi Kenji Raj Priya Sanjay Anil Deepak";

static NAMES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| GIVEN.split_whitespace().collect());

/// Calls with the place of every given name that stands as a word.
pub(super) fn each(text: &str, mut found: impl FnMut(usize)) {
    let bytes = text.as_bytes();
    let mut inside = false;
    for (at, byte) in bytes.iter().enumerate() {
        let word = byte.is_ascii_alphabetic() || *byte >= 0x80;
        if word && !inside && byte.is_ascii_uppercase() {
            let length =
                bytes[at..].iter().take(16).take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
            if text.get(at..at + length).is_some_and(|word| NAMES.contains(word)) {
                found(at);
            }
        }
        inside = word;
    }
}
