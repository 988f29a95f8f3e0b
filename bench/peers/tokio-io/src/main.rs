// SPDX-License-Identifier: MIT

//! tokio's echo server: a task and a buffer a connection, on the runtime of one thread.
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
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(serve(size)).unwrap();
}
