/* SPDX-License-Identifier: MIT */
/* number.c - see number.h. A locale may have a comma where the protocols of Redis and PostgreSQL have a point. */
#define _GNU_SOURCE
#include "number.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t plain; /* "C"; without memory: 0, and the program's is used */

static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Returns what to give to leave_plain. */
static locale_t enter_plain(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_plain);
    return plain ? uselocale(plain) : (locale_t)0;
}

static void leave_plain(locale_t before)
{
    if (before)
        uselocale(before);
}

double number_parse(const char *text)
{
    locale_t before = enter_plain();
    double value = strtod(text, NULL);
    leave_plain(before);
    return value;
}

size_t number_format(double value, char *text, size_t size)
{
    locale_t before = enter_plain();
    int length = snprintf(text, size, "%.15g", value);
    if (strtod(text, NULL) != value)
        length = snprintf(text, size, "%.17g", value);
    leave_plain(before);
    return (size_t)length;
}
