// SPDX-License-Identifier: MIT

//! A sleep is set by its first poll, and cancelled by being dropped.
use crate::{cpu, say_each};
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::{sleep_until, Instant, Sleep};

/// bench_delay of bench.h.
fn delay(state: &mut u64) -> Duration {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    Duration::from_millis(100000 + *state % 100000)
}

async fn start(base: Instant, state: &mut u64) -> Pin<Box<Sleep>> {
    let mut sleep = Box::pin(sleep_until(base + delay(state)));
    poll_fn(|context| {
        assert!(sleep.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    sleep
}

pub async fn ask() {
    const COUNT: u64 = 1_000_000;
    let (base, mut state) = (Instant::now(), 88172645463325252);
    let mut timers = Vec::with_capacity(COUNT as usize);
    let begin = cpu();
    for _ in 0..COUNT {
        timers.push(start(base, &mut state).await);
    }
    say_each("timer-start", begin, COUNT);
    let live = cpu();
    drop(timers);
    say_each("timer-cancel", live, COUNT);
    let begin = cpu();
    for _ in 0..COUNT / 3 {
        drop(start(base, &mut state).await);
    }
    say_each("timer-pair", begin, COUNT / 3);
}
