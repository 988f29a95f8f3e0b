/* SPDX-License-Identifier: MIT */
/* common.h - one object of each kind, for the tests of misuse. */
#ifndef EDDY_TESTS_COMPILE_FAIL_COMMON_H
#define EDDY_TESTS_COMPILE_FAIL_COMMON_H

#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

struct point {
    double x, y;
};

async(int, f, (int, n))
{
    return n;
}

async(void, nothing)
{
}

generator(int, range, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

async_generator(int, ticker, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

#endif
