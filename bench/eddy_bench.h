/* SPDX-License-Identifier: MIT */
/* eddy_bench.h - bench.h for programs that measure Eddy: their measures run on the main task. */
#ifndef EDDY_BENCH_H
#define EDDY_BENCH_H

#include <eddy/keywords.h>

#include "bench.h"

/* Runs a coroutine from a plain function that is called on a task; a failure ends the program. */
#define bench_await(coroutine)                                             \
    do {                                                                   \
        eddy_error bench_err;                                              \
        eddy_await(coroutine, &bench_err);                                 \
        bench_require(!bench_err.code, bench_err.message);                 \
    } while (0)

#define BENCH_EDDY(measures)                                               \
    async(int, main_task, (int, argc), (char **, argv)) { return bench_main(argc, argv, measures); } \
    int main(int argc, char **argv) { return eddy_run(main_task(argc, argv)); }

#endif
