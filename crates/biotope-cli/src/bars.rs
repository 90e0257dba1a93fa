//! Progress bars: after a second, on a terminal, and never in the way of a pipe.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use biotope_core::{Progress, Silent, Unit};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that takes longer than this gets a bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Bars if somebody is looking.
pub(crate) fn watcher(quiet: bool) -> Box<dyn Progress> {
    if quiet || !std::io::stderr().is_terminal() { Box::new(Silent) } else { Box::new(Bars::default()) }
}

/// One bar at a time.
#[derive(Debug, Default)]
struct Bars(Mutex<Option<Bar>>);

#[derive(Debug)]
struct Bar {
    drawn: ProgressBar,
    began: Instant,
    shown: bool,
}

impl Bars {
    fn with(&self, work: impl FnOnce(&mut Bar)) {
        let mut bar = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bar) = bar.as_mut() {
            if !bar.shown && bar.began.elapsed() > PATIENCE {
                bar.drawn.set_draw_target(ProgressDrawTarget::stderr());
                bar.shown = true;
            }
            work(bar);
        }
    }
}

impl Progress for Bars {
    fn begin(&self, task: &str, total: Option<u64>, unit: Unit) {
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
        bar.set_style(style(total.is_some(), unit));
        bar.set_prefix(task.to_owned());
        let new = Bar { drawn: bar, began: Instant::now(), shown: false };
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(new);
    }

    fn at(&self, done: u64) {
        self.with(|bar| bar.drawn.set_position(done));
    }

    fn say(&self, message: &str) {
        self.with(|bar| bar.drawn.set_message(message.to_owned()));
    }

    fn end(&self) {
        self.with(|bar| bar.drawn.finish_and_clear());
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }
}

fn style(sized: bool, unit: Unit) -> ProgressStyle {
    let template = match (sized, unit) {
        (true, Unit::Bytes) => {
            "{prefix:.bold} {bar:24.cyan/dim} {bytes}/{total_bytes} {bytes_per_sec} {eta} {wide_msg:.dim}"
        }
        (false, Unit::Bytes) => "{prefix:.bold} {spinner} {bytes} {bytes_per_sec} {wide_msg:.dim}",
        (true, Unit::Items) => {
            "{prefix:.bold} {bar:24.cyan/dim} {human_pos}/{human_len} {eta} {wide_msg:.dim}"
        }
        (false, Unit::Items) => "{prefix:.bold} {spinner} {human_pos} {per_sec} {wide_msg:.dim}",
    };
    ProgressStyle::with_template(template).expect("a template that a test has drawn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_can_be_drawn() {
        let bars = Bars::default();
        for (total, unit) in
            [(Some(3), Unit::Bytes), (None, Unit::Bytes), (Some(3), Unit::Items), (None, Unit::Items)]
        {
            bars.begin("train", total, unit);
            bars.at(2);
            bars.say("loss 0.1");
            bars.end();
        }
        assert!(bars.0.lock().unwrap().is_none());
    }
}
