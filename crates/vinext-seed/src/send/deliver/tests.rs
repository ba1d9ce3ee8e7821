//! Batches against scripted outcomes, on a paused clock.

use std::collections::HashSet;
use std::sync::Mutex;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::pack::batch_of;
use crate::send::RetryPolicy;
use crate::send::adaptive_limits::AdaptiveLimits;
use crate::send::circuit_breaker::CircuitBreaker;
use crate::send::rate_limiter::RateLimiter;
use crate::store::{
    Frame, KeyPage, Outcome, RequestError, RequestErrorKind, StoreError, StoreLimits, StoreRules,
};

type Put = Result<Stored, RequestError>;
type Answer = Box<dyn Fn(&Batch) -> Put + Send + Sync>;

/// Answers from a script, then with success, and remembers what it was asked.
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(Duration, Vec<String>)>>,
    start: Instant,
}

impl Store for Script {
    const FRAME: Frame = Frame::BulkJson;
    const RULES: StoreRules = StoreRules::KvAdapter;
    const LIMITS: StoreLimits = crate::store::cloudflare_kv::LIMITS;

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        let keys = batch.keys().collect();
        self.asked
            .lock()
            .unwrap()
            .push((self.start.elapsed(), keys));
        let answer = self.answers.lock().unwrap().pop_front();
        sleep(Duration::from_millis(10)).await;
        Outcome::new(answer.map_or(Ok(Stored::All), |answer| answer(batch)))
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Outcome<KeyPage> {
        unreachable!("sending a batch lists nothing")
    }

    async fn get(&self, _: &str) -> Outcome<Option<Vec<u8>>> {
        unreachable!("sending a batch reads nothing")
    }

    async fn delete(&self, _: &[String]) -> Outcome<()> {
        unreachable!("sending a batch deletes nothing")
    }
}

fn sender(answers: Vec<Answer>) -> BatchSender<Script> {
    BatchSender {
        store: Script {
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
            start: Instant::now(),
        },
        policy: RetryPolicy::default(),
        rate_limiter: RateLimiter::new(true),
        limits: AdaptiveLimits::new(),
        circuit_breaker: CircuitBreaker::default(),
        aborted: CancellationToken::new(),
        random: Mutex::new(fastrand::Rng::with_seed(7)),
    }
}

impl BatchSender<Script> {
    fn asked(&self) -> Vec<Vec<String>> {
        let asked = self.store.asked.lock().unwrap();
        asked.iter().map(|(_, keys)| keys.clone()).collect()
    }

    fn asked_at(&self) -> Vec<Duration> {
        let asked = self.store.asked.lock().unwrap();
        asked.iter().map(|(at, _)| *at).collect()
    }
}

fn always(put: Put) -> Answer {
    Box::new(move |_| put.clone())
}

fn error(code: &'static str) -> StoreError {
    StoreError::new(code, "why".to_owned())
}

fn partly_stored() -> RequestError {
    RequestErrorKind::Transient.because(error("KV_PARTLY_STORED"))
}

fn failing(kind: RequestErrorKind, code: &'static str) -> Answer {
    always(Err(kind.because(error(code))))
}

/// The same, if it is unknown whether the entries are stored.
fn in_doubt(kind: RequestErrorKind, code: &'static str) -> Answer {
    always(Err(kind.because(error(code).may_be_stored(true))))
}

fn after(kind: RequestErrorKind, code: &'static str, seconds: u64) -> Answer {
    always(Err(RequestError {
        retry_after: Some(Duration::from_secs(seconds)),
        ..kind.because(error(code))
    }))
}

fn stored() -> Answer {
    always(Ok(Stored::All))
}

fn busy() -> Answer {
    in_doubt(RequestErrorKind::Transient, "KV_HTTP_ERROR")
}

fn repeat(answer: impl Fn() -> Answer, times: usize) -> Vec<Answer> {
    (0..times).map(|_| answer()).collect()
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn batch(names: &[&str]) -> Batch {
    batch_of(&keys(names))
}

fn letters(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("key-{number:05}"))
        .collect()
}

fn failed(done: &Delivered) -> Vec<(&'static str, bool, Vec<String>)> {
    let failed = done.failed.iter();
    failed
        .map(|failed| {
            let error = &failed.error;
            (error.code(), error.may_be_stored, failed.keys.clone())
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_retried_after_growing_waits() {
    let sender = sender(repeat(busy, 3));
    let done = sender.deliver(batch(&["a", "b"])).await;
    assert_eq!((done.pairs, done.requests, done.retries), (2, 1, 3));
    assert!(done.failed.is_empty());
    let at = sender.asked_at();
    for (number, base_ms) in [(0, 100), (1, 200), (2, 400)] {
        let wait = at[number + 1] - at[number] - Duration::from_millis(10);
        let base = Duration::from_millis(base_ms);
        assert!((base..=2 * base).contains(&wait), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_attempts_and_keeps_may_be_stored() {
    let mut answers = vec![busy()];
    let refused = || failing(RequestErrorKind::Transient, "NETWORK_ERROR");
    answers.extend(repeat(refused, 20));
    let sender = sender(answers);
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(sender.asked().len(), RetryPolicy::default().attempts);
    assert_eq!(failed(&done), [("NETWORK_ERROR", true, keys(&["a"]))]);
    assert_eq!(
        sender.circuit_breaker.reason().unwrap().code(),
        "NETWORK_ERROR"
    );
}

#[tokio::test(start_paused = true)]
async fn limits_the_total_time() {
    let mut sender = sender(repeat(busy, 100));
    sender.policy.attempts = 100;
    sender.policy.total = Duration::from_secs(30);
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(done.failed.len(), 1);
    assert!(start.elapsed() <= Duration::from_secs(30));
    assert!(sender.asked().len() < 20);
}

#[tokio::test(start_paused = true)]
async fn retries_only_the_failed_keys() {
    let partly = |names: &[&str]| {
        let names: HashSet<_> = keys(names).into_iter().collect();
        always(Ok(Stored::AllBut(names, partly_stored())))
    };
    let sender = sender(vec![partly(&["b", "d"]), partly(&["d"])]);
    let done = sender.deliver(batch(&["a", "b", "c", "d"])).await;
    let asked = [keys(&["a", "b", "c", "d"]), keys(&["b", "d"]), keys(&["d"])];
    assert_eq!(sender.asked(), asked);
    assert_eq!(
        (done.pairs, done.routes, done.requests, done.retries),
        (4, 4, 3, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn counts_entries_stored_before_a_fatal_error() {
    let names = HashSet::from(["b".to_owned()]);
    let full = RequestErrorKind::Fatal.because(error("REDIS_OUT_OF_MEMORY"));
    let sender = sender(vec![always(Ok(Stored::AllBut(names, full)))]);
    let done = sender.deliver(batch(&["a", "b", "c"])).await;
    assert_eq!(sender.asked(), [keys(&["a", "b", "c"])]);
    assert_eq!(done.pairs, 2);
    assert_eq!(
        failed(&done),
        [("REDIS_OUT_OF_MEMORY", false, keys(&["b"]))]
    );
    assert!(sender.end().is_some());
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_retry_the_whole_batch() {
    let names = HashSet::from(["x".to_owned()]);
    let sender = sender(vec![always(Ok(Stored::AllBut(names, partly_stored())))]);
    let done = sender.deliver(batch(&["a", "b"])).await;
    assert_eq!(sender.asked(), [keys(&["a", "b"]), keys(&["a", "b"])]);
    assert_eq!(done.pairs, 2);
}

#[tokio::test(start_paused = true)]
async fn entries_are_in_doubt_if_only_unknown_keys_failed() {
    let foreign = || {
        let names = HashSet::from(["x".to_owned()]);
        always(Ok(Stored::AllBut(names, partly_stored())))
    };
    let sender = sender(repeat(foreign, RetryPolicy::default().attempts));
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(failed(&done), [("KV_PARTLY_STORED", true, keys(&["a"]))]);
}

#[tokio::test(start_paused = true)]
async fn splits_a_batch_until_it_fits_and_later_ones_too() {
    let too_large = || failing(RequestErrorKind::TooLarge, "KV_TOO_LARGE");
    let sender = sender(repeat(too_large, 2));
    let names = letters(8);
    let done = sender.deliver(batch_of(&names)).await;
    assert_eq!(done.pairs, 8);
    let asked = sender.asked();
    assert_eq!(asked[0].len(), 8);
    assert!(asked[1].len() < 8 && asked[2].len() < asked[1].len());
    assert_eq!(asked[2..].concat(), names);
    sender.deliver(batch_of(&letters(8))).await;
    assert!(
        sender.asked()[asked.len()..]
            .iter()
            .all(|keys| keys.len() <= asked[2].len())
    );
}

#[tokio::test(start_paused = true)]
async fn only_an_entry_that_is_itself_too_large_fails() {
    let sender = sender(Vec::new());
    for _ in 0..20 {
        let mut answers = sender.store.answers.lock().unwrap();
        answers.push_back(Box::new(|batch| {
            match batch.keys().any(|key| key == "big") {
                true => Err(RequestErrorKind::TooLarge.because(error("KV_TOO_LARGE"))),
                false => Ok(Stored::All),
            }
        }));
    }
    let done = sender.deliver(batch(&["a", "b", "big", "c"])).await;
    assert_eq!(done.pairs, 3);
    assert_eq!(failed(&done), [("KV_TOO_LARGE", false, keys(&["big"]))]);
    assert_eq!(sender.circuit_breaker.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn finds_a_rejected_entry_by_bisection() {
    let bad = ["key-00005", "key-00900"];
    let sender = sender(Vec::new());
    for _ in 0..200 {
        let mut answers = sender.store.answers.lock().unwrap();
        answers.push_back(Box::new(move |batch| {
            if batch.keys().any(|key| bad.contains(&key.as_str())) {
                Err(RequestErrorKind::Rejected.because(error("KV_HTTP_ERROR")))
            } else {
                Ok(Stored::All)
            }
        }));
    }
    let done = sender.deliver(batch_of(&letters(1000))).await;
    assert_eq!(done.pairs, 998);
    let found: Vec<_> = failed(&done)
        .into_iter()
        .flat_map(|(_, _, keys)| keys)
        .collect();
    assert_eq!(found, bad);
    assert!(sender.asked().len() < 50, "{}", sender.asked().len());
}

#[tokio::test(start_paused = true)]
async fn stops_bisecting_if_every_entry_is_rejected() {
    let sender = sender(repeat(
        || failing(RequestErrorKind::Rejected, "KV_HTTP_ERROR"),
        5000,
    ));
    let done = sender.deliver(batch_of(&letters(2000))).await;
    assert_eq!(done.pairs, 0);
    assert_eq!(
        done.failed
            .iter()
            .map(|failed| failed.keys.len())
            .sum::<usize>(),
        2000
    );
    assert!(sender.asked().len() < 100, "{}", sender.asked().len());
}

/// Answers every batch by the same rule.
fn by_rule(sender: &BatchSender<Script>, rule: fn(&Batch) -> Put) {
    let mut answers = sender.store.answers.lock().unwrap();
    answers.extend((0..5000).map(|_| -> Answer { Box::new(rule) }));
}

fn slow() -> Put {
    let error = error("KV_TIMEOUT").may_be_stored(true);
    Err(RequestErrorKind::TooSlow.because(error))
}

#[tokio::test(start_paused = true)]
async fn splits_a_slow_batch() {
    let sender = sender(repeat(|| always(slow()), 2));
    let done = sender.deliver(batch_of(&letters(300))).await;
    assert_eq!(done.pairs, 300);
    let sizes: Vec<_> = sender.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes, [300, 150, 38, 38, 38, 36, 38, 38, 38, 36]);
}

#[tokio::test(start_paused = true)]
async fn stores_everything_if_single_entries_are_fast_enough() {
    let sender = sender(Vec::new());
    by_rule(&sender, |batch| match batch.pairs() {
        1 => Ok(Stored::All),
        _ => slow(),
    });
    let done = sender.deliver(batch_of(&letters(1000))).await;
    assert_eq!((done.pairs, done.failed.len()), (1000, 0));
    assert_eq!(sender.circuit_breaker.reason(), None);
    // A size that was too slow is tried again only after some time.
    let too_large = sender.asked().iter().filter(|keys| keys.len() > 1).count();
    assert!(too_large < 10, "{too_large}");
}

#[tokio::test(start_paused = true)]
async fn consecutive_timeouts_end_the_run() {
    let sender = sender(Vec::new());
    by_rule(&sender, |_| slow());
    let done = sender.deliver(batch_of(&letters(10_000))).await;
    assert_eq!(sender.asked().len(), 10);
    assert_eq!(sender.asked().last().unwrap().len(), 1);
    let lost: usize = done.failed.iter().map(|failed| failed.keys.len()).sum();
    assert_eq!((done.pairs, lost), (0, 10_000));
    assert!(done.failed.iter().all(|failed| failed.error.may_be_stored));
    assert_eq!(
        sender.circuit_breaker.reason().unwrap().code(),
        "KV_TIMEOUT"
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_slow_entry_fails() {
    let sender = sender(Vec::new());
    by_rule(&sender, |batch| {
        match batch.keys().any(|key| key == "key-00000") {
            true => slow(),
            false => Ok(Stored::All),
        }
    });
    let done = sender.deliver(batch_of(&letters(300))).await;
    assert_eq!(done.pairs, 299);
    assert_eq!(failed(&done), [("KV_TIMEOUT", true, keys(&["key-00000"]))]);
    assert_eq!(sender.circuit_breaker.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn the_size_recovers_after_an_outage() {
    let sender = sender(repeat(|| always(slow()), 3));
    let names = letters(8000);
    for part in names.chunks(200) {
        let done = sender.deliver(batch_of(part)).await;
        assert_eq!(done.pairs, 200);
    }
    let last = sender.asked().last().unwrap().len();
    assert_eq!(last, 200, "as large as before");
}

#[tokio::test(start_paused = true)]
async fn the_second_lost_connection_halves_the_batch() {
    let cut = || in_doubt(RequestErrorKind::ConnectionLost, "NETWORK_ERROR");
    let sender = sender(repeat(cut, 2));
    sender.deliver(batch_of(&letters(400))).await;
    let sizes: Vec<_> = sender.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes, [400, 400, 200, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_batch_pauses_all_others() {
    let sender = sender(vec![after(RequestErrorKind::Throttled, "KV_THROTTLED", 30)]);
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sender.deliver(batch(&["b"])).await
    };
    let (first, second) = tokio::join!(sender.deliver(batch(&["a"])), later);
    assert_eq!((first.pairs, second.pairs), (1, 1));
    let at = sender.asked_at();
    assert_eq!(at.len(), 3);
    assert!(
        at[1..].iter().all(|at| *at >= Duration::from_secs(30)),
        "{at:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_of_an_hour_ends_the_run() {
    let sender = sender(vec![after(
        RequestErrorKind::Throttled,
        "KV_THROTTLED",
        3600,
    )]);
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(failed(&done), [("KV_THROTTLED", false, keys(&["a"]))]);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(sender.circuit_breaker.reason().is_some());
}

#[tokio::test(start_paused = true)]
async fn limits_throttling_without_retry_after() {
    let throttled = || failing(RequestErrorKind::Throttled, "KV_THROTTLED");
    let sender = sender(repeat(throttled, 100));
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(sender.asked().len(), RetryPolicy::default().attempts);
    assert_eq!(done.failed.len(), 1);
    assert!(
        start.elapsed() > Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_quota_ends_the_run() {
    let sender = sender(vec![
        stored(),
        in_doubt(RequestErrorKind::QuotaExhausted, "KV_QUOTA_EXHAUSTED"),
    ]);
    assert_eq!(sender.deliver(batch(&["a"])).await.pairs, 1);
    let crossing = sender.deliver(batch(&["b"])).await;
    assert_eq!(
        failed(&crossing),
        [("KV_QUOTA_EXHAUSTED", true, keys(&["b"]))]
    );
    let after = sender.deliver(batch(&["c"])).await;
    assert_eq!(
        failed(&after),
        [("KV_QUOTA_EXHAUSTED", false, keys(&["c"]))]
    );
    assert_eq!(sender.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_fatal_failure_wakes_pending_retries() {
    let sender = sender(vec![
        busy(),
        failing(RequestErrorKind::Fatal, "KV_UNAUTHORIZED"),
    ]);
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sender.deliver(batch(&["b"])).await
    };
    let start = Instant::now();
    let (first, second) = tokio::join!(sender.deliver(batch(&["a"])), later);
    assert_eq!(failed(&first), [("KV_UNAUTHORIZED", true, keys(&["a"]))]);
    assert_eq!(failed(&second), [("KV_UNAUTHORIZED", false, keys(&["b"]))]);
    assert!(start.elapsed() < Duration::from_millis(100));
    assert_eq!(sender.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_failed_batch_among_good_ones_does_not_end_the_run() {
    let mut answers = vec![stored()];
    answers.extend(repeat(busy, 8));
    let sender = sender(answers);
    for (name, pairs) in [("a", 1), ("b", 0), ("c", 1)] {
        assert_eq!(sender.deliver(batch(&[name])).await.pairs, pairs, "{name}");
    }
    assert_eq!(sender.circuit_breaker.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn three_failed_batches_in_a_row_end_the_run() {
    let mut answers = vec![stored()];
    answers.extend(repeat(busy, 3 * RetryPolicy::default().attempts));
    let sender = sender(answers);
    sender.deliver(batch(&["a"])).await;
    for (name, ends) in [("b", false), ("c", false), ("d", true)] {
        sender.deliver(batch(&[name])).await;
        assert_eq!(sender.circuit_breaker.reason().is_some(), ends, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_rejected_entries_in_a_row_end_the_run() {
    let refused = || failing(RequestErrorKind::Rejected, "KV_HTTP_ERROR");
    let mut answers = repeat(refused, 15);
    answers.push(stored());
    answers.extend(repeat(refused, 16));
    let sender = sender(answers);
    for number in 1..=32 {
        sender.deliver(batch(&["a"])).await;
        assert_eq!(
            sender.circuit_breaker.reason().is_some(),
            number == 32,
            "{number}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn requested_pauses_total_at_most_ten_minutes() {
    let throttled = || after(RequestErrorKind::Throttled, "KV_THROTTLED", 290);
    let unavailable = || after(RequestErrorKind::Transient, "KV_HTTP_ERROR", 290);
    for answers in [repeat(throttled, 3), repeat(unavailable, 3)] {
        let sender = sender(answers);
        let start = Instant::now();
        let done = sender.deliver(batch(&["a"])).await;
        assert_eq!(done.failed.len(), 1);
        assert_eq!(sender.asked().len(), 3);
        assert!(start.elapsed() < Duration::from_secs(600));
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_requests_in_flight_and_reports_them() {
    let sender = sender(Vec::new());
    assert!(sender.limits.too_slow(&batch_of(&letters(200))));
    let abort = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        sender.circuit_breaker.end(&error("ABORT_ERR"));
        sender.aborted.cancel();
    };
    let (done, ()) = tokio::join!(sender.deliver(batch_of(&letters(200))), abort);
    assert_eq!(done.pairs, 0);
    let names = letters(200);
    assert_eq!(
        failed(&done),
        [
            ("ABORT_ERR", true, names[..100].to_vec()),
            ("ABORT_ERR", false, names[100..].to_vec())
        ]
    );
}
