//! Progress without printing: libraries tell, the face shows.

/// What is being counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as MiB.
    Bytes,
    /// Pieces: documents, pages, steps.
    Items,
}

/// Receives progress of long work. Calls come from one thread at a time per task.
pub trait Progress: Send + Sync {
    /// A task begins; `total` if known.
    fn begin(&self, task: &str, total: Option<u64>, unit: Unit);
    /// So much of it is done in all.
    fn at(&self, done: u64);
    /// A few words beside the bar (a loss, a file name).
    fn say(&self, message: &str);
    /// The task is over.
    fn end(&self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: Option<u64>, _: Unit) {}
    fn at(&self, _: u64) {}
    fn say(&self, _: &str) {}
    fn end(&self) {}
}
