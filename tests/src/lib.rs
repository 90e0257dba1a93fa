//! Promises that only the whole house can keep; see `it/`.
