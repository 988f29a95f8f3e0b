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

struct text {
    char of[80];
};

static struct mt19937 mt;

async(struct text, part1, (int, n))
{
    int i = mt_randint(&mt, 0, 10);
    printf("part1(%d) sleeping for %d seconds.\n", n, i);
    await(eddy_sleep(i));
    struct text result;
    snprintf(result.of, sizeof result.of, "result%d-1", n);
    printf("Returning part1(%d) == %s.\n", n, result.of);
    return result;
}

async(struct text, part2, (int, n), (const char *, arg))
{
    int i = mt_randint(&mt, 0, 10);
    printf("part2(%d, '%s') sleeping for %d seconds.\n", n, arg, i);
    await(eddy_sleep(i));
    struct text result;
    snprintf(result.of, sizeof result.of, "result%d-2 derived from %s", n, arg);
    printf("Returning part2(%d, '%s') == %s.\n", n, arg, result.of);
    return result;
}

async(void, chain, (int, n))
{
    double start = eddy_time();
    struct text p1 = await(part1(n));
    struct text p2 = await(part2(n, p1.of));
    printf("-->Chained result%d => %s (took %0.2f seconds).\n", n, p2.of, eddy_time() - start);
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
