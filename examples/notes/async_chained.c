/* SPDX-License-Identifier: MIT */
/* async_chained.c - chains of two parts: the parts of one chain follow each other, the chains
 * run side by side.
 *
 * usage: async_chained [-s SEED] [NUMBER...] */
#include "mt19937.h"
#include <eddy/keywords.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct result1 {
    char text[24];
};

struct result2 {
    char text[64];
};

static struct mt19937 mt;

async(struct result1, part1, (int, n))
{
    int i = mt_randint(&mt, 0, 10);
    printf("part1(%d) sleeping for %d seconds.\n", n, i);
    await(eddy_sleep(i));
    struct result1 result;
    snprintf(result.text, sizeof result.text, "result%d-1", n);
    printf("Returning part1(%d) == %s.\n", n, result.text);
    return result;
}

async(struct result2, part2, (int, n), (const char *, arg))
{
    int i = mt_randint(&mt, 0, 10);
    printf("part2(%d, '%s') sleeping for %d seconds.\n", n, arg, i);
    await(eddy_sleep(i));
    struct result2 result;
    snprintf(result.text, sizeof result.text, "result%d-2 derived from %s", n, arg);
    printf("Returning part2(%d, '%s') == %s.\n", n, arg, result.text);
    return result;
}

async(void, chain, (int, n))
{
    double start = eddy_time();
    struct result1 p1 = await(part1(n));
    struct result2 p2 = await(part2(n, p1.text));
    printf("-->Chained result%d => %s (took %0.2f seconds).\n", n, p2.text, eddy_time() - start);
}

async(void, main_task, (char **, numbers), (int, count))
{
    double start = eddy_time();
    async_with (group, eddy_task_group())
        for (int i = 0; i < count; i++)
            eddy_group_spawn(group, chain(atoi(numbers[i])));
    printf("Program finished in %0.2f seconds.\n", eddy_time() - start);
}

int main(int argc, char **argv)
{
    char *usual[] = {"1", "2", "3"};
    uint64_t seed = 444;
    for (int option; (option = getopt(argc, argv, "s:")) != -1;) {
        if (option != 's') /* getopt has said why */
            return 2;
        seed = strtoull(optarg, NULL, 10);
    }
    mt_seed(&mt, seed);
    if (optind == argc)
        return eddy_run(main_task(usual, 3));
    return eddy_run(main_task(argv + optind, argc - optind));
}
