// SPDX-License-Identifier: MIT

package main

import (
    "os"
    "runtime"
    "strconv"
    "strings"
    "time"
)

// status is bench_status of bench.h.
func status(field string) float64 {
    text, err := os.ReadFile("/proc/self/status")
    require(err == nil, "/proc can be read")
    for _, line := range strings.Split(string(text), "\n") {
        if strings.HasPrefix(line, field+":") {
            kilobytes, _ := strconv.ParseFloat(strings.Fields(line)[1], 64)
            return kilobytes * 1024
        }
    }
    return 0
}

func sleep() {
    const count = 1000000
    asleep := 0
    resident, tables, start := status("VmRSS"), status("VmPTE"), cpu()
    for i := 0; i < count; i++ {
        go func() {
            asleep++
            time.Sleep(600 * time.Second)
        }()
    }
    for asleep < count {
        runtime.Gosched()
    }
    say("sleep-seconds", (cpu()-start)/1e9)
    say("sleep-resident", (status("VmRSS")-resident)/count)
    say("sleep-tables", (status("VmPTE")-tables)/count)
    os.Exit(0)
}
