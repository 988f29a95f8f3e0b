// SPDX-License-Identifier: MIT

package main

import "sync"

// A goroutine is waited for by a channel that it closes, a thousand by a WaitGroup.
func spawn() {
    each("spawn", 200000, func(count int) {
        ran := 0
        for i := 0; i < count; i++ {
            done := make(chan struct{})
            go func() {
                ran++
                close(done)
            }()
            <-done
        }
        require(ran == count, "each ran")
    })
    each("spawn-batch", 200000, func(count int) {
        ran := 0
        for i := 0; i < count; i += 1000 {
            var group sync.WaitGroup
            group.Add(1000)
            for j := 0; j < 1000; j++ {
                go func() {
                    ran++
                    group.Done()
                }()
            }
            group.Wait()
        }
        require(ran == count, "each ran")
    })
}
