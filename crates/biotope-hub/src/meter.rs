//! Progress of one transfer: begun once, ended always.

use biotope_core::{Progress, Unit};

/// Tells a [`Progress`] about one transfer, over all its attempts.
pub(crate) struct Meter<'a> {
    progress: &'a dyn Progress,
    task: String,
    begun: bool,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(progress: &'a dyn Progress, task: impl Into<String>) -> Self {
        Self { progress, task: task.into(), begun: false }
    }

    /// The transfer begins, unless it has; `total` bytes if known.
    pub(crate) fn begin(&mut self, total: Option<u64>) {
        if !self.begun {
            self.progress.begin(&self.task, total, Unit::Bytes);
            self.begun = true;
        }
    }

    /// So many bytes are here.
    pub(crate) fn at(&mut self, bytes: u64) {
        self.begin(None);
        self.progress.at(bytes);
    }

    /// A few words beside the bar.
    pub(crate) fn say(&self, message: &str) {
        if self.begun {
            self.progress.say(message);
        }
    }
}

impl Drop for Meter<'_> {
    fn drop(&mut self) {
        if self.begun {
            self.progress.end();
        }
    }
}
