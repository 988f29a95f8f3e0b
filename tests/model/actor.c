/* SPDX-License-Identifier: MIT */
/*
 * actor.c - carries out the operations of a model program.
 *
 * Each wait has a limit in virtual time, so that the whole must end whatever is cancelled.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"
#include "world.h"

#define PATIENCE 5.0   /* seconds that a block may hold something: breaks deadlocks */
#define LONG     100.0 /* seconds to wait for other tasks to end */
#define RESULT   5     /* of each actor */

async_declare_static(void, run_parts, (struct op *, first));
async_declare_static(int, actor, (struct op *, op));

static unsigned count_parts(const struct op *op)
{
    unsigned count = 0;
    for (const struct op *part = op->parts; part; part = part->next)
        count += !part->off;
    return count;
}

/* ==== queues ==== */

async(void, put_one, (int_queue *, queue))
{
    eddy_error err;
    if (world.item_count == MOST_ITEMS)
        return;
    int item = world.item_count++;
    world.items[item] = ITEM_OFFERED;
    await_always(eddy_queue_put(queue, item), &err);
    if (err.code) {
        MUST(world.items[item] == ITEM_OFFERED, "item %d came out though putting it failed", item);
        world.items[item] = ITEM_REFUSED;
        rethrow(&err);
    }
    if (world.items[item] == ITEM_OFFERED)
        world.items[item] = ITEM_IN;
}

async(void, get_one, (int_queue *, queue))
{
    world_got(await(eddy_queue_get(queue)));
    eddy_queue_task_done(queue);
}

/* ==== locks ==== */

async(void, hold_lock, (struct op *, op), (int, which))
{
    eddy_error err;
    async_with (held, eddy_lock_hold(&world.locks[which])) {
        MUST(world.in_lock[which]++ == 0, "two tasks hold lock %d", which);
        await_always(run_parts(op->parts), &err);
        world.in_lock[which]--;
        if (err.code)
            rethrow(&err);
    }
}

async(void, hold_semaphore, (struct op *, op))
{
    eddy_error err;
    async_with (held, eddy_semaphore_hold(&world.semaphore)) {
        MUST(++world.in_semaphore <= PERMITS, "%d tasks hold the semaphore", world.in_semaphore);
        await_always(run_parts(op->parts), &err);
        world.in_semaphore--;
        if (err.code)
            rethrow(&err);
    }
}

async(void, wait_for_condition)
{
    eddy_error err;
    int *inside = &world.in_lock[LOCKS - 1];
    async_with (held, eddy_condition_hold(&world.condition)) {
        MUST(*inside == 0, "two tasks are in the condition");
        await_always(eddy_condition_wait(&world.condition), &err);
        MUST(*inside == 0, "two tasks are in the condition after a wait");
        if (err.code)
            rethrow(&err);
    }
}

async(void, notify, (unsigned, count))
{
    async_with (held, eddy_condition_hold(&world.condition)) {
        if (count & 1)
            eddy_condition_notify_all(&world.condition);
        else
            eddy_condition_notify(&world.condition, count / 2 % 3);
    }
}

/* ==== scopes ==== */

async(void, run_in_timeout, (struct op *, op))
{
    async_with (scope, eddy_timeout(op->seconds)) {
        if (op->count % 4 == 0)
            eddy_reschedule(scope, eddy_time() + 0.001 * (op->which % 20));
        await(run_parts(op->parts));
    }
}

async(void, run_and_move_on, (struct op *, op))
{
    async_with (scope, eddy_move_on_after(op->seconds)) {
        await(run_parts(op->parts));
    }
}

async(void, run_or_fail_after, (struct op *, op))
{
    async_with (scope, eddy_fail_after(op->seconds)) {
        if (op->count % 8 == 0)
            eddy_scope_cancel(scope);
        await(run_parts(op->parts));
    }
}

async(void, run_shielded, (struct op *, op))
{
    async_with (scope, eddy_shield(op->seconds)) {
        await(run_parts(op->parts));
    }
}

/* ==== clean-up ==== */

/* Waits, although the task may have been cancelled. */
static void clean_up(const struct op **op)
{
    eddy_error err;
    eddy_await(eddy_sleep((*op)->seconds / 10), &err);
    world.live--;
}

async(void, run_with_clean_up, (struct op *, op))
{
    const struct op *self = op, **place = &self;
    world.live++;
    defer(clean_up, place);
    await(run_parts(op->parts));
}

/* ==== tasks ==== */

static void check_result(int result, const eddy_error *err)
{
    MUST(err->code || result == RESULT, "an actor gave %d", result);
}

async(void, combine, (struct op *, op), (struct actor **, tasks), (unsigned, count))
{
    eddy_error err;
    switch (op->which % WITH_TASKS) {
    case GATHER: await(eddy_gather_array(tasks, count), &err); break;
    case GATHER_SETTLED: await(eddy_gather_array_settled(tasks, count), &err); break;
    case WAIT_FIRST: await_for(eddy_wait(tasks, count, EDDY_FIRST_COMPLETED), op->seconds, &err); break;
    case CANCEL_ONE: eddy_cancel(tasks[op->count % count]); break;
    case SHIELD_ONE: await_shielded(tasks[op->count % count], &err); break;
    case AS_COMPLETED: {
        unsigned seen = 0;
        async_for (task, eddy_as_completed(tasks, count)) {
            MUST(eddy_done(task), "as completed gave one that is not");
            if (++seen == op->count % 4)
                break;
        }
        break;
    }
    default: break;
    }
}

async(void, run_tasks, (struct op *, op))
{
    unsigned count = count_parts(op), made = 0;
    struct actor *tasks[MOST_TASKS];
    eddy_error err;
    for (struct op *part = op->parts; part; part = part->next)
        if (!part->off) {
            tasks[made] = (op->count + made) % 5 ? spawn(actor(part)) : spawn_eager(actor(part));
            made++;
        }
    if (count == 0)
        return;
    await(combine(op, tasks, count));
    for (unsigned i = 0; i < count; i++)
        switch (op->which % WITH_TASKS) {
        case JOIN_NONE: break;
        case DETACH: eddy_detach(tasks[i]); break;
        case JOIN_WITHIN: check_result(await_for(tasks[i], op->seconds, &err), &err); break;
        default: check_result(await(tasks[i], &err), &err);
        }
}

async(void, run_group, (struct op *, op))
{
    int slots[MOST_PARTS] = {0}, i = 0;
    async_with (group, eddy_task_group()) {
        for (struct op *part = op->parts; part; part = part->next)
            if (!part->off)
                eddy_group_spawn(group, actor(part), &slots[i++]);
        if (op->which % WITH_GROUP == GROUP_WAITS)
            await(eddy_sleep(op->seconds));
        if (op->which % WITH_GROUP == GROUP_CANCELLED)
            eddy_group_cancel(group);
        if (op->which % WITH_GROUP == GROUP_FAILS)
            throw(EDOM, "the block of a group fails");
    }
    while (i-- > 0)
        MUST(slots[i] == 0 || slots[i] == RESULT, "a slot of a group got %d", slots[i]);
}

/* ==== objects with an owner ==== */

blocking(int, think, (int, n))
{
    return n * 2;
}

/* The operation that is awaited before the object is made: a sleep, which has nothing to lose, or a thread's result. */
async(int *, make_thing, (double, seconds), (bool, by_thread))
{
    if (by_thread)
        MUST(await(think(21)) == 42, "a thread thought wrongly");
    else
        await(eddy_sleep(seconds));
    int *thing = malloc(sizeof *thing);
    if (!thing)
        throw(ENOMEM);
    world.made++;
    return thing;
}

static void free_thing(int *thing)
{
    world.freed += thing != NULL;
    free(thing);
}

static void free_things(int *(*things)[3])
{
    for (int i = 0; i < 3; i++)
        free_thing((*things)[i]);
}

async(void, hand_over_in_group, (struct op *, op))
{
    int *things[3] = {NULL}, *(*all)[3] = &things;
    defer(free_things, all);
    async_with (group, eddy_task_group()) {
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(group, make_thing(op->seconds * i, op->which & 4), &things[i]);
        if (op->count & 1)
            throw(EDOM, "the block of a group fails");
    }
}

async(void, hand_over, (struct op *, op))
{
    eddy_error err;
    double limit = op->count & 1 ? op->seconds : 0.001 * (op->count / 2 % 3); /* often both are due together */
    struct make_thing thing_maker = make_thing(op->seconds, op->which & 4);
    struct make_thing *maker = op->which & 2 ? spawn_eager(thing_maker) : spawn(thing_maker);
    int *thing = await_for(maker, limit, &err);
    if (!err.code)
        free_thing(thing);
}

/* ==== futures ==== */

typedef future_of(int) int_future;

async(void, wait_for_future, (int_future *, future), (double, seconds))
{
    int value = await_for(future, seconds);
    MUST(value == 7, "a future gave %d", value);
}

async(void, with_future, (struct op *, op))
{
    int_future *future = eddy_future_new(int_future);
    struct wait_for_future *waiters[4];
    unsigned count = op->count % 5;
    eddy_error err;
    if (!future)
        throw(ENOMEM);
    defer(eddy_future_free, future);
    for (unsigned i = 0; i < count; i++)
        waiters[i] = spawn(wait_for_future(future, 0.001 * i));
    await_always(eddy_sleep(op->seconds), &err);
    switch (op->which % FUTURE_ENDS) {
    case FUTURE_RESULT: eddy_set_result(future, 7); break;
    case FUTURE_ERROR: eddy_set_error(future, EPROTO, "of a future"); break;
    default: eddy_cancel(future);
    }
    for (unsigned i = 0; i < count; i++)
        await(waiters[i], &err);
}

/* ==== generators, calls ==== */

generator(int, count_up, (int, n))
{
    for (int i = 0; i < n; i++)
        yield(i);
}

async_generator(int, tick, (int, n), (double, seconds))
{
    for (int i = 0; i < n; i++) {
        await(eddy_sleep(seconds));
        yield(i);
    }
}

async(void, generate, (struct op *, op))
{
    int expected = 0, many = (int)op->count % 7;
    for_each (x, count_up(10)) {
        MUST(x == expected++, "a generator gave %d", x);
        if (x == many)
            break;
    }
    expected = 0;
    async_for (x, tick(many, op->seconds / 10)) {
        MUST(x == expected++, "an async generator gave %d", x);
        if (x == 3)
            break;
    }
}

static void do_nothing(void *unused)
{
    (void)unused;
}

/* ==== cancelling any task ==== */

struct choice {
    unsigned left;
    eddy_task *task;
};

/* All tasks except the library's own and the main task. */
static void choose(eddy_task *task, void *argument)
{
    static const char *const names[] = {"actor", "make_thing", "wait_for_future", "speak"};
    struct choice *choice = argument;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(eddy_task_name(task), names[i], strlen(names[i])) == 0 && choice->left-- == 0)
            choice->task = task;
}

static void cancel_somebody(const struct op *op)
{
    struct choice choice = {op->count % 16, NULL};
    eddy_all_tasks(choose, &choice);
    if (choice.task)
        eddy_cancel(choice.task, "by an operation");
}

/* ==== the operations ==== */

async(void, run_block, (struct op *, op))
{
    switch (op->kind) {
    case OP_SEQUENCE: await(run_parts(op->parts)); break;
    case OP_TASKS: await(run_tasks(op)); break;
    case OP_GROUP: await(run_group(op)); break;
    case OP_TIMEOUT: await(run_in_timeout(op)); break;
    case OP_MOVE_ON: await(run_and_move_on(op)); break;
    case OP_FAIL_AFTER: await(run_or_fail_after(op)); break;
    case OP_SHIELD: await(run_shielded(op)); break;
    case OP_WITHIN: await_for(run_parts(op->parts), op->seconds); break;
    case OP_LOCK: await_for(hold_lock(op, (int)(op->which % LOCKS)), PATIENCE); break;
    case OP_SEMAPHORE: await_for(hold_semaphore(op), PATIENCE); break;
    default: await(run_with_clean_up(op));
    }
}

async(void, run_single, (struct op *, op))
{
    int_queue *queue = &world.queues[op->which % QUEUES];
    switch (op->kind) {
    case OP_SLEEP: await(eddy_sleep(op->seconds)); break;
    case OP_PUT: await_for(put_one(queue), op->seconds); break;
    case OP_GET: await_for(get_one(queue), op->seconds); break;
    case OP_SET_EVENT: eddy_event_set(&world.event); break;
    case OP_CLEAR_EVENT: eddy_event_clear(&world.event); break;
    case OP_WAIT_EVENT: await_for(eddy_event_wait(&world.event), op->seconds); break;
    case OP_WAIT_CONDITION: await_for(wait_for_condition(), op->seconds); break;
    case OP_NOTIFY: await_for(notify(op->count), PATIENCE); break;
    case OP_BARRIER: await_for(eddy_barrier_wait(&world.barrier), op->seconds); break;
    case OP_RESET_BARRIER: eddy_barrier_reset(&world.barrier); break;
    case OP_FUTURE: await(with_future(op)); break;
    case OP_TALK: await_for(talk(op), LONG); break;
    case OP_HAND_OVER:
        if (op->which & 1)
            await(hand_over_in_group(op));
        else
            await(hand_over(op));
        break;
    case OP_GENERATE: await(generate(op)); break;
    case OP_THINK: MUST(await(think(21)) == 42, "a thread thought wrongly"); break;
    case OP_CALL_LATER: {
        eddy_handle *handle = eddy_call_later(op->seconds, do_nothing, NULL);
        if (op->count & 1)
            eddy_handle_cancel(handle);
        break;
    }
    case OP_CANCEL: cancel_somebody(op); break;
    default: throw(ERANGE, "an operation fails, %s", "by choice");
    }
}

async(void, run_op, (struct op *, op))
{
    if (op->kind <= OP_LAST_BLOCK)
        await(run_block(op));
    else
        await(run_single(op));
}

async_define_static(void, run_parts, (struct op *, first))
{
    for (struct op *op = first; op; op = op->next) {
        eddy_error err;
        if (op->off)
            continue;
        if (op->bare)
            await(run_parts(op->parts));
        else if (op->caught)
            await(run_op(op), &err);
        else
            await(run_op(op));
    }
}

static void leave(int *count)
{
    --*count;
}

async_define_static(int, actor, (struct op *, op))
{
    int *live = &world.live;
    ++*live;
    defer(leave, live);
    eddy_error err;
    if (op->bare)
        await(run_parts(op->parts));
    else if (op->caught)
        await(run_op(op), &err);
    else
        await(run_op(op));
    return RESULT;
}

static void show(eddy_task *task, void *unused)
{
    char text[300];
    (void)unused;
    eddy_describe(task, text, sizeof text);
    printf("    %s\n", text);
}

static void overdue(void *unused)
{
    (void)unused;
    eddy_all_tasks(show, NULL);
    FAIL("these tasks do not end");
}

static void ignore(const eddy_error *err, void *unused)
{
    char text[64];
    (void)unused;
    eddy_error_format(err, text, sizeof text);
}

async_define(int, model_main, (struct op *, program))
{
    eddy_set_exception_handler(ignore, NULL);
    world_begin();
    world.server = await(eddy_start_server(echo, (void *)NULL, "127.0.0.1", 0));
    world.port = eddy_server_port(world.server);
    size_t tasks = eddy_all_tasks(NULL, NULL);
    eddy_handle *limit = eddy_call_later(1e5, overdue, NULL);
    await(actor(program));
    while (eddy_all_tasks(NULL, NULL) > tasks) /* detached tasks, and connections that were left */
        await(eddy_sleep(1));
    await(eddy_server_close(world.server, 5));
    MUST(eddy_all_tasks(NULL, NULL) == 1, "%zu tasks are left", eddy_all_tasks(NULL, NULL));
    eddy_handle_cancel(limit);
    world_end();
    MUST(!eddy_cancelling(eddy_current_task()), "the main task is being cancelled");
    return 0;
}
