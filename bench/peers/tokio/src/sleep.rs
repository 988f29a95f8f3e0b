// SPDX-License-Identifier: MIT

//! A million tasks asleep.
use crate::{cpu, say};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

static ASLEEP: AtomicU64 = AtomicU64::new(0);

/// bench_status of bench.h.
fn status(field: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{}:", field))).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}

pub async fn ask() {
    const COUNT: u64 = 1_000_000;
    let (resident, tables, start) = (status("VmRSS"), status("VmPTE"), cpu());
    for _ in 0..COUNT {
        tokio::spawn(async {
            ASLEEP.fetch_add(1, Relaxed);
            tokio::time::sleep(Duration::from_secs(600)).await;
        });
    }
    while ASLEEP.load(Relaxed) < COUNT {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    say("sleep-seconds", (cpu() - start) / 1e9);
    say("sleep-resident", (status("VmRSS") - resident) / COUNT as f64);
    say("sleep-tables", (status("VmPTE") - tables) / COUNT as f64);
    std::process::exit(0);
}
