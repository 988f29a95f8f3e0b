/* SPDX-License-Identifier: MIT */
/* lib.c - the other file of files.c: async_define in the eddy_ spelling, which needs no plain keywords. */
#include "lib.h"

eddy_async_define(int, lib_twice, (int, n))
{
    return 2 * n;
}

eddy_async_define(void, lib_nothing)
{
    eddy_await(eddy_sleep(0));
}

eddy_async_define(void *, lib_pointer, (void *, p))
{
    return p;
}

eddy_async_define(const char *, lib_text, (const char *const, s))
{
    return s + 1;
}

eddy_async_define(struct lib_point, lib_move, (struct lib_point, p), (const double, by))
{
    p.x += by;
    return p;
}

eddy_async_define(lib_function, lib_choose, (lib_function, a), (lib_function, b), (bool, first))
{
    return first ? a : b;
}

eddy_async_define(long, lib_sum, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h))
{
    return a + b + c + d + e + f + g + h;
}

eddy_async_define(bool, lib_is_odd, (int, n))
{
    return n == 0 ? false : eddy_await(lib_is_even(n - 1));
}

eddy_async_define(bool, lib_is_even, (int, n))
{
    return n == 0 ? true : eddy_await(lib_is_odd(n - 1));
}

eddy_async_define(void, lib_fail, (int, code))
{
    eddy_raise(code, "from afar");
}

/* Counts the freed results in the variable that it points to. */
eddy_async_define(int *, lib_make, (int *, freed))
{
    return freed;
}

static void count_freed(int *freed)
{
    ++*freed;
}

eddy_async_free(lib_make, count_freed);
