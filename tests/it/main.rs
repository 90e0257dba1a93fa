//! Promises that only the whole house can keep, one module each.

mod ag_news;
mod page_to_prediction;
mod precision;
