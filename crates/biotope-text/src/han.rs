//! Characters that are words of their own: Chinese without spaces.

/// Whether a character is a Han ideograph, by the blocks that BERT's tokenizer names (CJK Unified Ideographs with
/// extensions A to E and the compatibility blocks); kana and hangul are not among them. Extension E begins where the
/// tokenizers library has it begin, 256 characters late, so that a saved pipeline cuts as we do.
pub(crate) fn is_han(c: char) -> bool {
    matches!(
        c as u32,
        0x4E00..=0x9FFF
            | 0x3400..=0x4DBF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0xF900..=0xFAFF
            | 0x2F800..=0x2FA1F
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ideographs_and_nothing_else() {
        assert!("汉字漢㐀𠀀豈".chars().all(is_han));
        assert!(!"aé１かア한，。😀".chars().any(is_han));
    }
}
