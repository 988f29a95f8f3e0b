/* SPDX-License-Identifier: MIT */
/* lib.h - a library's header: keywords with the prefix, so that it forces no plain keywords on those who include it. */
#ifndef EDDY_TESTS_LANGUAGE_LIB_H
#define EDDY_TESTS_LANGUAGE_LIB_H

#include <eddy.h>

struct lib_point {
    double x, y;
};
typedef int (*lib_function)(int);

eddy_async_declare(int, lib_twice, (int, n));
eddy_async_declare(void, lib_nothing);
eddy_async_declare(void *, lib_pointer, (void *, p));
eddy_async_declare(const char *, lib_text, (const char *const, s));
eddy_async_declare(struct lib_point, lib_move, (struct lib_point, p), (const double, by));
eddy_async_declare(lib_function, lib_choose, (lib_function, a), (lib_function, b), (bool, first));
eddy_async_declare(long, lib_sum, (int, a), (int, b), (int, c), (int, d), (int, e), (int, f), (int, g), (int, h));
eddy_async_declare(bool, lib_is_odd, (int, n));
eddy_async_declare(bool, lib_is_even, (int, n));
eddy_async_declare(void, lib_fail, (int, code));
eddy_async_declare(int *, lib_make, (int *, freed));

#endif
