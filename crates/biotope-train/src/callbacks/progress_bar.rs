//! A progress bar with loss, rate and time left.

use biotope_core::{Progress, Unit};

use crate::{Callback, Event, Flow, Result};

/// Share of the old value in the running means.
const MEMORY: f64 = 0.95;

/// Shows a run through a [`Progress`].
pub struct ProgressBar<'a> {
    progress: &'a dyn Progress,
    task: String,
    is_open: bool,
    steps: u64,
    first_step: u64,
    first_seconds: f64,
    tokens: usize,
    loss: Option<f64>,
    score: String,
}

impl std::fmt::Debug for ProgressBar<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgressBar").field("task", &self.task).finish_non_exhaustive()
    }
}

impl<'a> ProgressBar<'a> {
    /// A bar with a caption (`"train bert"`).
    pub fn new(progress: &'a dyn Progress, task: impl Into<String>) -> Self {
        Self {
            progress,
            task: task.into(),
            is_open: false,
            steps: 0,
            first_step: 0,
            first_seconds: 0.0,
            tokens: 0,
            loss: None,
            score: String::new(),
        }
    }

    fn say(&self, step: u64, seconds: f64) {
        let mut parts = Vec::new();
        if let Some(loss) = self.loss {
            parts.push(format!("loss {loss:.4}"));
        }
        let elapsed = seconds - self.first_seconds;
        if elapsed > 0.0 && step > self.first_step {
            parts.push(format!("{:.0} tokens/s", self.tokens as f64 / elapsed));
            let per_step = elapsed / (step - self.first_step) as f64;
            parts.push(format!("{} left", duration(per_step * self.steps.saturating_sub(step) as f64)));
        }
        if !self.score.is_empty() {
            parts.push(self.score.clone());
        }
        self.progress.say(&parts.join(" · "));
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.is_open) {
            self.progress.end();
        }
    }
}

impl Callback for ProgressBar<'_> {
    fn on(&mut self, event: &Event) -> Result<Flow> {
        match event {
            Event::RunStarted { step, steps, seconds, .. } => {
                self.is_open = true;
                (self.steps, self.first_step, self.first_seconds) = (*steps, *step, *seconds);
                self.progress.begin(&self.task, Some(*steps), Unit::Items);
                self.progress.at(*step);
            }
            Event::StepDone { step, loss, tokens, seconds, .. } => {
                self.tokens += tokens;
                self.loss = Some(self.loss.map_or(*loss, |mean| MEMORY * mean + (1.0 - MEMORY) * loss));
                self.progress.at(*step);
                self.say(*step, *seconds);
            }
            Event::Evaluated { step, metric, metrics, seconds, .. } => {
                self.score =
                    metrics.get(metric).map_or_else(String::new, |value| format!("{metric} {value:.4}"));
                self.say(*step, *seconds);
            }
            Event::RunDone { .. } => self.close(),
            Event::Saved { .. } => {}
        }
        Ok(Flow::Continue)
    }
}

impl Drop for ProgressBar<'_> {
    fn drop(&mut self) {
        self.close(); // a run that failed leaves no bar behind
    }
}

/// A duration in its two largest units.
fn duration(seconds: f64) -> String {
    let all = seconds.round() as u64;
    match (all / 3600, all / 60 % 60, all % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Heard {
        fn note(&self, text: String) {
            self.0.lock().unwrap().push(text);
        }
    }

    impl Progress for Heard {
        fn begin(&self, task: &str, total: Option<u64>, _: Unit) {
            self.note(format!("begin {task} {total:?}"));
        }
        fn at(&self, done: u64) {
            self.note(format!("at {done}"));
        }
        fn say(&self, message: &str) {
            self.note(message.to_owned());
        }
        fn end(&self) {
            self.note("end".to_owned());
        }
    }

    #[test]
    fn it_says_loss_rate_and_time_left_and_always_ends() {
        let heard = Heard::default();
        let mut bar = ProgressBar::new(&heard, "train");
        let (epochs, train, valid, parameters) = (1, 9, 9, 9);
        bar.on(&Event::RunStarted { step: 2, steps: 102, epochs, train, valid, parameters, seconds: 10.0 })
            .unwrap();
        let (epoch, lr, norm, examples) = (0, 0.1, 1.0, 4);
        bar.on(&Event::StepDone {
            step: 3,
            epoch,
            loss: 0.5,
            lr,
            norm,
            examples,
            tokens: 900,
            seconds: 13.0,
        })
        .unwrap();
        drop(bar);
        let expected =
            ["begin train Some(102)", "at 2", "at 3", "loss 0.5000 · 300 tokens/s · 4m 57s left", "end"];
        assert_eq!(*heard.0.lock().unwrap(), expected);
    }

    #[test]
    fn durations_are_short() {
        assert_eq!([59.4, 61.0, 7322.0].map(duration), ["59s", "1m 01s", "2h 02m"]);
    }
}
