//! How two extractors agree about the blocks of a page.

use std::collections::HashSet;

/// Length of the runs of characters that are compared.
const RUN: usize = 8;

/// The text that an extractor gave, to ask which blocks it chose.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    runs: HashSet<u64>,
    short: HashSet<String>,
}

impl Chosen {
    /// Reads an extractor's text.
    pub(crate) fn new(text: &str) -> Self {
        let mut chosen = Self::default();
        for line in text.lines() {
            chosen.short.insert(bare(line).into_iter().collect());
        }
        chosen.runs.extend(runs(&bare(text)));
        chosen
    }

    /// Whether most of a block is in it. White space does not count: extractors lose some between elements.
    pub(crate) fn holds(&self, block: &str) -> bool {
        let letters = bare(block);
        if letters.len() < 3 * RUN {
            return self.short.contains(&letters.into_iter().collect::<String>());
        }
        let (mut all, mut held) = (0_usize, 0_usize);
        for run in runs(&letters) {
            all += 1;
            held += usize::from(self.runs.contains(&run));
        }
        held * 2 > all
    }
}

fn bare(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Hashes of all runs of characters (FNV-1a over the code points).
fn runs(letters: &[char]) -> impl Iterator<Item = u64> + '_ {
    let step = |hash: u64, c: &char| (hash ^ u64::from(*c as u32)).wrapping_mul(0x0100_0000_01b3);
    letters.windows(RUN).map(move |run| run.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_held_whatever_its_blanks() {
        let chosen = Chosen::new(
            "Wheat futures rose inChicago on Monday after traders\n小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲。\nShort",
        );
        assert!(chosen.holds("Wheat futures rose in Chicago on Monday"));
        assert!(chosen.holds("小麦期货周一在芝加哥上涨，此前交易员报告海外需求强劲"));
        assert!(chosen.holds("Short") && !chosen.holds("Sport"));
        assert!(!chosen.holds("Corn futures fell in Kansas City on Tuesday before a report"));
    }
}
