/* SPDX-License-Identifier: MIT */
/* files.c - async functions of another file (lib.c), declared in its header. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"
#include "lib.h"

static int increment(int n)
{
    return n + 1;
}

static int decrement(int n)
{
    return n - 1;
}

async(int, main_task)
{
    eddy_error err;
    CHECK(await(lib_twice(4)) == 8);
    await(lib_nothing());
    CHECK(await(lib_pointer(&err)) == &err && await(lib_pointer(NULL)) == NULL);
    CHECK(!strcmp(await(lib_text("text")), "ext"));
    CHECK(await(lib_move((struct lib_point){1, 2}, 3)).x == 4);
    CHECK(await(lib_choose(increment, decrement, true))(5) == 6);
    CHECK(await(lib_choose(increment, decrement, false))(5) == 4);
    CHECK(await(lib_sum(1, 2, 3, 4, 5, 6, 7, 8)) == 36);
    CHECK(await(lib_is_even(10)) && !await(lib_is_even(7)));
    await(lib_fail(EXDEV), &err);
    CHECK(err.code == EXDEV && !strcmp(err.message, "from afar"));
    struct lib_sum *t = spawn(lib_sum(1, 1, 1, 1, 1, 1, 1, 1));
    CHECK(await(t) == 8);
    int freed = 0;
    CHECK(await(spawn(lib_make(&freed))) == &freed && freed == 0);
    eddy_detach(spawn(lib_make(&freed)));
    await(eddy_sleep(0));
    CHECK(freed == 1); /* declared by the other file */
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
