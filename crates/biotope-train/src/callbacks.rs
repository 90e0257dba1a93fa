//! Listeners that come with the house.

pub mod events_file;
pub mod progress_bar;

pub use events_file::EventsFile;
pub use progress_bar::ProgressBar;
