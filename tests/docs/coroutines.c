/* SPDX-License-Identifier: MIT */
/* coroutines.c - async functions: declaring them, passing them on, defaults, blocks, and how they fail */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <eddy/keywords.h>

// [declare]
async_declare(int, parse, (const char *, text)); /* in a header */

async_define(int, parse, (const char *, text)) /* in one source file */
{
    int n;
    if (sscanf(text, "%d", &n) != 1)
        throw(EINVAL, "\"%s\" is no number", text);
    return n;
}
// [declare]

// [mutual]
async_declare_static(int, odd, (int, n));

async(int, even, (int, n))
{
    return n == 0 ? 1 : await(odd(n - 1));
}

async_define_static(int, odd, (int, n))
{
    return n == 0 ? 0 : await(even(n - 1));
}
// [mutual]

// [type]
async_type(int, operation, (int, n));

async(int, square, (int, n))
{
    return n * n;
}

async(int, twice, (operation, f), (int, n))
{
    int once = await(f(n));
    return await(f(once));
}

async(int, higher_order)
{
    operation f = operation_of(square); /* can be kept in tables, passed on, awaited and spawned */
    return await(twice(f, 3)) + await(twice(async_as(operation, square), 2));
}
// [type]

// [default]
async(int, scale, (int, n), (int, factor))
{
    return n * factor;
}
#define scale(...) async_default(scale, (1, 10), ##__VA_ARGS__)

async(int, scaled)
{
    return await(scale()) + await(scale(2, 3)); /* scale(1, 10) and scale(2, 3) */
}
// [default]

// [catch]
async(int, number_or, (const char *, text), (int, otherwise))
{
    eddy_error err;
    int n = await(parse(text), &err);
    return err.code ? otherwise : n;
}
// [catch]

// [again]
async(int, positive, (const char *, text))
{
    eddy_error err;
    int n = await(parse(text), &err);
    if (err.code == EINVAL)
        return 0;
    if (err.code)
        rethrow(&err); /* with its traceback */
    if (n < 0)
        throw(ERANGE, "%d is negative", n);
    return n;
}
// [again]

// [plain]
/* A plain function that is called from a task may wait; its callers need not be async. */
static int parse_slowly(const char *text, eddy_error *err)
{
    eddy_await(eddy_sleep(1), err);
    if (err->code)
        return 0;
    return eddy_await(parse(text), err);
}
// [plain]

// [set]
static int divide(int a, int b, eddy_error *err)
{
    err->code = 0;
    if (b == 0) {
        eddy_error_set(err, EDOM, "%d divided by 0", a);
        return 0;
    }
    return a / b;
}

async(int, quotient, (int, a), (int, b))
{
    eddy_error err;
    int result = divide(a, b, &err);
    if (err.code)
        rethrow(&err);
    return result;
}
// [set]

// [defer]
async(size_t, fill, (size_t, size))
{
    char *block = malloc(size);
    if (!block)
        throw(ENOMEM, "a block of %zu bytes", size);
    defer(free, block); /* runs on every way out: return, failure, cancellation */
    await(eddy_sleep(1));
    return size;
}
// [defer]

// [keep]
async(void, last_error, (eddy_error *, last))
{
    eddy_error err;
    const char *texts[] = {"x", "1", "y", "2"};
    for (int i = 0; i < 4; i++) {
        await(parse(texts[i]), &err);
        if (err.code) {
            eddy_error_free(last); /* frees the details of the previous error */
            *last = err;
            eddy_error_keep(last); /* its details remain valid after the next error */
        }
    }
}
// [keep]

// [details]
static void show(const eddy_error *err)
{
    char text[1024];
    printf("%s (%s): %s\n", eddy_error_name(err->code), eddy_error_text(err->code), err->message);
    for (size_t i = 1; i < eddy_error_count(err); i++)
        printf("and %s\n", eddy_error_name(eddy_error_at(err, i).code));
    eddy_error cause = eddy_error_cause(err);
    if (cause.code)
        printf("because of %s\n", eddy_error_name(cause.code));
    if (eddy_error_format(err, text, sizeof text) >= sizeof text)
        printf("the traceback has more than 1023 bytes\n");
}
// [details]

async(void, fails)
{
    await(eddy_sleep(1));
    throw(EDOM);
}

async(void, fails_when_cancelled)
{
    eddy_error err;
    await_always(eddy_sleep(60), &err);
    throw(ERANGE);
}

async(void, in_a_group)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails());
        eddy_group_spawn(group, fails_when_cancelled());
        await(eddy_sleep(9));
    }
}

async(void, main_task)
{
    eddy_error err, last = {0};
    printf("%d %d %d\n", await(parse("7")), await(even(4)), await(higher_order()));
    printf("%d %d %d\n", await(scaled()), await(number_or("x", -1)), await(positive("x")));
    printf("%d %d %zu\n", parse_slowly("12", &err), await(quotient(9, 3)), await(fill(100)));
    await(last_error(&last));
    show(&last);
    eddy_error_free(&last);
    await(in_a_group(), &err);
    show(&err);
    await(positive("-1"), &err);
    show(&err);
}

int main(void)
{
    return eddy_run(main_task());
}
