/* SPDX-License-Identifier: MIT */
/* refused.h - allocations of a whole program that are refused; it is linked with --wrap=malloc, calloc and realloc. */
#ifndef EDDY_TESTS_REFUSED_H
#define EDDY_TESTS_REFUSED_H

#include <stdbool.h>
#include <stddef.h>

static long refused_at; /* 0: none */
static long allocations;
static long allocations_of_run;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static bool is_refused(void)
{
    return ++allocations == refused_at;
}

void *__wrap_malloc(size_t size)
{
    return is_refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_refused() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
    return is_refused() ? NULL : __real_realloc(block, size);
}

/* The n-th allocation of the next run is refused, for each n from 1 on. False: the last run has made fewer than n. */
static bool refuse_next(long *n)
{
    if (*n && allocations_of_run < *n)
        return false;
    allocations = 0;
    refused_at = ++*n;
    return true;
}

/* The run has ended. */
static void refuse_no_more(void)
{
    allocations_of_run = allocations;
    refused_at = 0;
}

/* As the log of the run's loop. */
static void say_nothing(const char *text, void *argument)
{
    (void)text, (void)argument;
}

#endif
