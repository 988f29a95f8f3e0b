// SPDX-License-Identifier: MIT

//! A round trip through two mpsc channels.
use crate::{cpu, say_each};
use tokio::sync::mpsc::channel;

async fn round_trips(count: u64) {
    let (there, mut there_end) = channel::<u64>(1);
    let (back, mut back_end) = channel::<u64>(1);
    let echo = tokio::spawn(async move {
        while let Some(item) = there_end.recv().await {
            back.send(item + 1).await.unwrap();
        }
    });
    let mut value = 0;
    for _ in 0..count {
        there.send(value).await.unwrap();
        value = back_end.recv().await.unwrap();
    }
    drop(there);
    echo.await.unwrap();
    assert_eq!(value, count);
}

pub async fn ask() {
    const COUNT: u64 = 300_000;
    round_trips(COUNT / 10).await;
    let start = cpu();
    round_trips(COUNT).await;
    say_each("queue", start, COUNT);
}
