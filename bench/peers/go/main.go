// SPDX-License-Identifier: MIT

// Go's answers: go-peer QUESTION, on one processor, as every other peer has one.
package main

import (
    "fmt"
    "os"
    "runtime"
    "syscall"
)

var questions = map[string]func(){
    "cancel":    cancel,
    "generator": generator,
    "queue":     queue,
    "sleep":     sleep,
    "spawn":     spawn,
    "timer":     timer,
    "yield":     yield,
}

func say(measure string, value float64) {
    fmt.Printf("%s %.6g\n", measure, value)
}

func require(holds bool, what string) {
    if !holds {
        panic("not so: " + what)
    }
}

// cpu is the processor time of this process in nanoseconds.
func cpu() float64 {
    var usage syscall.Rusage
    syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
    return float64(usage.Utime.Nano() + usage.Stime.Nano())
}

// each measures what ask does count times, after a tenth of that to warm up.
func each(measure string, count int, ask func(count int)) {
    ask(count / 10)
    start := cpu()
    ask(count)
    say(measure, (cpu()-start)/float64(count))
}

func main() {
    runtime.GOMAXPROCS(1)
    questions[os.Args[1]]()
}
