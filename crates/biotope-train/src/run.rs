//! One run under way.

use std::collections::BTreeSet;

use biotope_core::Invalid;
use biotope_nn::{Example, Loss, build_loss};
use biotope_optim::{Ema, Optimizer, Schedule, Span, build_schedule};
use candle_core::Var;

use crate::callbacks::EventsFile;
use crate::checkpoint::Movers;
use crate::identity::Identity;
use crate::judge::Judge;
use crate::plan::{Passes, Plan};
use crate::state::{Best, State};
use crate::{
    Callback, Error, Event, Flow, Kind, Measured, Outcome, Reason, Result, RunDir, Trainer, checkpoint,
};

mod update;

pub(crate) struct Run<'r, 'a> {
    trainer: &'r mut Trainer<'a>,
    train: &'r [Example],
    valid: &'r [Example],
    dir: &'r RunDir,
    /// All parameters, sorted by name.
    vars: Vec<(String, Var)>,
    /// Names of those that get row gradients.
    sparse: BTreeSet<String>,
    /// Names of those whose gradient was zero in every update so far; looked at in the first ones only.
    silent: BTreeSet<String>,
    optimizer: Optimizer,
    ema: Option<Ema>,
    schedule: Box<dyn Schedule>,
    loss: Box<dyn Loss>,
    judge: Judge,
    plan: Plan,
    state: State,
    journal: EventsFile,
    /// What the clock said when this sitting began, less the time of earlier ones.
    origin: f64,
    is_stopped: bool,
}

impl<'r, 'a> Run<'r, 'a> {
    /// Prepares a run, or finds where it stood. With the passes of an earlier run it ends where that one was best.
    pub(crate) fn open(
        trainer: &'r mut Trainer<'a>,
        train: &'r [Example],
        valid: &'r [Example],
        passes: Option<Passes>,
        dir: &'r RunDir,
    ) -> Result<Self> {
        let (config, task) = (trainer.config.clone(), trainer.task);
        let vars: Vec<(String, Var)> = trainer.params.iter().collect();
        if vars.is_empty() {
            return Err(Error::NoParameters);
        }
        let mut optimizer = Optimizer::new(&config.optimizer, vars.clone(), &config.groups)?;
        let mut ema = (config.ema > 0.0).then(|| Ema::new(config.ema, vars.clone())).transpose()?;
        let plan = match passes {
            Some(passes) => Plan::again(train, &config, trainer.seed, passes),
            None => Plan::new(train, &config, trainer.seed),
        };
        let mut schedule = build_schedule(&config.schedule, Span { lr: config.lr, total: plan.steps })?;
        let judge = Judge::new(config.metric_for(task), task)?;
        let loss = build_loss(&config.loss_for(task))?;
        let mut identity = Identity::new(&config, trainer.seed, task, train, valid);
        if passes.is_some() {
            if !schedule.state().is_empty() {
                let rule = "must not listen to the validation split in a refit, which has none";
                return Err(Invalid::new("schedule", rule, &config.schedule.name).into());
            }
            identity.note("the number of updates", format!("{} of {}", plan.end, plan.steps));
        }
        let state = resume(trainer, dir, identity, &mut optimizer, ema.as_mut())?;
        if state.step > 0 {
            schedule.load_state(&state.schedule)?;
        }
        let journal = EventsFile::open(&dir.events(), state.events)?;
        let origin = (trainer.clock)() - state.seconds;
        let sparse = trainer.model.sparse().into_iter().collect();
        let is_stopped = false;
        let mut run = Self {
            trainer,
            train,
            valid,
            dir,
            vars,
            sparse,
            silent: BTreeSet::new(),
            optimizer,
            ema,
            schedule,
            loss,
            judge,
            plan,
            state,
            journal,
            origin,
            is_stopped,
        };
        run.announce()?;
        Ok(run)
    }

    pub(crate) fn goes_on(&self) -> bool {
        !self.is_stopped && self.state.step < self.plan.end && !self.is_out_of_patience()
    }

    /// One update and what is due after it.
    pub(crate) fn advance(&mut self) -> Result<()> {
        let epoch = self.state.epoch;
        let (batches, after) = self.plan.next(self.state.epoch, self.state.position);
        let done = self.update(&batches)?;
        (self.state.epoch, self.state.position) = after;
        self.state.step += 1;
        self.state.loss_sum += done.loss;
        self.state.loss_count += 1;
        let (step, seconds) = (self.state.step, self.seconds());
        let update::Done { loss, lr, norm, examples, tokens } = done;
        self.tell(&Event::StepDone { step, epoch, loss, lr, norm, examples, tokens, seconds })?;

        let is_due = self.is_evaluation_due(after.0 > epoch);
        match (is_due, self.valid.is_empty()) {
            (true, false) => self.on_mean_weights(|run| run.evaluate(epoch))?,
            (true, true) if step == self.plan.end => self.on_mean_weights(|run| run.save_best(f64::NAN))?,
            _ => {}
        }
        let is_planned = is_due || is_multiple(step, self.trainer.config.save_every);
        if is_planned || self.is_stopped {
            self.save_last(is_planned)?;
        }
        Ok(())
    }

    /// Puts the best weights in place and tells the end.
    pub(crate) fn finish(mut self) -> Result<Outcome> {
        if self.state.best.is_some() {
            let dir = self.dir.checkpoint(Kind::Best);
            checkpoint::state(&dir)?;
            checkpoint::load_params(&dir, self.trainer.params)?;
        }
        let reason = match () {
            () if self.state.step >= self.plan.end => Reason::Done,
            () if self.is_out_of_patience() => Reason::Patience,
            () => Reason::Stopped,
        };
        let best = self.state.best.unwrap_or(Best { step: 0, value: f64::NAN });
        let (step, seconds) = (self.state.step, self.seconds());
        self.tell(&Event::RunDone { step, best_step: best.step, reason, seconds })?;
        self.journal.sync()?;
        Ok(Outcome {
            best_step: best.step,
            best_value: best.value,
            metric: self.judge.metric,
            passes: Passes {
                best: self.plan.passes_at(best.step),
                planned: self.plan.passes_at(self.plan.steps),
            },
            epochs: self.state.epoch,
            steps: step,
            seconds,
            reason,
            stopped_early: reason == Reason::Patience,
            history: self.state.history,
        })
    }

    /// Does something while the parameters hold the mean of the weights, if one is kept.
    fn on_mean_weights(&mut self, work: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.ema.as_mut().map_or(Ok(()), Ema::swap)?;
        let done = work(self);
        self.ema.as_mut().map_or(Ok(()), Ema::swap)?;
        done
    }

    fn evaluate(&mut self, epoch: u64) -> Result<()> {
        let (trainer, step) = (&*self.trainer, self.state.step);
        let device = trainer.params.device();
        let budget = trainer.config.budget();
        let metrics = self.judge.measure(trainer.model, self.loss.as_ref(), self.valid, budget, device)?;
        let value = self.judge.value(&metrics, step)?;
        let is_best = self.judge.is_better(value, self.state.best.map(|best| best.value));
        self.schedule.observe(value, self.judge.goal());
        let train_loss = self.state.take_loss();
        self.state.stale = if is_best { 0 } else { self.state.stale + 1 };
        self.state.history.push(Measured { step, epoch, train_loss, metrics: metrics.clone(), is_best });
        let (metric, seconds) = (self.judge.metric.clone(), self.seconds());
        self.tell(&Event::Evaluated { step, epoch, train_loss, metric, metrics, is_best, seconds })?;
        if is_best { self.save_best(value) } else { Ok(()) }
    }

    /// What ships, for now; of a refit, which measures nothing (NaN), the last weights.
    fn save_best(&mut self, value: f64) -> Result<()> {
        let step = self.state.step;
        self.state.best = Some(Best { step, value });
        self.save(Kind::Best)?;
        self.tell(&Event::Saved { step, kind: Kind::Best, seconds: self.seconds() })
    }

    fn save_last(&mut self, is_planned: bool) -> Result<()> {
        self.state.is_planned = is_planned;
        self.save(Kind::Last)?;
        if is_planned { self.tell_last() } else { Ok(()) }
    }

    fn tell_last(&mut self) -> Result<()> {
        let (step, seconds) = (self.state.step, self.seconds());
        self.tell(&Event::Saved { step, kind: Kind::Last, seconds })
    }

    fn save(&mut self, kind: Kind) -> Result<()> {
        self.journal.sync()?;
        self.state.events = self.journal.len();
        self.state.seconds = self.seconds();
        self.state.schedule = self.schedule.state();
        let movers = Movers { optimizer: &self.optimizer, ema: self.ema.as_ref() };
        let movers = (kind == Kind::Last).then_some(movers);
        checkpoint::save(&self.dir.checkpoint(kind), &mut self.state, self.trainer.params, movers)
    }

    /// The first event; a resumed run also repeats what was told after its checkpoint was written.
    fn announce(&mut self) -> Result<()> {
        let started = Event::RunStarted {
            step: self.state.step,
            steps: self.plan.end,
            epochs: self.trainer.config.epochs,
            train: self.train.len(),
            valid: self.valid.len(),
            parameters: self.vars.iter().map(|(_, var)| var.elem_count()).sum(),
            seconds: self.seconds(),
        };
        self.tell(&started)?;
        if self.state.step > 0 && self.state.is_planned { self.tell_last() } else { Ok(()) }
    }

    fn tell(&mut self, event: &Event) -> Result<()> {
        self.journal.on(event)?;
        self.is_stopped |= self.trainer.tell(event)? == Flow::Stop;
        Ok(())
    }

    fn seconds(&self) -> f64 {
        (self.trainer.clock)() - self.origin
    }

    fn is_evaluation_due(&self, is_epoch_over: bool) -> bool {
        let every = self.trainer.config.evaluate_every;
        let is_due = if every == 0 { is_epoch_over } else { is_multiple(self.state.step, every) };
        is_due || self.state.step == self.plan.end
    }

    fn is_out_of_patience(&self) -> bool {
        let patience = self.trainer.config.patience;
        patience > 0 && self.state.stale >= patience
    }
}

fn is_multiple(step: u64, every: u64) -> bool {
    every > 0 && step.is_multiple_of(every)
}

/// The state of the last checkpoint, with weights and optimizer put back; a new state if there is none.
fn resume(
    trainer: &Trainer<'_>,
    dir: &RunDir,
    identity: Identity,
    optimizer: &mut Optimizer,
    ema: Option<&mut Ema>,
) -> Result<State> {
    let last = dir.checkpoint(Kind::Last);
    let Some(state) = checkpoint::state(&last)? else { return Ok(State::new(identity)) };
    state.run.check(&identity, dir.path())?;
    checkpoint::load_params(&last, trainer.params)?;
    checkpoint::load_movers(&last, optimizer, ema)?;
    Ok(state)
}
