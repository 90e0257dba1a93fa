//! Models, tokenizers and data sets resolved from the Hugging Face Hub and package indexes, verified by digest
