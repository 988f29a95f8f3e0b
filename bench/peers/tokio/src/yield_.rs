// SPDX-License-Identifier: MIT

//! yield_now of two tasks.
use crate::{cpu, say_each};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static LAST: AtomicU64 = AtomicU64::new(0);

async fn turns(me: u64, count: u64) {
    for _ in 0..count {
        assert_ne!(LAST.load(Relaxed), me);
        LAST.store(me, Relaxed);
        tokio::task::yield_now().await;
    }
}

async fn two(count: u64) {
    LAST.store(0, Relaxed);
    let (a, b) = (tokio::spawn(turns(1, count / 2)), tokio::spawn(turns(2, count / 2)));
    a.await.unwrap();
    b.await.unwrap();
}

pub async fn ask() {
    const COUNT: u64 = 500_000;
    two(COUNT / 10).await;
    let start = cpu();
    two(COUNT).await;
    say_each("yield", start, COUNT);
}
