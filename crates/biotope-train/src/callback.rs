//! Who listens to a run.

use crate::{Event, Result};

/// Whether the run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It ends after this update, with a checkpoint from which it can be resumed.
    Stop,
}

/// Listens to the events of a run. A callback sees, it does not steer, but for [`Flow::Stop`].
///
/// A closure `FnMut(&Event) -> Result<Flow>` is one.
pub trait Callback {
    /// Something happened. An error ends the run at once.
    fn on(&mut self, event: &Event) -> Result<Flow>;
}

impl<F: FnMut(&Event) -> Result<Flow>> Callback for F {
    fn on(&mut self, event: &Event) -> Result<Flow> {
        self(event)
    }
}
