//! The training loop: seeded, resumable, exact
