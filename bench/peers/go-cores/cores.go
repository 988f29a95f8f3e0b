// SPDX-License-Identifier: MIT

// What bench/cores.c asks, of goroutines on two processors: ns of a round trip through two channels, of an item of a
// stream. Go's scheduler may run both goroutines on one processor.
package main

import (
    "fmt"
    "runtime"
    "time"
)

const (
    calls = 20000
    items = 1000000
)

func say(what string, begin time.Time, count int) {
    fmt.Printf("%s %.1f\n", what, float64(time.Since(begin).Nanoseconds())/float64(count))
}

func roundTrips() {
    there, back := make(chan int64, 1), make(chan int64, 1)
    go func() {
        for item := range there {
            back <- item
        }
    }()
    begin := time.Now()
    for i := int64(0); i < calls; i++ {
        there <- i
        <-back
    }
    say("round-trip", begin, calls)
    close(there)
}

func stream() {
    flow := make(chan int64, 1024)
    begin := time.Now()
    go func() {
        for i := int64(0); i < items; i++ {
            flow <- i
        }
        close(flow)
    }()
    count := 0
    for range flow {
        count++
    }
    say("item", begin, count)
}

func main() {
    runtime.GOMAXPROCS(2)
    roundTrips()
    stream()
}
