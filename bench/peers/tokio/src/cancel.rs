// SPDX-License-Identifier: MIT

//! A task that waits, is aborted, and is joined; a thousand at a time.
use crate::{cpu, say_each};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

static WAITING: AtomicU64 = AtomicU64::new(0);

async fn wait_long() {
    WAITING.fetch_add(1, Relaxed);
    tokio::time::sleep(Duration::from_secs(1000)).await;
}

async fn cancel_many(count: u64) {
    let mut cancelled = 0;
    WAITING.store(0, Relaxed);
    for round in 1..=count / 1000 {
        let tasks: Vec<_> = (0..1000).map(|_| tokio::spawn(wait_long())).collect();
        while WAITING.load(Relaxed) < round * 1000 {
            tokio::task::yield_now().await;
        }
        for task in &tasks {
            task.abort();
        }
        for task in tasks {
            cancelled += task.await.unwrap_err().is_cancelled() as u64;
        }
    }
    assert_eq!(cancelled, count);
}

pub async fn ask() {
    const COUNT: u64 = 50_000;
    cancel_many(COUNT / 10).await;
    let start = cpu();
    cancel_many(COUNT).await;
    say_each("cancel", start, COUNT);
}
