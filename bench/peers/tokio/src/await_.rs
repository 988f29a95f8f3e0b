// SPDX-License-Identifier: MIT

//! .await of an async function that does not suspend.
use crate::{cpu, say_each};
use std::hint::black_box;

#[inline(never)]
fn plain(n: u64) -> u64 {
    black_box(n) + 1
}

async fn call_plain(n: u64) -> u64 {
    plain(n)
}

async fn many(count: u64) {
    let mut sum = 0;
    for i in 0..count {
        sum += black_box(call_plain(i)).await;
    }
    assert_eq!(sum, count * (count + 1) / 2);
}

pub async fn ask() {
    const COUNT: u64 = 5_000_000;
    many(COUNT / 10).await;
    let start = cpu();
    many(COUNT).await;
    say_each("await", start, COUNT);
}
