// SPDX-License-Identifier: MIT

//! An error through ten async functions, each of which passes it on with `?`; Rust keeps no traceback of it.
use crate::{cpu, say_each};
use std::future::Future;
use std::io::{Error, ErrorKind};
use std::pin::Pin;

fn descend(depth: u64) -> Pin<Box<dyn Future<Output = Result<u64, Error>> + Send>> {
    Box::pin(async move {
        if depth == 1 {
            return Err(Error::new(ErrorKind::Other, "input/output error"));
        }
        Ok(descend(depth - 1).await? + 1)
    })
}

async fn many(count: u64) {
    let mut caught = 0;
    for _ in 0..count {
        caught += descend(10).await.is_err() as u64;
    }
    assert_eq!(caught, count);
}

pub async fn ask() {
    const COUNT: u64 = 100_000;
    many(COUNT / 10).await;
    let start = cpu();
    many(COUNT).await;
    say_each("failure", start, COUNT);
}
