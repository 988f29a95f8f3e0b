// SPDX-License-Identifier: MIT

//! What bench/cores.c asks, of tasks on tokio's runtime of two threads: ns of a round trip through two channels, of an
//! item of a stream. The runtime may run both tasks on one thread.
use std::time::Instant;
use tokio::sync::mpsc::channel;

const CALLS: u64 = 20_000;
const ITEMS: u64 = 1_000_000;

fn say(what: &str, begin: Instant, count: u64) {
    println!("{} {:.1}", what, begin.elapsed().as_nanos() as f64 / count as f64);
}

async fn round_trips() {
    let (there, mut there_end) = channel::<u64>(1);
    let (back, mut back_end) = channel::<u64>(1);
    tokio::spawn(async move {
        while let Some(item) = there_end.recv().await {
            back.send(item).await.unwrap();
        }
    });
    let begin = Instant::now();
    for i in 0..CALLS {
        there.send(i).await.unwrap();
        back_end.recv().await.unwrap();
    }
    say("round-trip", begin, CALLS);
}

async fn stream() {
    let (flow, mut flow_end) = channel::<u64>(1024);
    let begin = Instant::now();
    tokio::spawn(async move {
        for i in 0..ITEMS {
            flow.send(i).await.unwrap();
        }
    });
    let mut count = 0;
    while flow_end.recv().await.is_some() {
        count += 1;
    }
    say("item", begin, count);
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        tokio::spawn(round_trips()).await.unwrap();
        tokio::spawn(stream()).await.unwrap();
    });
}
