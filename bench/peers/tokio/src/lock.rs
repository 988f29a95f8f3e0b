// SPDX-License-Identifier: MIT

//! A fair mutex is handed over to the task that waits for it.
use crate::{cpu, say_each};
use std::sync::Arc;
use tokio::sync::Mutex;

async fn take_turns(last: Arc<Mutex<u64>>, me: u64, count: u64) {
    for _ in 0..count {
        let mut last = last.lock().await;
        assert_ne!(*last, me);
        *last = me;
    }
}

async fn two(count: u64) {
    let last = Arc::new(Mutex::new(0));
    let held = last.lock().await;
    let a = tokio::spawn(take_turns(last.clone(), 1, count / 2));
    let b = tokio::spawn(take_turns(last.clone(), 2, count / 2));
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    drop(held);
    a.await.unwrap();
    b.await.unwrap();
}

pub async fn ask() {
    const COUNT: u64 = 300_000;
    two(COUNT / 10).await;
    let start = cpu();
    two(COUNT).await;
    say_each("lock", start, COUNT);
}
