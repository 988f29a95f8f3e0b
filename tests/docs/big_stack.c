/* SPDX-License-Identifier: MIT */
/* big_stack.c - foreign code that recurses on its input; the stacks of generators; stack overflows. */
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <eddy/keywords.h>

// [call]
struct compiling {
    const char *pattern; /* comes from outside: it may be nested deeply */
    regex_t regex;
    int error;
};

static void compile(struct compiling *c)
{
    c->error = regcomp(&c->regex, c->pattern, REG_EXTENDED | REG_NOSUB);
}

async(int, check, (const char *, pattern))
{
    struct compiling c = {.pattern = pattern};
    eddy_call_on_big_stack(compile, &c); /* 8 MiB instead of the task's 256 KiB */
    if (!c.error)
        regfree(&c.regex);
    return c.error;
}
// [call]

// [generator]
generator(int, lines_of, (int, n))
{
    char buffer[512 * 1024]; /* better: on the heap */
    for (int i = 0; i < n; i++) {
        memset(buffer, 'a' + i, sizeof buffer);
        yield(buffer[n]);
    }
}

static void print_lines(void)
{
    struct lines_of g = lines_of(3);
    eddy_generator_stack(&g, 1024 * 1024); /* before the generator's first step */
    for_each (c, &g)
        printf("%c", c);
    printf("\n");
}
// [generator]

async(void, main_task)
{
    static char pattern[2001];
    memset(pattern, '(', 1000);
    memset(pattern + 1000, ')', 1000);
    printf("%s\n", await(check(pattern)) ? "no" : "yes");
    print_lines();
}

// [faults]
int main(void)
{
    eddy_no_fault_handler(); /* this program has a handler of its own for SIGSEGV */
    return eddy_run(main_task());
}
// [faults]
