//! The trained thing that ships: save, open, predict from a raw page
