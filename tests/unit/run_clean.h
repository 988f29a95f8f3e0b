/* SPDX-License-Identifier: MIT */
/*
 * run_clean.h - for tests whose body is an async function: RUN_CLEAN(body()) runs it in a loop and then sees that no
 * block of memory, no stack and no descriptor is left. CHECK(condition) fails the body by an error, so that its
 * clean-up runs, and the traceback shows the place.
 */
#ifndef EDDY_TESTS_UNIT_RUN_CLEAN_H
#define EDDY_TESTS_UNIT_RUN_CLEAN_H

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <eddy/keywords.h>

#include "../default_signals.h"
#include "os/memory.h"
#include "os/stack.h"

#define CHECK(...) ((__VA_ARGS__) ? (void)0 : throw(EDDY_INVALID_STATE, "not true: %s", #__VA_ARGS__))

static inline int open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

#define RUN_CLEAN(coroutine)                                                                                         \
    do {                                                                                                             \
        int descriptors_before_ = open_descriptors();                                                                \
        long blocks_before_ = memory_live_blocks(), stacks_before_ = stack_live();                                   \
        assert_int_equal(eddy_run(coroutine), 0);                                                                    \
        assert_int_equal(memory_live_blocks(), blocks_before_);                                                      \
        assert_int_equal(stack_live(), stacks_before_);                                                              \
        assert_int_equal(open_descriptors(), descriptors_before_);                                                   \
    } while (0)

#endif
