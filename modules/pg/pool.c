/* SPDX-License-Identifier: MIT */
/*
 * pool.c - see pool.h.
 *
 * One task, the keeper, starts the tasks that connect and those that cancel, and frees lines that were lost. Calls are
 * sent at once, on the line with the fewest calls; if it has any, one more connection is made. A task that wants a
 * line of its own gets an idle one; if there is none, and there can be no more, the next one that becomes idle is kept
 * for it. One line stays for all others, if there can be several.
 *
 * Invariants: a call waits, or is on one line, or has completed. `open` is at most limits.connections. Lines are freed
 * by nobody but the keeper and the task that owns one, so that a callback of a line can lose it.
 */
#define EDDY_LIBRARY
#include "pool.h"

#include <errno.h>
#include <stdlib.h>

#include "link.h"

enum { MOST_DUE = 1024 }; /* calls on a line; above that they wait */

void pool_wake(struct pool *pool)
{
    eddy_event_set(&pool->work);
}

void pool_note_answer(struct pool *pool)
{
    pool->failures = 0;
}

/* ==== lines ==== */

static bool is_shared(const struct line *line)
{
    return line->pg && !line->is_own;
}

static size_t count_shared(const struct pool *pool)
{
    size_t count = 0;
    for (const struct line *line = pool->lines; line; line = line->next)
        count += is_shared(line);
    return count;
}

/* The one with the fewest calls; NULL: none can take one more. */
static struct line *pick(const struct pool *pool)
{
    struct line *best = NULL;
    for (struct line *line = pool->lines; line; line = line->next)
        if (is_shared(line) && !line->is_reserved && line_due(line) < MOST_DUE &&
            (!best || line_due(line) < line_due(best)))
            best = line;
    return best;
}

static void remove_line(struct pool *pool, struct line *line)
{
    struct line **link = &pool->lines;
    while (*link != line)
        link = &(*link)->next;
    *link = line->next;
    pool->open--;
}

void pool_note_lost(struct pool *pool, struct line *line)
{
    pool->not_before = eddy_time() + link_delay(pool->address, pool->failures);
    if (line->is_own)
        return;
    remove_line(pool, line);
    line->next = pool->lost;
    pool->lost = line;
    pool_wake(pool);
}

static void free_lost(struct pool *pool)
{
    for (struct line *line; (line = pool->lost);) {
        pool->lost = line->next;
        line_free(line);
    }
}

/* ==== tasks that want a line of their own ==== */

static bool may_take(const struct pool *pool)
{
    size_t most = pool->address->limits.connections;
    return most == 1 || pool->open < most || count_shared(pool) > 1;
}

static struct line *take_line(struct pool *pool)
{
    if (!may_take(pool))
        return NULL;
    for (struct line *line = pool->lines; line; line = line->next)
        if (is_shared(line) && line_due(line) == 0 && !line->is_cancelling) {
            line->is_own = true;
            line->is_reserved = false;
            pool->owned++;
            return line;
        }
    return NULL;
}

static void remove_wish(struct pool *pool, struct wish *wish)
{
    *wish->link = wish->next;
    if (wish->next)
        wish->next->link = wish->link;
    else
        pool->wishes_end = wish->link;
    wish->link = NULL;
    pool->wish_count--;
}

static void start_wish(struct eddy_awaitable *a)
{
    struct wish *wish = (struct wish *)(void *)a;
    struct pool *pool = wish->pool;
    if (!pool->keeper || pool->closing) {
        eddy_complete_error(wish, ECONNABORTED, "%s: the client is closed", pool->address->label);
        return;
    }
    wish->next = NULL;
    wish->link = pool->wishes_end;
    *pool->wishes_end = wish;
    pool->wishes_end = &wish->next;
    pool->wish_count++;
    pool_serve(pool);
}

static void cancel_wish(struct eddy_awaitable *a)
{
    struct wish *wish = (struct wish *)(void *)a;
    remove_wish(wish->pool, wish);
    eddy_complete_error(wish, ECANCELED);
    pool_serve(wish->pool);
}

static void undo_wish(struct eddy_awaitable *a)
{
    struct wish *wish = (struct wish *)(void *)a;
    pool_release(wish->pool, wish->line, true);
}

static const struct eddy_awaitable_type wish_type = {
    .name = "eddy_pg_acquire", .start = start_wish, .cancel = cancel_wish, .undo = undo_wish, .kind = EDDY_IO};

static void fail_wish(struct pool *pool, const eddy_error *err)
{
    struct wish *wish = pool->wishes;
    if (!wish)
        return;
    remove_wish(pool, wish);
    eddy_complete_error(wish, err->code, "%s", err->message);
}

/* Keeps those with the fewest calls for the tasks that wait, and leaves one to all others. */
static void reserve_lines(struct pool *pool)
{
    size_t shared = count_shared(pool), kept = pool->address->limits.connections > 1, reserved = 0;
    size_t spare = shared > kept ? shared - kept : 0, wanted = pool->wish_count < spare ? pool->wish_count : spare;
    for (struct line *line = pool->lines; line; line = line->next) {
        line->is_reserved &= reserved < wanted;
        reserved += line->is_reserved;
    }
    for (struct line *line; reserved < wanted && (line = pick(pool)); reserved++)
        line->is_reserved = true;
}

eddy_async_define(struct line *, pool_acquire, (struct pool *, pool))
{
    struct wish wish = {EDDY_AWAITABLE_INIT(&wish_type), .pool = pool};
    eddy_await(&wish);
    return wish.line;
}

static void destroy(struct pool *pool);

void pool_release(struct pool *pool, struct line *line, bool reusable)
{
    bool is_kept = reusable && line->pg;
    pool->owned--;
    if (!is_kept) {
        line_lose(line, ECONNABORTED, "the connection was closed");
        remove_line(pool, line);
        line_free(line);
    }
    if (is_kept)
        line->is_own = false;
    if (pool->keeper)
        pool_serve(pool);
    else if (pool->is_free)
        destroy(pool);
}

/* ==== serving ==== */

static bool wants_line(const struct pool *pool)
{
    if (pool->closing || pool->open >= pool->address->limits.connections)
        return false;
    bool is_stuck = pool->waiting.first && !pick(pool);
    return pool->wish_count > pool->connecting || (!pool->connecting && (is_stuck || pool->grows));
}

void pool_serve(struct pool *pool)
{
    struct line *line;
    while (pool->wishes && (line = take_line(pool))) {
        struct wish *wish = pool->wishes;
        remove_wish(pool, wish);
        wish->line = line;
        eddy_complete(wish);
    }
    reserve_lines(pool);
    while (pool->waiting.first && (line = pick(pool))) {
        struct call *call = pool->waiting.first;
        calls_remove(&pool->waiting, call);
        line_send(line, call);
    }
    if (wants_line(pool))
        pool_wake(pool);
}

/* ==== calls ==== */

static void send_shared(struct pool *pool, struct call *call)
{
    struct line *line = pool->waiting.first ? NULL : pick(pool);
    if (!line) {
        calls_add(&pool->waiting, call);
        pool_serve(pool);
        return;
    }
    bool is_busy = line_due(line) > 0;
    line_send(line, call);
    if (is_busy && pool->open < pool->address->limits.connections && !pool->grows) {
        pool->grows = true;
        pool_wake(pool);
    }
}

static void start_call(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    struct pool *pool = call->pool;
    if (!pool->keeper || pool->closing)
        call_fail(call, ECONNABORTED, pool->address->label, "the client is closed");
    else if (call->own)
        line_send(call->own, call);
    else
        send_shared(pool, call);
}

static void cancel_call(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    if (call->line)
        line_give_up(call->line, call);
    else if (call->own)
        line_give_up(call->own, call);
    else
        calls_remove(&call->pool->waiting, call);
    call_fail(call, ECANCELED, call->pool->address->label, "the statement was given up");
}

static const struct eddy_awaitable_type call_type = {
    .name = "eddy_pg_query", .start = start_call, .cancel = cancel_call, .kind = EDDY_IO};

eddy_async_define(eddy_pg_rows *, pool_call, (struct pool *, pool), (struct call, call))
{
    call.awaitable.awaitable.type = &call_type;
    call.pool = pool;
    eddy_await(&call);
    return call.rows;
}

/* ==== the keeper ==== */

static void add_line(struct pool *pool, PGconn *pg, struct key key)
{
    struct line *line = line_new(pool, pg, key);
    if (!line) {
        pool->open--;
        return;
    }
    line->next = pool->lines;
    pool->lines = line;
}

/* The tasks that wait are told, unless other lines can serve them. */
static void note_failure(struct pool *pool, const eddy_error *err)
{
    pool->open--;
    pool->not_before = eddy_time() + link_delay(pool->address, pool->failures);
    if (err->code == ECANCELED) /* the keeper's; if the client is closed, end_keeper tells them */
        return;
    fail_wish(pool, err);
    while (pool->waiting.first && !count_shared(pool)) {
        struct call *call = pool->waiting.first;
        calls_remove(&pool->waiting, call);
        eddy_complete_error(call, err->code, "%s", err->message);
    }
}

eddy_async(void, connect_one, (struct pool *, pool))
{
    eddy_error err;
    struct key key = {.is_known = false};
    if (pool->not_before > eddy_time())
        eddy_await(eddy_sleep(pool->not_before - eddy_time()));
    pool->failures++;
    PGconn *pg = eddy_await(link_open(pool->address, &key), &err);
    pool->connecting--;
    pool->grows = false;
    if (err.code)
        note_failure(pool, &err);
    else
        add_line(pool, pg, key);
    pool_serve(pool);
}

static void start_cancels(struct pool *pool)
{
    for (struct line *line = pool->lines; line; line = line->next)
        if (line->wants_cancel && !line->is_cancelling)
            eddy_detach(eddy_spawn_eager(line_cancel(line)));
}

static bool begin_line(struct pool *pool, eddy_group *tasks)
{
    eddy_error err = {.code = ENOMEM, .message = "there is no memory for a task"};
    pool->open++;
    pool->connecting++;
    if (eddy_group_spawn(tasks, connect_one(pool)) == 0)
        return true;
    pool->connecting--;
    pool->grows = false;
    note_failure(pool, &err);
    return false;
}

eddy_async(void, serve, (struct pool *, pool))
{
    eddy_async_with (tasks, eddy_task_group()) {
        for (;;) {
            eddy_event_clear(&pool->work);
            free_lost(pool);
            start_cancels(pool);
            while (wants_line(pool) && begin_line(pool, tasks)) {
            }
            eddy_await(eddy_event_wait(&pool->work));
        }
    }
}

/* Unless a task still has a line of its own, whose release does it. */
static void destroy(struct pool *pool)
{
    if (pool->owned)
        return;
    while (pool->lines) {
        struct line *line = pool->lines;
        pool->lines = line->next;
        line_free(line);
    }
    free_lost(pool);
    address_drop(pool->address);
    free(pool);
}

static void lose_lines(struct pool *pool)
{
    for (struct line *line = pool->lines, *next; line; line = next) {
        next = line->next;
        line_lose(line, ECONNABORTED, "the client was closed");
    }
}

static void end_keeper(struct pool *pool)
{
    eddy_error err = {.code = ECONNABORTED, .message = "the client was closed"};
    pool->keeper = NULL;
    lose_lines(pool);
    calls_fail(&pool->waiting, ECONNABORTED, pool->address->label, err.message);
    while (pool->wishes)
        fail_wish(pool, &err);
    eddy_event_set(&pool->ended);
    if (pool->is_free)
        destroy(pool);
}

/* If one of its tasks fails in the pass in which the keeper is cancelled, serve fails with that task's error. */
eddy_async(void, keep, (struct pool *, pool))
{
    eddy_error err;
    pool->keeper = eddy_current_task();
    eddy_defer(end_keeper, pool);
    do {
        eddy_await_always(serve(pool), &err);
        pool->open -= pool->connecting; /* the tasks that connected have ended */
        pool->connecting = 0;
    } while (err.code != ECANCELED && !pool->closing);
}

/* ==== opening, closing ==== */

static struct pool *new_pool(struct address *address)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->handle.pool = pool;
    pool->address = address_use(address);
    pool->wishes_end = &pool->wishes;
    calls_init(&pool->waiting);
    return pool;
}

static void free_unless_opened(struct pool **pool)
{
    if (*pool)
        pool_free(*pool);
}

eddy_async_define(struct pool *, pool_open, (struct address *, address))
{
    eddy_error err;
    struct pool *pool = new_pool(address);
    if (!pool)
        eddy_raise(ENOMEM, "%s: there is no memory for a client", address->label);
    eddy_defer(free_unless_opened, &pool);
    struct key key = {.is_known = false};
    PGconn *pg = eddy_await(link_open(address, &key));
    pool->open++;
    add_line(pool, pg, key);
    if (!pool->lines)
        eddy_raise(ENOMEM, "%s: there is no memory for a connection", address->label);
    __auto_type keeper = eddy_spawn_eager(keep(pool));
    if (!pool->keeper) { /* it could not begin */
        eddy_await(keeper, &err);
        eddy_raise(ENOMEM, "%s: there is no memory for a task", address->label);
    }
    eddy_detach(keeper);
    struct pool *opened = pool;
    pool = NULL;
    return opened;
}

void pool_free(struct pool *pool)
{
    pool->closing = pool->is_free = true;
    if (pool->keeper) {
        (eddy_cancel)(pool->keeper, NULL);
    } else {
        lose_lines(pool);
        destroy(pool);
    }
}

eddy_async_define(void, pool_close, (struct pool *, pool))
{
    eddy_defer(free_unless_opened, &pool);
    pool->closing = true;
    if (pool->keeper) {
        (eddy_cancel)(pool->keeper, NULL);
        eddy_await(eddy_event_wait(&pool->ended));
    }
}
