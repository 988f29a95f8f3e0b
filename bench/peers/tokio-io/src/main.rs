// SPDX-License-Identifier: MIT

//! tokio's echo server: a task and a buffer a connection, on the runtime of one thread, or on BENCH_CORES of them.
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

async fn echo(mut s: TcpStream, size: usize) {
    let mut buffer = vec![0u8; size];
    loop {
        match s.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(got) => {
                if s.write_all(&buffer[..got]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn serve(size: usize) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let listener = socket.listen(4096)?;
    println!("listening {}", listener.local_addr()?.port());
    loop {
        let (s, _) = listener.accept().await?;
        s.set_nodelay(true)?;
        tokio::spawn(echo(s, size));
    }
}

fn main() {
    let size = std::env::args().nth(1).map_or(16384, |text| text.parse().expect("a size"));
    let cores = std::env::var("BENCH_CORES").map_or(1, |text| text.parse().expect("a number of cores"));
    let mut builder = match cores {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = builder.worker_threads(cores).enable_io().build().unwrap();
    runtime.block_on(serve(size)).unwrap();
}
