/* SPDX-License-Identifier: MIT */
/* errors.c - a failure that propagates, caught and not caught */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

static void say(const char *text)
{
    printf("%s\n", text);
}

async(int, parse, (const char *, text))
{
    int n;
    if (sscanf(text, "%d", &n) != 1)
        throw(EINVAL, "\"%s\" is no number", text);
    return n;
}

async(int, twice, (const char *, text))
{
    defer(say, "cleaned up");
    return 2 * await(parse(text)); /* a failure of parse leaves the function here, after running the defer */
}

async(void, main_task)
{
    eddy_error err;
    int n = await(twice("21"), &err);
    printf("%d, code %d\n", n, err.code);
    n = await(twice("x"), &err);
    printf("%d, %s: %s: %s\n", n, eddy_error_name(err.code), eddy_error_text(err.code), err.message);
    await(twice("y")); /* uncaught: eddy_run prints it and returns 1 */
}

int main(void)
{
    return eddy_run(main_task());
}
