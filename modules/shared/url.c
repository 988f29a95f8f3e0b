/* SPDX-License-Identifier: MIT */
/* url.c - see url.h. */
#include "url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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
            url_refuse(problem, EINVAL, "a % in the URL needs two hexadecimal digits after it, other than 00");
        *to++ = low >= 0 ? (char)(high << 4 | low) : *at;
        at += low >= 0 ? 2 : 0;
    }
    *to = '\0';
    return text;
}

int url_number(struct url_problem *problem, const char *text, size_t size, int most, const char *why)
{
    int value = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || value > (most - (text[i] - '0')) / 10) {
            url_refuse(problem, EINVAL, why);
            return 0;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The end of the host's name, which begins at *name; NULL: the bracket is not closed, or something follows it. */
static const char *end_of_host(const char **name, const char *end)
{
    if (*name == end || **name != '[') {
        const char *colon = memchr(*name, ':', (size_t)(end - *name));
        return colon ? colon : end;
    }
    ++*name;
    const char *bracket = memchr(*name, ']', (size_t)(end - *name));
    return bracket && (bracket + 1 == end || bracket[1] == ':') ? bracket : NULL;
}

struct url_host url_host(struct url_problem *problem, const char *text, size_t size, int port)
{
    static const char wrong[] = "the port in the URL is not valid";
    const char *end = text + size, *name = text, *name_end = end_of_host(&name, end);
    if (!name_end)
        url_refuse(problem, EINVAL, memchr(text, ']', size) ? "after the address in brackets only a port may follow"
                                                            : "the address has no closing bracket");
    if (problem->code)
        return (struct url_host){NULL, 0};
    const char *colon = name_end < end && *name_end == ']' ? name_end + 1 : name_end;
    if (colon < end)
        port = url_number(problem, colon + 1, (size_t)(end - colon - 1), 65535, wrong);
    if (!port)
        url_refuse(problem, EINVAL, wrong);
    bool has_name = name_end > name;
    return (struct url_host){url_part(problem, has_name ? name : "localhost", has_name ? (size_t)(name_end - name) : 9),
                             port};
}
