/* SPDX-License-Identifier: MIT */
/* url.c - see url.h. */
#include "url.h"

#include <errno.h>
#include <stdlib.h>

void url_refuse(struct url_problem *problem, int code, const char *why)
{
    if (!problem->code)
        *problem = (struct url_problem){code, why};
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *url_part(struct url_problem *problem, const char *from, size_t size)
{
    char *text = malloc(size + 1), *to = text;
    if (!text) {
        url_refuse(problem, ENOMEM, "no memory for the URL");
        return NULL;
    }
    for (const char *at = from, *end = from + size; at < end; at++) {
        int high = *at == '%' && end - at > 2 ? digit_of(at[1]) : -1;
        int low = high >= 0 ? digit_of(at[2]) : -1;
        if (*at == '%' && (low < 0 || high + low == 0))
            url_refuse(problem, EINVAL, "% in the URL needs two digits after it, which are not 00");
        *to++ = low >= 0 ? (char)(high << 4 | low) : *at;
        at += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    return text;
}
