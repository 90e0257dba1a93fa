//! The nouns of Biotope: documents, features, predictions, configuration, registries, seeds
