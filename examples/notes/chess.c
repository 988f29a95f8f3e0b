/* SPDX-License-Identifier: MIT */
/* chess.c - an exhibition: 24 boards, 30 pairs of moves, 5 seconds for the master's move, 55 for
 * the answer. */
#include <eddy/keywords.h>
#include <stdio.h>

enum { BOARDS = 24, PAIRS = 30, MASTER = 5, OPPONENT = 55 };

async(void, one_after_the_other)
{
    for (int i = 0; i < BOARDS * PAIRS; i++) {
        await(eddy_sleep(MASTER));
        await(eddy_sleep(OPPONENT));
    }
}

async(void, board, (eddy_lock *, master), (double *, last_move))
{
    for (int i = 0; i < PAIRS; i++) {
        async_with (held, eddy_lock_hold(master)) /* the master plays at one board at a time */
            await(eddy_sleep(MASTER));
        *last_move = eddy_time();
        await(eddy_sleep(OPPONENT));
    }
}

async(double, all_at_once)
{
    eddy_lock master = EDDY_LOCK_INIT;
    double last_move = 0;
    async_with (exhibition, eddy_task_group())
        for (int i = 0; i < BOARDS; i++)
            eddy_group_spawn(exhibition, board(&master, &last_move));
    return last_move;
}

async(void, main_task)
{
    double start = eddy_time();
    await(one_after_the_other());
    printf("one after the other: %.0f seconds\n", eddy_time() - start);

    start = eddy_time();
    double last_move = await(all_at_once());
    printf("all at once: her last move ends after %.0f seconds\n", last_move - start);
    printf("and the last answer comes after %.0f seconds\n", eddy_time() - start);
}

int main(void)
{
    return eddy_run(main_task());
}
