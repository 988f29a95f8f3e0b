/* SPDX-License-Identifier: MIT */
/* cancel.c - a request to cancel, and clean-up that waits */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(int, by_await)
{
    eddy_error err;
    await(eddy_sleep(60), &err); /* this task's own cancellation passes through: nothing below runs */
    printf("never\n");
    return 1;
}

async(int, by_await_always)
{
    eddy_error err;
    await_always(eddy_sleep(60), &err); /* reached in every case */
    printf("caught %s: \"%s\"\n", eddy_error_name(err.code), err.message);
    await(eddy_sleep(1)); /* a request is delivered once: this await waits as usual */
    return 2;
}

async(void, main_task)
{
    eddy_error err;
    struct by_await *a = spawn(by_await());
    struct by_await_always *b = spawn(by_await_always());
    await(eddy_sleep(1));
    eddy_cancel(a);
    eddy_cancel(b, "the shop closes");
    await(a, &err); /* the cancellation of a, not of this task: caught */
    printf("a: %s\n", eddy_error_name(err.code));
    int result = await(b, &err);
    printf("b: %d, code %d\n", result, err.code);
}

int main(void)
{
    return eddy_run(main_task());
}
