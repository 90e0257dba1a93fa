//! What the loop promises, shown on a toy.

mod exact;

mod learns;
mod refuses;
mod toy;
