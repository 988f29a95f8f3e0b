// SPDX-License-Identifier: MIT

package main

import "time"

var state uint64 = 88172645463325252

// delay is bench_delay of bench.h.
func delay() time.Duration {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return time.Duration(100000+state%100000) * time.Millisecond
}

func fire() {
    panic("a timer fired")
}

func timer() {
    const count = 1000000
    timers := make([]*time.Timer, count)
    begin := cpu()
    for i := range timers {
        timers[i] = time.AfterFunc(delay(), fire)
    }
    live := cpu()
    stopped := 0
    for i := range timers {
        if timers[i].Stop() {
            stopped++
        }
    }
    end := cpu()
    require(stopped == count, "each was live")
    say("timer-start", (live-begin)/count)
    say("timer-cancel", (end-live)/count)
    each("timer-pair", 300000, func(count int) {
        for i := 0; i < count; i++ {
            time.AfterFunc(delay(), fire).Stop()
        }
    })
}
