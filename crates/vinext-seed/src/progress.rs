//! Progress events: at most ten a second, and one at the start of each phase and pause.

use std::time::{Duration, Instant};

/// The shortest time between two events of one phase.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// What a run is doing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Phase {
    /// Reading the manifest.
    Plan,
    /// Packing and sending.
    Send,
    /// Nothing more; the last event.
    Done,
}

impl Phase {
    /// The phase's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Send => "send",
            Self::Done => "done",
        }
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// The current phase.
    pub phase: Phase,
    /// Routes that have been packed or skipped.
    pub routes: usize,
    /// Routes in the manifest; 0 while it is read.
    pub total_routes: usize,
    /// Entries that have been stored.
    pub pairs: usize,
    /// Bytes of the request bodies that stored them.
    pub bytes: u64,
    /// How long requests are paused, if a pause has just started: the API asked for it, or its rate
    /// limit has been reached.
    pub paused_for: Option<Duration>,
}

impl Progress {
    /// The same event with the pause that has just started, if any.
    pub(crate) fn paused(self, paused_for: Option<Duration>) -> Self {
        Self { paused_for, ..self }
    }
}

/// Receives progress. Called from several threads, never concurrently.
pub trait Observer: Send + Sync {
    /// Called for each event.
    fn progress(&self, progress: Progress);
}

/// Ignores progress.
impl Observer for () {
    fn progress(&self, _: Progress) {}
}

/// Limits how often an observer is called.
pub(crate) struct Throttle<'a> {
    observer: &'a dyn Observer,
    last: Option<(Phase, Instant)>,
}

impl<'a> Throttle<'a> {
    pub(crate) fn new(observer: &'a dyn Observer) -> Self {
        Self {
            observer,
            last: None,
        }
    }

    /// Passes an event on if it starts a phase or a pause, or if enough time has passed.
    pub(crate) fn report(&mut self, progress: Progress) {
        let now = Instant::now();
        let is_pause = progress.paused_for.is_some();
        let is_due = is_pause
            || self
                .last
                .is_none_or(|(phase, at)| phase != progress.phase || now - at >= MIN_INTERVAL);
        if is_due {
            self.last = Some((progress.phase, now));
            self.observer.progress(progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Records the phases that it receives.
    #[derive(Default)]
    struct Recorder(Mutex<Vec<Phase>>);

    impl Observer for Recorder {
        fn progress(&self, progress: Progress) {
            self.0.lock().unwrap().push(progress.phase);
        }
    }

    #[test]
    fn throttles_events_except_phase_changes_and_pauses() {
        let recorder = Recorder::default();
        let mut throttle = Throttle::new(&recorder);
        let event = |phase| Progress {
            phase,
            routes: 0,
            total_routes: 0,
            pairs: 0,
            bytes: 0,
            paused_for: None,
        };
        throttle.report(event(Phase::Plan));
        for _ in 0..10 {
            throttle.report(event(Phase::Send));
        }
        throttle.report(event(Phase::Send).paused(Some(Duration::from_secs(1))));
        throttle.report(event(Phase::Done));
        let recorded = recorder.0.into_inner().unwrap();
        assert_eq!(
            recorded,
            [Phase::Plan, Phase::Send, Phase::Send, Phase::Done]
        );
    }
}
