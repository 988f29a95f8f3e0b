/* SPDX-License-Identifier: MIT */
/* process_run.c - a process from start to end: communicate, eddy_run_command, eddy_process_scope. */
#define EDDY_LIBRARY
#include <errno.h>
#include <signal.h>

#include "core/impl.h"
#include "io/process.h"
#include "eddy/keywords.h"

/* ==== communicate ==== */

/* A process that does not read its input does not need it. */
eddy_async(void, feed, (eddy_stream *, s), (eddy_slice, input))
{
    eddy_error err;
    if (input.size) {
        await(eddy_stream_write(s, input.data, input.size), &err);
        if (err.code && err.code != EPIPE && err.code != ECONNRESET)
            eddy_reraise(&err);
    }
    eddy_await(eddy_stream_write_eof(s));
}

eddy_async(void, gather, (eddy_stream *, s), (eddy_buffer *, buffer), (size_t, limit), (const char *, name))
{
    eddy_slice bytes;
    size_t before = buffer ? buffer->size : 0;
    while (eddy_await(eddy_stream_read_some(s, &bytes))) {
        if (!buffer)
            continue;
        size_t room = limit ? limit - (buffer->size - before) : bytes.size;
        if (!eddy_buffer_append(buffer, bytes.data, bytes.size < room ? bytes.size : room))
            eddy_raise(ENOMEM, "the output of \"%s\"", name);
        if (bytes.size > room)
            eddy_raise(EDDY_LIMIT_OVERRUN, "\"%s\" has written more than %zu bytes", name, limit);
    }
}

eddy_async_define(eddy_exit_status, eddy_process_communicate, (eddy_process *, process), (eddy_slice, input),
                  (eddy_buffer *, out), (eddy_buffer *, err), (size_t, limit))
{
    eddy_async_with (group, eddy_task_group()) {
        if (process->in)
            eddy_group_spawn(group, feed(process->in, input));
        if (process->out)
            eddy_group_spawn(group, gather(process->out, out, limit, process->name));
        if (process->err)
            eddy_group_spawn(group, gather(process->err, err, limit, process->name));
    }
    return eddy_await(eddy_process_wait(process));
}

/* ==== a command ==== */

eddy_async_define(eddy_exit_status, eddy_run_command, (const char *const *, arguments), (eddy_buffer *, out),
                  (size_t, limit))
{
    eddy_process_options options = {
        .size = sizeof options, .in = EDDY_NULL, .out = out ? EDDY_PIPE : 0, .new_group = true};
    eddy_process *process = eddy_await(eddy_process_start(arguments, &options));
    eddy_defer(eddy_process_abort, process);
    return eddy_await(eddy_process_communicate(process, (eddy_slice){0}, out, NULL, limit));
}

/* ==== a block ==== */

static struct eddy_process_scope *scope_of(struct eddy_manager *manager)
{
    return (struct eddy_process_scope *)(void *)manager;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_process_scope *scope = scope_of(manager);
    scope->value = eddy_await(eddy_process_start(scope->arguments, scope->options), err);
}

/* Seconds for a killed process to end. */
static const double last_seconds = 5;

eddy_async(void, end_process, (eddy_process *, process), (double, grace))
{
    eddy_error err;
    eddy_defer(eddy_process_abort, process);
    if (eddy_process_ended(process) || !current.task)
        return;
    struct release releasing = release_begin();
    eddy_defer(release_end, &releasing);
    eddy_process_terminate(process);
    task_let_interrupt(current.task, true); /* a request to cancel ends the grace */
    eddy_await_for(eddy_process_wait(process), grace, &err);
    task_let_interrupt(current.task, false);
    eddy_process_kill(process);
    if (!eddy_process_ended(process))
        eddy_await_for(eddy_process_wait(process), last_seconds, &err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_process_scope *scope = scope_of(manager);
    eddy_error own = {.message = ""};
    eddy_await(end_process(scope->value, scope->grace), &own);
    if (own.code && !err->code)
        *err = own;
}

#undef eddy_process_scope /* the macro that converts the words */
struct eddy_process_scope eddy_process_scope(const char *const *arguments, const eddy_process_options *options,
                                             double grace)
{
    return (struct eddy_process_scope){
        .manager = {.enter = enter, .exit = leave}, .arguments = arguments, .options = options, .grace = grace};
}
