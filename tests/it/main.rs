//! Promises that only the whole house can keep, one module each.

mod page_to_prediction;
mod precision;
