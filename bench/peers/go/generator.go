// SPDX-License-Identifier: MIT

package main

// A generator is a goroutine that sends into a channel.
func generator() {
    each("generator", 1000000, func(count int) {
        items := make(chan int)
        go func() {
            for i := 0; i < count; i++ {
                items <- i
            }
            close(items)
        }()
        sum := 0
        for item := range items {
            sum += item
        }
        require(sum == count*(count-1)/2, "each item came")
    })
}
