// SPDX-License-Identifier: MIT

// Go's echo server: a goroutine and a buffer a connection, on one processor or on BENCH_CORES.
package main

import (
    "crypto/tls"
    "fmt"
    "net"
    "os"
    "runtime"
    "strconv"
)

func echo(connection net.Conn, size int) {
    defer connection.Close()
    for buffer := make([]byte, size); ; {
        got, err := connection.Read(buffer)
        if err != nil {
            return
        }
        if _, err := connection.Write(buffer[:got]); err != nil {
            return
        }
    }
}

func main() {
    cores, err := strconv.Atoi(os.Getenv("BENCH_CORES"))
    if err != nil {
        cores = 1
    }
    runtime.GOMAXPROCS(cores)
    size := 16384
    if len(os.Args) > 1 {
        size, _ = strconv.Atoi(os.Args[1])
    }
    listener, err := net.Listen("tcp", "127.0.0.1:0")
    if err != nil {
        panic(err)
    }
    port := listener.Addr().(*net.TCPAddr).Port
    if file := os.Getenv("BENCH_CERTIFICATE"); file != "" {
        certificate, err := tls.LoadX509KeyPair(file, file)
        if err != nil {
            panic(err)
        }
        listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
    }
    fmt.Printf("listening %d\n", port)
    for {
        connection, err := listener.Accept()
        if err != nil {
            panic(err)
        }
        go echo(connection, size)
    }
}
