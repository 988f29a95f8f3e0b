/* SPDX-License-Identifier: MIT */
/* phases.c - three callers, two phases each: the second phase works on the result of the first.
 * */
#include <eddy/keywords.h>
#include <stdio.h>

struct text {
    char of[40];
};

struct pair {
    const char *r1;
    struct text r2;
};

async(const char *, phase1, (char, caller))
{
    printf("phase 1 called from %c\n", caller);
    await(eddy_sleep(2));
    return "result1";
}

async(struct text, phase2, (char, caller), (const char *, arg))
{
    printf("phase 2 called from %c\n", caller);
    await(eddy_sleep(2));
    struct text result;
    snprintf(result.of, sizeof result.of, "result2 derived from %s", arg);
    return result;
}

async(struct pair, outer, (char, caller))
{
    printf("outer called from %c\n", caller);
    struct pair pair;
    pair.r1 = await(phase1(caller));
    pair.r2 = await(phase2(caller, pair.r1));
    return pair;
}

async(void, main_task)
{
    double start = eddy_time();
    struct pair pairs[3];
    async_with (group, eddy_task_group())
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(group, outer("ABC"[i]), &pairs[i]);
    for (int i = 0; i < 3; i++)
        printf("(%s, %s)\n", pairs[i].r1, pairs[i].r2.of);
    printf("%.1f seconds\n", eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
