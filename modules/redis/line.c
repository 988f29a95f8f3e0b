/* SPDX-License-Identifier: MIT */
/*
 * line.c - see line.h.
 *
 * One task, the keeper, connects, starts the writer and reads replies; when the connection is lost, it fails the calls
 * that were sent, and connects again as soon as a call wants it.
 *
 * Invariants: a call is in the list of those that wait, or has places in the queue, or has completed. The bytes of its
 * commands and its places in the queue are added at the same time. Nobody but the keeper opens and closes the link.
 */
#define EDDY_LIBRARY
#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_UNSENT = 1 << 20, MOST_DUE = 1 << 16 }; /* above these, calls wait */

/* ==== calls ==== */

static bool has_room(const eddy_redis *r)
{
    return r->unsent.size < MOST_UNSENT && queue_size(&r->due) < MOST_DUE;
}

/* The time for the next reply begins. */
static void watch_silence(eddy_redis *r)
{
    double seconds = r->address->limits.reply_seconds;
    if (seconds > 0)
        eddy_stream_set_deadline(r->link.stream, queue_size(&r->due) ? eddy_time() + seconds : __builtin_inf());
}

static void send_call(eddy_redis *r, struct call *call)
{
    const char *why = "there is no memory for a command";
    int code = queue_reserve(&r->due, call->count) ? call_encode(call, &r->unsent, &why) : ENOMEM;
    if (code) {
        call_fail(call, code, r->address->label, why);
        return;
    }
    bool was_silent = queue_size(&r->due) == 0;
    call->number = r->due.end;
    for (size_t i = 0; i < call->count; i++)
        queue_add(&r->due, call);
    if (was_silent)
        watch_silence(r);
    eddy_event_set(&r->more);
}

static void let_wait(eddy_redis *r, struct call *call)
{
    call->next = NULL;
    call->link = r->end;
    *r->end = call;
    r->end = &call->next;
    if (!r->connected)
        eddy_event_set(&r->wanted);
}

static void take_out(eddy_redis *r, struct call *call)
{
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    else
        r->end = call->link;
    call->link = NULL;
}

static void send_waiting(eddy_redis *r)
{
    for (struct call *call; (call = r->first) && has_room(r);) {
        take_out(r, call);
        send_call(r, call);
    }
}

static void start(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    eddy_redis *r = call->line;
    if (call->form != CALL_COMMAND)
        call->replies = calloc(call->count, sizeof *call->replies);
    if (call->form != CALL_COMMAND && !call->replies)
        call_fail(call, ENOMEM, r->address->label, "there is no memory for the replies");
    else if (r->is_lost)
        call_fail(call, ECONNRESET, r->address->label, "this connection was lost: leave the block, and begin again");
    else if (!r->keeper || r->closing)
        call_fail(call, ECONNABORTED, r->address->label, "the client is closed");
    else if (r->connected && !r->first && has_room(r))
        send_call(r, call);
    else
        let_wait(r, call);
}

/* The replies come all the same, and are dropped. */
static void cancel(struct eddy_awaitable *a)
{
    struct call *call = (struct call *)(void *)a;
    eddy_redis *r = call->line;
    if (call->link)
        take_out(r, call);
    else
        queue_forget(&r->due, call->number, call->count);
    call_fail(call, ECANCELED, r->address->label, "the command was given up");
}

static const struct eddy_awaitable_type call_type = {
    .name = "eddy_redis_command", .start = start, .cancel = cancel, .kind = EDDY_IO};

eddy_async_define(eddy_redis_reply *, line_call, (eddy_redis *, r), (struct call, call))
{
    call.awaitable.awaitable.type = &call_type;
    call.line = r;
    eddy_await(&call);
    return call.reply;
}

/* ==== the end of a connection ==== */

static void fail_waiting(eddy_redis *r, int code, const char *why)
{
    for (struct call *call; (call = r->first);) {
        take_out(r, call);
        call_fail(call, code, r->address->label, why);
    }
}

static void fail_due(eddy_redis *r, int code, const char *why)
{
    while (queue_size(&r->due)) {
        struct call *call = queue_take(&r->due);
        if (!call)
            continue;
        queue_forget(&r->due, call->number, call->count);
        call_fail(call, code, r->address->label, why);
    }
}

/* Whether the reader or the writer notices it first, the connection was lost. */
static int code_of(const eddy_error *err)
{
    return err->code == EPIPE ? ECONNRESET : err->code;
}

static void lose(eddy_redis *r, const eddy_error *err)
{
    static const char text[] = "the connection was lost before the reply, and the command may have been executed";
    char why[256];
    snprintf(why, sizeof why, "%s (%.150s)", text, link_words(err));
    r->connected = false;
    link_close(&r->link);
    r->unsent.size = r->sending.size = 0;
    r->not_before = eddy_time() + link_delay(r->address, r->failures);
    bool is_cancelled = err->code == ECANCELED;
    fail_due(r, is_cancelled ? ECONNABORTED : code_of(err), is_cancelled ? "the client was closed" : why);
    if (r->is_own && !is_cancelled) {
        r->is_lost = true;
        fail_waiting(r, code_of(err), why);
    }
}

static void destroy(eddy_redis *r)
{
    eddy_buffer_free(&r->unsent);
    eddy_buffer_free(&r->sending);
    queue_free(&r->due);
    reader_reset(&r->link.reader);
    address_drop(r->address);
    free(r);
}

/* ==== its tasks ==== */

eddy_async(void, write_all, (eddy_redis *, r))
{
    for (;;) {
        while (!r->unsent.size) {
            eddy_event_clear(&r->more);
            eddy_await(eddy_event_wait(&r->more));
        }
        eddy_buffer empty = r->sending;
        r->sending = r->unsent;
        r->unsent = empty;
        eddy_await(eddy_stream_write(r->link.stream, r->sending.data, r->sending.size));
        r->sending.size = 0;
        if (r->sending.capacity > 2 * MOST_UNSENT)
            eddy_buffer_free(&r->sending);
        send_waiting(r);
    }
}

/* Returns false: no command has asked for this reply. */
static bool deliver(eddy_redis *r, const struct view *view)
{
    if (*view->data == '>') /* a notice of RESP3 */
        return true;
    if (!queue_size(&r->due))
        return false;
    r->failures = 0;
    struct call *call = queue_take(&r->due);
    if (call)
        call_reply(call, view, r->address->label);
    return true;
}

eddy_async(void, read_all, (eddy_redis *, r))
{
    struct reader *reader = &r->link.reader;
    for (;;) {
        struct view view;
        enum reader_result result;
        eddy_slice bytes;
        while ((result = reader_next(reader, &view)) == READER_REPLY)
            if (!deliver(r, &view))
                eddy_raise(EBADMSG, "the server has sent what no command asked for: %.*s",
                           view.size < 60 ? (int)view.size - 2 : 60, view.data);
        if (result != READER_MORE)
            eddy_raise(link_error(result), "%s", reader->why);
        send_waiting(r);
        watch_silence(r);
        if (!reader_keep(reader))
            eddy_raise(ENOMEM, "there is no memory for a reply");
        if (eddy_await(eddy_stream_read_some(r->link.stream, &bytes)) == 0)
            eddy_raise(ECONNRESET, "the server closed the connection");
        if (!reader_give(reader, bytes))
            eddy_raise(ENOMEM, "there is no memory for a reply");
    }
}

/* Waits until a call wants a connection. If it cannot be made, the calls that wait fail. */
eddy_async(void, connect_again, (eddy_redis *, r))
{
    for (eddy_error err;;) {
        while (!r->first) {
            if (r->closing)
                eddy_raise(ECANCELED, "the client is closed");
            eddy_event_clear(&r->wanted);
            eddy_await(eddy_event_wait(&r->wanted));
        }
        if (r->not_before > eddy_time())
            eddy_await(eddy_sleep(r->not_before - eddy_time()));
        r->failures++;
        eddy_await(link_open(&r->link, r->address), &err);
        if (!err.code)
            return;
        r->not_before = eddy_time() + link_delay(r->address, r->failures);
        fail_waiting(r, err.code, link_words(&err));
    }
}

eddy_async(void, serve, (eddy_redis *, r))
{
    if (!r->link.stream)
        eddy_await(connect_again(r));
    r->connected = true;
    send_waiting(r);
    eddy_async_with (tasks, eddy_task_group()) {
        int code = eddy_group_spawn(tasks, write_all(r));
        if (code)
            eddy_raise(code, "there is no memory for a task");
        eddy_await(read_all(r));
    }
}

static void end_keeper(eddy_redis *r)
{
    r->keeper = NULL;
    link_close(&r->link);
    fail_waiting(r, ECONNABORTED, "the client was closed");
    eddy_event_set(&r->ended);
    if (r->is_free)
        destroy(r);
}

/* If the writer fails in the pass in which the keeper is cancelled, serve fails with the writer's error. */
eddy_async(void, keep, (eddy_redis *, r))
{
    eddy_error err;
    r->keeper = eddy_current_task();
    eddy_defer(end_keeper, r);
    do {
        eddy_await_always(serve(r), &err);
        lose(r, &err);
    } while (err.code != ECANCELED && !r->closing && !r->is_lost);
}

/* ==== opening, closing ==== */

static eddy_redis *new_line(struct address *address, bool own)
{
    eddy_redis *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->address = address_use(address);
    r->end = &r->first;
    r->is_own = own;
    r->room = (eddy_semaphore)EDDY_SEMAPHORE_INIT(address->limits.connections);
    return r;
}

static void free_unless_opened(eddy_redis **r)
{
    eddy_redis_free(*r);
}

eddy_async_define(eddy_redis *, line_open, (struct address *, address), (bool, own))
{
    eddy_error err;
    eddy_redis *r = new_line(address, own);
    if (!r)
        eddy_raise(ENOMEM, "%s: there is no memory for a connection", address->label);
    eddy_defer(free_unless_opened, &r);
    eddy_await(link_open(&r->link, address), &err);
    if (err.code)
        eddy_raise(err.code, "%s: %s", address->label, link_words(&err));
    __auto_type keeper = eddy_spawn_eager(keep(r));
    if (!r->keeper) { /* it could not begin */
        eddy_await(keeper, &err);
        eddy_raise(ENOMEM, "%s: there is no memory for a task", address->label);
    }
    eddy_detach(keeper);
    eddy_redis *opened = r;
    r = NULL;
    return opened;
}

void eddy_redis_free(eddy_redis *r)
{
    if (!r)
        return;
    for (eddy_redis *one; (one = r->idle);) {
        r->idle = one->next;
        eddy_redis_free(one);
    }
    r->closing = r->is_free = true;
    if (r->keeper) {
        (eddy_cancel)(r->keeper, NULL);
    } else {
        link_close(&r->link);
        destroy(r);
    }
}

eddy_async_define(void, eddy_redis_close, (eddy_redis *, r))
{
    eddy_defer(free_unless_opened, &r);
    r->closing = true;
    if (r->keeper) {
        (eddy_cancel)(r->keeper, NULL);
        eddy_await(eddy_event_wait(&r->ended));
    }
}
