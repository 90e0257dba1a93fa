//! The service from outside: over a real socket, as clients see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

#[path = "service/fetching.rs"]
mod fetching;
#[path = "service/limits.rs"]
mod limits;
#[path = "service/page.rs"]
mod page;
#[path = "service/predicting.rs"]
mod predicting;
#[path = "service/stopping.rs"]
mod stopping;
#[path = "service/support.rs"]
mod support;
#[path = "service/telling.rs"]
mod telling;
#[path = "service/v2.rs"]
mod v2;
