// SPDX-License-Identifier: MIT

//! spawn and await of the handle: one after the other, and a thousand at a time.
use crate::{cpu, say_each};

async fn nothing() -> u64 {
    1
}

async fn one_by_one(count: u64) {
    let mut sum = 0;
    for _ in 0..count {
        sum += tokio::spawn(nothing()).await.unwrap();
    }
    assert_eq!(sum, count);
}

async fn batches(count: u64) {
    let mut sum = 0;
    for _ in 0..count / 1000 {
        let mut tasks = Vec::with_capacity(1000);
        for _ in 0..1000 {
            tasks.push(tokio::spawn(nothing()));
        }
        for task in tasks {
            sum += task.await.unwrap();
        }
    }
    assert_eq!(sum, count);
}

pub async fn ask() {
    const COUNT: u64 = 200_000;
    one_by_one(COUNT / 10).await;
    let start = cpu();
    one_by_one(COUNT).await;
    say_each("spawn", start, COUNT);
    batches(COUNT / 10).await;
    let start = cpu();
    batches(COUNT).await;
    say_each("spawn-batch", start, COUNT);
}
