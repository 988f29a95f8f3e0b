/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h - shared by the fuzz targets: numbers from the input, a run in the simulation, the end at a finding.
 *
 * A finding is a crash, a report of a sanitizer, a block of the library that is still allocated after the run, or
 * DIE if the target knows the right result.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <eddy/keywords.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/memory.h"

#define DIE(...)                                                                                                       \
    do {                                                                                                               \
        fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                                                                \
        fprintf(stderr, __VA_ARGS__);                                                                                  \
        fputc('\n', stderr);                                                                                           \
        abort();                                                                                                       \
    } while (0)

/* The unread rest of an input. An input that is used up gives zeros. */
struct input {
    const uint8_t *data;
    size_t size;
};

static inline unsigned take_byte(struct input *input)
{
    if (!input->size)
        return 0;
    input->size--;
    return *input->data++;
}

static inline unsigned take_number(struct input *input)
{
    unsigned high = take_byte(input);
    return high << 8 | take_byte(input);
}

/* The next `size` bytes, fewer at the end. */
static inline struct input take_part(struct input *input, size_t size)
{
    struct input part = {input->data, size < input->size ? size : input->size};
    input->data += part.size;
    input->size -= part.size;
    return part;
}

/* Runs one coroutine in the simulation.  Its failure and a leak are findings. */
#define FUZZ_RUN(coroutine)                                                                                            \
    do {                                                                                                               \
        eddy_error fuzz_error;                                                                                         \
        eddy_loop_options fuzz_options = {.size = sizeof fuzz_options, .driver = "sim", .no_signals = true};           \
        long fuzz_before = memory_live_blocks();                                                                       \
        eddy_run_with(&fuzz_options, coroutine, &fuzz_error);                                                          \
        if (fuzz_error.code)                                                                                           \
            fuzz_report(&fuzz_error);                                                                                  \
        if (memory_live_blocks() != fuzz_before)                                                                       \
            DIE("%ld blocks are still allocated", memory_live_blocks() - fuzz_before);                                 \
    } while (0)

static inline void fuzz_report(const eddy_error *err)
{
    char text[2000];
    eddy_error_format(err, text, sizeof text);
    DIE("the run failed: %s", text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
