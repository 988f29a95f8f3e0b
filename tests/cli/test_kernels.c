/* SPDX-License-Identifier: MIT */
/* test_kernels.c - which row of the table of kernels is marked, for kernel releases other than this machine's. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/kernels.h"

static const struct {
    const char *release; /* the release that uname reports */
    const char *row;     /* the marked row of the table; NULL: none */
} cases[] = {
    {"4.17.9", NULL},   {"4.18.0", "| 4.18 |"},  {"5.0.1", "| 4.18 |"}, {"5.3.0-generic", "| 5.3 |"},
    {"5.10.0", "| 5.3 |"}, {"5.12", "| 5.12 |"}, {"5.19.1", "| 5.19 |"}, {"5.20.1", "| 5.19 |"}, {"6.0.0", "| 6.0 |"},
    {"6.1.0-22-amd64", "| 6.1 |"}, {"6.12.9", "| 6.1 |"}, {"6.13.0", "| 6.13 |"}, {"7.0.0", "| 6.13 |"},
    {"3.20.0", NULL}, {"6", NULL}, {"odd", NULL},
};

/* The printed table. */
static char *table_of(const char *release)
{
    static char text[8192];
    FILE *file = tmpfile();
    int screen = dup(1);
    fflush(stdout);
    dup2(fileno(file), 1);
    kernels_print(release);
    fflush(stdout);
    dup2(screen, 1);
    close(screen);
    text[pread(fileno(file), text, sizeof text - 1, 0)] = '\0';
    fclose(file);
    return text;
}

static int check(const char *release, const char *row)
{
    char *text = table_of(release), *mark = strstr(text, "**here: ");
    char *line = mark ? mark : text;
    while (line > text && line[-1] != '\n')
        line--;
    int good = row ? mark && strncmp(line, row, strlen(row)) == 0 && strncmp(mark + 8, release, strlen(release)) == 0 &&
                         !strstr(mark + 8, "**here: ")
                   : !mark;
    if (!good)
        printf("%s should mark \"%s\":\n%s", release, row ? row : "", text);
    return !good;
}

int main(void)
{
    int failed = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        failed += check(cases[i].release, cases[i].row);
    return failed ? 1 : 0;
}
