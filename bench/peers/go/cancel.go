// SPDX-License-Identifier: MIT

package main

import (
    "context"
    "runtime"
    "sync"
)

// A goroutine is cancelled by the context that it looks at.
func cancel() {
    each("cancel", 50000, func(count int) {
        waiting, cancelled := 0, 0
        for i := 0; i < count; i += 1000 {
            var group sync.WaitGroup
            group.Add(1000)
            var cancels [1000]context.CancelFunc
            for j := range cancels {
                ctx, stop := context.WithCancel(context.Background())
                cancels[j] = stop
                go func() {
                    waiting++
                    <-ctx.Done()
                    cancelled++
                    group.Done()
                }()
            }
            for waiting < i+1000 {
                runtime.Gosched()
            }
            for _, stop := range cancels {
                stop()
            }
            group.Wait()
        }
        require(cancelled == count, "each was cancelled")
    })
}
