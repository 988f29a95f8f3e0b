/* SPDX-License-Identifier: MIT */
/* errors.c - texts of errors, tracebacks, groups, names and descriptions, in buffers of any size. */
#include "fuzz.h"

#include <eddy/process.h>

enum { MOST_ERRORS = 8 };

generator(int, numbers, (int, n)) {
    for (int i = 0; i < n; i++)
        yield(i);
}
async(void, idle) { await(eddy_sleep(0)); }

async(void, fail, (const char *, text), (int, code), (unsigned, depth)) {
    if (depth > 0) {
        await(fail(text, code, depth - 1));
        return;
    }
    if (code % 2)
        throw(code);
    throw(code, "%s", text);
}

async(void, fail_together, (const char *, text), (struct input, in)) {
    async_with (group, eddy_task_group()) {
        for (unsigned n = take_byte(&in) % 40; n; n--)
            eddy_group_spawn(group, fail(text, 1 + (int)take_byte(&in), take_byte(&in) % 4));
    }
}

static void check_format(const eddy_error *err, size_t size)
{
    char *part = malloc(size + 1);
    size_t length = eddy_error_format(err, NULL, 0);
    if (eddy_error_format(err, part, size) != length)
        DIE("an error is formatted to two lengths");
    if (size && strlen(part) != (length < size ? length : size - 1))
        DIE("an error of %zu bytes is cut to %zu in a room of %zu", length, strlen(part), size);
    free(part);
}

static void check_error(eddy_error *err, size_t size)
{
    check_format(err, size);
    eddy_error_keep(err);
    eddy_error cause = eddy_error_cause(err);
    check_format(&cause, size);
    for (size_t i = 0; i < MOST_ERRORS && i < eddy_error_count(err); i++) {
        eddy_error one = eddy_error_at(err, i);
        check_format(&one, size);
    }
    eddy_error_free(err);
}

static void check_description(const void *x, size_t size)
{
    char whole[512], part[128];
    size_t length = eddy_describe(x, whole, sizeof whole);
    size %= sizeof part;
    if (eddy_describe(x, part, size) != length)
        DIE("a description has two lengths");
}

async(int, main_task, (const char *, text), (struct input, in)) {
    eddy_error err;
    size_t room = take_number(&in) % 4000;
    int code = (int)take_number(&in) - 500, value;
    eddy_error_name(code);
    eddy_error_text(code);
    eddy_error_set(&err, code, "%s", text);
    check_error(&err, room);
    await(fail(text, 1 + (int)take_byte(&in), take_byte(&in) % 40), &err);
    check_error(&err, room);
    await(fail_together(text, in), &err);
    check_error(&err, room);
    struct idle *task = spawn(idle());
    eddy_task_set_name(task, text);
    check_description(task, room);
    await(task);
    struct numbers g = numbers(3);
    eddy_next(&g, &value);
    check_description(&g, room);
    eddy_close(&g);
    char status[64];
    eddy_exit_status_describe((eddy_exit_status){.code = code, .signal = code % 80}, status, room % sizeof status);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    FUZZ_RUN(main_task(text, (struct input){data, size}));
    free(text);
    return 0;
}
