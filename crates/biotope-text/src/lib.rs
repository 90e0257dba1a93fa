//! Tokenizers, vocabularies, hashed n-gram features and packed batches for English and Chinese
