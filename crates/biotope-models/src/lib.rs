//! The zoo: one file, one architecture
