//! Batches against scripted outcomes, on a clock that stands still unless somebody waits.

use std::collections::HashSet;

use super::*;
use crate::pack::batch_of;

type Answer = Box<dyn Fn(&Batch) -> Outcome + Send + Sync>;

/// Answers from a script, then with success, and remembers what it was asked.
struct Script {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(Duration, Vec<String>)>>,
    start: Instant,
}

impl Transport for Script {
    async fn put(&self, batch: &Batch) -> Verdict {
        let keys = batch.keys().collect();
        self.asked
            .lock()
            .unwrap()
            .push((self.start.elapsed(), keys));
        let answer = self.answers.lock().unwrap().pop_front();
        tokio::time::sleep(Duration::from_millis(10)).await;
        let outcome = answer.map_or(Outcome::Stored(None), |answer| answer(batch));
        Verdict {
            outcome,
            pause: None,
        }
    }
}

fn sender(answers: Vec<Answer>) -> BatchSender<Script> {
    BatchSender {
        transport: Script {
            answers: Mutex::new(answers.into()),
            asked: Mutex::default(),
            start: Instant::now(),
        },
        policy: RetryPolicy::default(),
        rate_limiter: RateLimiter::new(),
        limits: AdaptiveLimits::new(),
        circuit_breaker: CircuitBreaker::default(),
        aborted: CancellationToken::new(),
        random: Mutex::new(fastrand::Rng::with_seed(7)),
    }
}

impl BatchSender<Script> {
    fn asked(&self) -> Vec<Vec<String>> {
        let asked = self.transport.asked.lock().unwrap();
        asked.iter().map(|(_, keys)| keys.clone()).collect()
    }

    fn asked_at(&self) -> Vec<Duration> {
        let asked = self.transport.asked.lock().unwrap();
        asked.iter().map(|(at, _)| *at).collect()
    }
}

fn always(outcome: Outcome) -> Answer {
    Box::new(move |_| outcome.clone())
}

fn failure(code: &'static str) -> SendError {
    SendError::new(code, "why".to_owned())
}

fn busy() -> Answer {
    always(Outcome::Transient(
        failure("KV_HTTP_ERROR").may_be_stored(true),
        None,
    ))
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

fn lost(done: &Delivered) -> Vec<(&'static str, bool, Vec<String>)> {
    let lost = done.lost.iter();
    lost.map(|lost| {
        (
            lost.failure.code,
            lost.failure.may_be_stored,
            lost.keys.clone(),
        )
    })
    .collect()
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_after_growing_waits() {
    let sender = sender(repeat(busy, 3));
    let done = sender.deliver(batch(&["a", "b"])).await;
    assert_eq!((done.pairs, done.requests, done.retries), (2, 1, 3));
    assert!(done.lost.is_empty());
    let at = sender.asked_at();
    for (number, base_ms) in [(0, 100), (1, 200), (2, 400)] {
        let wait = at[number + 1] - at[number] - Duration::from_millis(10);
        let base = Duration::from_millis(base_ms);
        assert!((base..=2 * base).contains(&wait), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_end_and_the_doubt_of_any_of_them_stays() {
    let mut answers = vec![busy()];
    let refused = || always(Outcome::Transient(failure("NETWORK_ERROR"), None));
    answers.extend(repeat(refused, 20));
    let sender = sender(answers);
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(sender.asked().len(), RetryPolicy::default().attempts);
    assert_eq!(lost(&done), [("NETWORK_ERROR", true, keys(&["a"]))]);
    assert_eq!(
        sender.circuit_breaker.reason().unwrap().code,
        "NETWORK_ERROR"
    );
}

#[tokio::test(start_paused = true)]
async fn the_total_time_ends_it_too() {
    let mut sender = sender(repeat(busy, 100));
    sender.policy.attempts = 100;
    sender.policy.total = Duration::from_secs(30);
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(done.lost.len(), 1);
    assert!(start.elapsed() <= Duration::from_secs(30));
    assert!(sender.asked().len() < 20);
}

#[tokio::test(start_paused = true)]
async fn only_the_keys_that_are_named_are_sent_again() {
    let partly = |names: &[&str]| {
        let names: HashSet<_> = keys(names).into_iter().collect();
        always(Outcome::PartlyStored(names, failure("KV_PARTLY_STORED")))
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
async fn keys_that_were_never_sent_make_everything_go_again() {
    let names = HashSet::from(["x".to_owned()]);
    let sender = sender(vec![always(Outcome::PartlyStored(
        names,
        failure("KV_PARTLY_STORED"),
    ))]);
    let done = sender.deliver(batch(&["a", "b"])).await;
    assert_eq!(sender.asked(), [keys(&["a", "b"]), keys(&["a", "b"])]);
    assert_eq!(done.pairs, 2);
}

#[tokio::test(start_paused = true)]
async fn pairs_are_in_doubt_where_only_keys_are_named_that_were_never_sent() {
    let foreign = || {
        let names = HashSet::from(["x".to_owned()]);
        always(Outcome::PartlyStored(names, failure("KV_PARTLY_STORED")))
    };
    let sender = sender(repeat(foreign, RetryPolicy::default().attempts));
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(lost(&done), [("KV_PARTLY_STORED", true, keys(&["a"]))]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_is_halved_until_it_fits_and_later_ones_are_cut_to_it() {
    let too_large = || always(Outcome::TooLarge(failure("KV_TOO_LARGE")));
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
async fn a_pair_that_is_too_large_alone_is_lost_alone() {
    let sender = sender(Vec::new());
    for _ in 0..20 {
        let mut answers = sender.transport.answers.lock().unwrap();
        answers.push_back(Box::new(|batch| {
            match batch.keys().any(|key| key == "big") {
                true => Outcome::TooLarge(failure("KV_TOO_LARGE")),
                false => Outcome::Stored(None),
            }
        }));
    }
    let done = sender.deliver(batch(&["a", "b", "big", "c"])).await;
    assert_eq!(done.pairs, 3);
    assert_eq!(lost(&done), [("KV_TOO_LARGE", false, keys(&["big"]))]);
    assert_eq!(sender.circuit_breaker.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn a_pair_that_is_refused_is_found_by_halving() {
    let bad = ["key-00005", "key-00900"];
    let sender = sender(Vec::new());
    for _ in 0..200 {
        let mut answers = sender.transport.answers.lock().unwrap();
        answers.push_back(Box::new(move |batch| {
            if batch.keys().any(|key| bad.contains(&key.as_str())) {
                Outcome::Rejected(failure("KV_HTTP_ERROR"))
            } else {
                Outcome::Stored(None)
            }
        }));
    }
    let done = sender.deliver(batch_of(&letters(1000))).await;
    assert_eq!(done.pairs, 998);
    let found: Vec<_> = lost(&done)
        .into_iter()
        .flat_map(|(_, _, keys)| keys)
        .collect();
    assert_eq!(found, bad);
    assert!(sender.asked().len() < 50, "{}", sender.asked().len());
}

#[tokio::test(start_paused = true)]
async fn if_no_pair_is_taken_the_search_ends_soon() {
    let sender = sender(repeat(
        || always(Outcome::Rejected(failure("KV_HTTP_ERROR"))),
        5000,
    ));
    let done = sender.deliver(batch_of(&letters(2000))).await;
    assert_eq!(done.pairs, 0);
    assert_eq!(
        done.lost.iter().map(|lost| lost.keys.len()).sum::<usize>(),
        2000
    );
    assert!(sender.asked().len() < 100, "{}", sender.asked().len());
}

#[tokio::test(start_paused = true)]
async fn a_slow_batch_is_halved_but_not_to_crumbs() {
    let slow = || always(Outcome::TooSlow(failure("KV_TIMEOUT").may_be_stored(true)));
    let sender = sender(repeat(slow, 3));
    let done = sender.deliver(batch_of(&letters(300))).await;
    assert_eq!(done.pairs, 300);
    let sizes: Vec<_> = sender.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes, [300, 150, 100, 100, 50, 100, 50]);
}

#[tokio::test(start_paused = true)]
async fn the_second_cut_off_halves() {
    let cut = || {
        always(Outcome::ConnectionLost(
            failure("NETWORK_ERROR").may_be_stored(true),
        ))
    };
    let sender = sender(repeat(cut, 2));
    sender.deliver(batch_of(&letters(400))).await;
    let sizes: Vec<_> = sender.asked().iter().map(Vec::len).collect();
    assert_eq!(sizes, [400, 400, 200, 200]);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_batch_makes_all_others_wait() {
    let wait = Some(Duration::from_secs(30));
    let sender = sender(vec![always(Outcome::Throttled(
        failure("KV_THROTTLED"),
        wait,
    ))]);
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
async fn a_wait_that_is_too_long_is_not_waited_for() {
    let wait = Some(Duration::from_secs(3600));
    let sender = sender(vec![always(Outcome::Throttled(
        failure("KV_THROTTLED"),
        wait,
    ))]);
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(lost(&done), [("KV_THROTTLED", false, keys(&["a"]))]);
    assert!(start.elapsed() < Duration::from_secs(1));
    assert!(sender.circuit_breaker.reason().is_some());
}

#[tokio::test(start_paused = true)]
async fn throttling_without_a_word_ends_as_well() {
    let throttled = || always(Outcome::Throttled(failure("KV_THROTTLED"), None));
    let sender = sender(repeat(throttled, 100));
    let start = Instant::now();
    let done = sender.deliver(batch(&["a"])).await;
    assert_eq!(sender.asked().len(), RetryPolicy::default().attempts);
    assert_eq!(done.lost.len(), 1);
    assert!(
        start.elapsed() > Duration::from_secs(30),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_quota_is_the_end() {
    let quota = failure("KV_QUOTA_EXHAUSTED").may_be_stored(true);
    let sender = sender(vec![
        always(Outcome::Stored(None)),
        always(Outcome::QuotaExhausted(quota)),
    ]);
    assert_eq!(sender.deliver(batch(&["a"])).await.pairs, 1);
    let crossing = sender.deliver(batch(&["b"])).await;
    assert_eq!(
        lost(&crossing),
        [("KV_QUOTA_EXHAUSTED", true, keys(&["b"]))]
    );
    let after = sender.deliver(batch(&["c"])).await;
    assert_eq!(lost(&after), [("KV_QUOTA_EXHAUSTED", false, keys(&["c"]))]);
    assert_eq!(sender.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_wakes_those_who_wait_to_try_again() {
    let sender = sender(vec![
        busy(),
        always(Outcome::Fatal(failure("KV_UNAUTHORIZED"))),
    ]);
    let later = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sender.deliver(batch(&["b"])).await
    };
    let start = Instant::now();
    let (first, second) = tokio::join!(sender.deliver(batch(&["a"])), later);
    assert_eq!(lost(&first), [("KV_UNAUTHORIZED", true, keys(&["a"]))]);
    assert_eq!(lost(&second), [("KV_UNAUTHORIZED", false, keys(&["b"]))]);
    assert!(start.elapsed() < Duration::from_millis(100));
    assert_eq!(sender.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn one_lost_batch_among_good_ones_does_not_end_the_run() {
    let mut answers = vec![always(Outcome::Stored(None))];
    answers.extend(repeat(busy, 8));
    let sender = sender(answers);
    for (name, pairs) in [("a", 1), ("b", 0), ("c", 1)] {
        assert_eq!(sender.deliver(batch(&[name])).await.pairs, pairs, "{name}");
    }
    assert_eq!(sender.circuit_breaker.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn three_lost_batches_in_a_row_do() {
    let mut answers = vec![always(Outcome::Stored(None))];
    answers.extend(repeat(busy, 3 * RetryPolicy::default().attempts));
    let sender = sender(answers);
    sender.deliver(batch(&["a"])).await;
    for (name, ends) in [("b", false), ("c", false), ("d", true)] {
        sender.deliver(batch(&[name])).await;
        assert_eq!(sender.circuit_breaker.reason().is_some(), ends, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn sixteen_refused_pairs_in_a_row_do() {
    let refused = || always(Outcome::Rejected(failure("KV_HTTP_ERROR")));
    let mut answers = repeat(refused, 15);
    answers.push(always(Outcome::Stored(None)));
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
async fn waits_that_are_asked_for_add_up_to_ten_minutes_at_most() {
    let wait = Some(Duration::from_secs(290));
    let throttled = || always(Outcome::Throttled(failure("KV_THROTTLED"), wait));
    let unavailable = || always(Outcome::Transient(failure("KV_HTTP_ERROR"), wait));
    for answers in [repeat(throttled, 3), repeat(unavailable, 3)] {
        let sender = sender(answers);
        let start = Instant::now();
        let done = sender.deliver(batch(&["a"])).await;
        assert_eq!(done.lost.len(), 1);
        assert_eq!(sender.asked().len(), 3);
        assert!(start.elapsed() < Duration::from_secs(600));
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_drops_requests_in_flight_and_says_so() {
    let sender = sender(Vec::new());
    sender.limits.too_slow(&batch_of(&letters(200)));
    let abort = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        sender.circuit_breaker.end(&failure("ABORT_ERR"));
        sender.aborted.cancel();
    };
    let (done, ()) = tokio::join!(sender.deliver(batch_of(&letters(200))), abort);
    assert_eq!(done.pairs, 0);
    let names = letters(200);
    assert_eq!(
        lost(&done),
        [
            ("ABORT_ERR", true, names[..100].to_vec()),
            ("ABORT_ERR", false, names[100..].to_vec())
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn another_count_than_was_sent_is_worth_a_warning() {
    let sender = sender(vec![always(Outcome::Stored(Some(1)))]);
    let done = sender.deliver(batch(&["a", "b"])).await;
    assert_eq!(done.pairs, 2);
    assert_eq!(done.warnings.len(), 1);
}
