//! Curation: sources, cleaning steps, deduplication, splits, quarantine, versioned datasets
