// SPDX-License-Identifier: MIT

package main

import (
    "runtime"
    "sync"
)

func yield() {
    each("yield", 1000000, func(count int) {
        var group sync.WaitGroup
        group.Add(2)
        turns := 0
        for k := 0; k < 2; k++ {
            go func() {
                for i := 0; i < count/2; i++ {
                    turns++
                    runtime.Gosched()
                }
                group.Done()
            }()
        }
        group.Wait()
        require(turns == count, "each took its turns")
    })
}
