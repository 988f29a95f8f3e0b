/* SPDX-License-Identifier: MIT */
/* lock_order.c - a lock goes to the task that has waited longest; the releasing task cannot take it
 * back before the waiters. */
#include <eddy/keywords.h>
#include <stdio.h>

async(void, waiter, (eddy_lock *, lock), (const char *, name))
{
    async_with (held, eddy_lock_hold(lock))
        puts(name);
}

async(void, main_task)
{
    eddy_lock lock = EDDY_LOCK_INIT;
    await(eddy_lock_acquire(&lock));
    async_with (waiters, eddy_task_group()) {
        eddy_group_spawn(waiters, waiter(&lock, "0"));
        eddy_group_spawn(waiters, waiter(&lock, "1"));
        eddy_group_spawn(waiters, waiter(&lock, "2"));
        await(eddy_sleep(0));
        eddy_lock_release(&lock);
        eddy_group_spawn(waiters, waiter(&lock, "barger"));
        async_with (held, eddy_lock_hold(&lock))
            puts("main");
    }
}

int main(void)
{
    return eddy_run(main_task());
}
