/* SPDX-License-Identifier: MIT */
/* rand.c - three coroutines draw until their number is high enough; while one sleeps, the others
 * go on.
 *
 * usage: rand [SEED] */
#include "mt19937.h"
#include <eddy/keywords.h>
#include <stdio.h>
#include <stdlib.h>

#define END "\033[0m"
static const char *const colours[] = {"\033[36m", "\033[91m", "\033[35m"};
static struct mt19937 mt;

async(int, makerandom, (int, idx), (int, threshold))
{
    printf("%sInitiated makerandom(%d).\n", colours[idx], idx);
    int i = mt_randint(&mt, 0, 10);
    while (i <= threshold) {
        printf("%smakerandom(%d) == %d too low; retrying.\n", colours[idx], idx, i);
        await(eddy_sleep(idx + 1));
        i = mt_randint(&mt, 0, 10);
    }
    printf("%s---> Finished: makerandom(%d) == %d" END "\n", colours[idx], idx, i);
    return i;
}

async(void, main_task)
{
    struct makerandom *r[3];
    for (int i = 0; i < 3; i++)
        r[i] = spawn(makerandom(i, 9 - i));
    await(eddy_gather_array(r, 3));
    int r1 = await(r[0]), r2 = await(r[1]), r3 = await(r[2]);
    printf("\nr1: %d, r2: %d, r3: %d\n", r1, r2, r3);
}

int main(int argc, char **argv)
{
    mt_seed(&mt, argc > 1 ? strtoull(argv[argc - 1], NULL, 10) : 444);
    return eddy_run(main_task());
}
