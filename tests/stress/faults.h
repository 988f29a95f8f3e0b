/* SPDX-License-Identifier: MIT */
/*
 * faults.h - for the programs that faults.py judges most strictly: they handle every error and unwind to their
 * end, so that anything left then is a leak of the library, which ends the program by a trap.
 *
 * PART(x) runs a part of the program; its failure is printed, and the other parts still run.
 */
#ifndef EDDY_TESTS_STRESS_FAULTS_H
#define EDDY_TESTS_STRESS_FAULTS_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <eddy/keywords.h>

#include "os/memory.h"
#include "os/stack.h"

static int failed_parts;

static inline void part_ended(const char *part, const eddy_error *err)
{
    char text[4096];
    if (!err->code)
        return;
    failed_parts++;
    eddy_error_format(err, text, sizeof text);
    fprintf(stderr, "%s failed:\n%s", part, text);
}

#define PART(x)                     \
    do {                            \
        eddy_error part_error_;     \
        await(x, &part_error_);     \
        part_ended(#x, &part_error_); \
    } while (0)

/* Something went wrong, but no error was reported. */
#define EXPECT(...) ((__VA_ARGS__) ? (void)0 : throw(EDDY_INVALID_STATE, "not true: %s", #__VA_ARGS__))

/* The end of main. */
static inline int faults_end(int status, long blocks_before)
{
    long blocks = memory_live_blocks() - blocks_before, stacks = stack_live();
    if (blocks || stacks) {
        fprintf(stderr, "%ld blocks and %ld stacks were left behind\n", blocks, stacks);
        __builtin_trap();
    }
    return status ? status : failed_parts != 0;
}

#define RUN_EXACTLY(coroutine)                         \
    __extension__({                                    \
        long blocks_before_ = memory_live_blocks();    \
        int status_ = eddy_run(coroutine);             \
        faults_end(status_, blocks_before_);           \
    })

#endif
