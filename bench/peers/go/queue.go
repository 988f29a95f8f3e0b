// SPDX-License-Identifier: MIT

package main

// A round trip through two unbuffered channels, which are faster here than buffered ones.
func queue() {
    each("queue", 500000, func(count int) {
        there, back := make(chan int), make(chan int)
        go func() {
            for item := range there {
                back <- item + 1
            }
        }()
        value := 0
        for i := 0; i < count; i++ {
            there <- value
            value = <-back
        }
        close(there)
        require(value == count, "the item went round so often")
    })
}
