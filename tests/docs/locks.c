/* SPDX-License-Identifier: MIT */
/* locks.c - lock, event, condition, semaphore and barrier shared by tasks of one loop */
#include <eddy/keywords.h>
#include <stdio.h>

// [lock]
static eddy_lock till = EDDY_LOCK_INIT;
static int cents;

async(void, sell, (int, price))
{
    async_with (held, eddy_lock_hold(&till)) { /* one task at a time, in the order in which they asked */
        int before = cents;
        await(eddy_sleep(0.1)); /* without the lock another task would change it in the meantime */
        cents = before + price;
    }
}
// [lock]

async(void, refund, (int, price))
{
    // [acquire]
    await(eddy_lock_acquire(&till));
    defer(eddy_lock_release, &till);
    cents -= price;
    // [acquire]
}

// [event]
static eddy_event open_door = EDDY_EVENT_INIT;

async(void, guest, (int, number))
{
    await(eddy_event_wait(&open_door));
    printf("guest %d goes in\n", number);
}

async(void, party)
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, guest(1));
        eddy_group_spawn(group, guest(2));
        await(eddy_sleep(1));
        eddy_event_set(&open_door); /* wakes both */
    }
}
// [event]

// [condition]
static eddy_lock lock = EDDY_LOCK_INIT;
static eddy_condition changed = EDDY_CONDITION_INIT(&lock);
static int stock;

async(void, take, (int, n))
{
    async_with (held, eddy_condition_hold(&changed)) {
        while (stock < n)
            await(eddy_condition_wait(&changed)); /* releases the lock while it waits */
        stock -= n;
    }
}

async(void, deliver, (int, n))
{
    async_with (held, eddy_condition_hold(&changed)) {
        stock += n;
        eddy_condition_notify_all(&changed);
    }
}
// [condition]

// [semaphore]
static eddy_semaphore seats = EDDY_SEMAPHORE_INIT(2);

async(void, visit, (int, number))
{
    async_with (seat, eddy_semaphore_hold(&seats)) { /* two at a time */
        await(eddy_sleep(1));
        printf("visitor %d leaves\n", number);
    }
}
// [semaphore]

// [barrier]
static eddy_barrier start = EDDY_BARRIER_INIT(3);

async(void, runner, (double, warm_up))
{
    await(eddy_sleep(warm_up));
    size_t order = await(eddy_barrier_wait(&start)); /* waits until three tasks have arrived */
    if (order == 2)
        printf("the last one is there, all run\n");
}
// [barrier]

async(void, main_task)
{
    double began = eddy_time();
    await(eddy_gather(sell(5), sell(7), refund(2)));
    printf("%d cents after %.1f s\n", cents, eddy_time() - began);
    await(party());
    await(eddy_gather(take(3), deliver(2), deliver(2)));
    printf("%d left\n", stock);
    await(eddy_gather(visit(1), visit(2), visit(3)));
    await(eddy_gather(runner(1), runner(3), runner(2)));
}

int main(void)
{
    return eddy_run(main_task());
}
