/* SPDX-License-Identifier: MIT */
/* state_threads.h - the main program of the measures with State Threads. */
#ifndef STATE_THREADS_H
#define STATE_THREADS_H

#include <st.h>

#include "bench.h"

/* Version 1.9, the one in Debian, has no call that only yields: this call goes through the sleepers' heap and looks
 * at descriptors. */
static inline void give_way(void)
{
    st_usleep(0);
}

#define BENCH_STATE_THREADS(measures)                                                  \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        bench_require(!st_set_eventsys(ST_EVENTSYS_ALT) && !st_init(), "it starts");   \
        return bench_main(argc, argv, measures);                                       \
    }

#endif
