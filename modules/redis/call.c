/* SPDX-License-Identifier: MIT */
/*
 * call.c - see call.h.
 *
 * Invariant: the task that waits for a call does not look at its connection afterwards, which may be gone by then: all
 * that it needs is in the call, or in its failure.
 */
#define EDDY_LIBRARY
#include "call.h"

#include <errno.h>
#include <stdlib.h>

#include "command.h"

static void drop(struct call *call)
{
    for (size_t i = 0; call->replies && i < call->got; i++)
        eddy_redis_reply_free(call->replies[i]);
    free(call->replies);
    eddy_redis_reply_free(call->reply);
    call->replies = NULL;
    call->reply = NULL;
}

void call_fail(struct call *call, int code, const char *label, const char *why)
{
    drop(call);
    eddy_complete_error(call, code, "%s: %s", label, why);
}

int call_encode(const struct call *call, eddy_buffer *buffer, const char **why)
{
    const eddy_redis_word multi = ed_redis_string("MULTI"), exec = ed_redis_string("EXEC");
    size_t before = buffer->size;
    if (call->words)
        return command_append(buffer, call->words, call->word_count, why);
    if (call->slices)
        return command_append_array(buffer, call->slices, call->word_count, why);
    int code = call->form == CALL_TRANSACTION ? command_append(buffer, &multi, 1, why) : 0;
    *why = "there is no memory for the commands";
    if (!code && !eddy_buffer_append(buffer, call->batch->bytes.data, call->batch->bytes.size))
        code = ENOMEM;
    if (!code && call->form == CALL_TRANSACTION)
        code = command_append(buffer, &exec, 1, why);
    if (code)
        buffer->size = before;
    return code;
}

/* ==== the end ==== */

static void fail_by_server(struct call *call, const eddy_redis_reply *error, const char *label)
{
    const char *text = eddy_redis_text(error);
    eddy_slice name = call->words ? call->words[0].u.bytes : call->slices ? call->slices[0] : (eddy_slice){"EXEC", 4};
    eddy_complete_error(call, command_error(text), "%s: %.*s: %s", label, name.size < 40 ? (int)name.size : 40,
                        name.data, text);
    drop(call);
}

static void finish_command(struct call *call, const char *label)
{
    if (call->reply->kind == EDDY_REDIS_ERROR)
        fail_by_server(call, call->reply, label);
    else
        eddy_complete(call);
}

static void finish_pipeline(struct call *call, const char *label)
{
    call->reply = reply_join(call->replies, call->count);
    if (!call->reply) {
        call_fail(call, ENOMEM, label, "there is no memory for the replies");
        return;
    }
    free(call->replies);
    call->replies = NULL;
    eddy_complete(call);
}

/* A command that is refused makes EXEC fail, whose words say less. */
static void finish_transaction(struct call *call, const char *label)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->replies[i]->kind == EDDY_REDIS_ERROR) {
            fail_by_server(call, call->replies[i], label);
            return;
        }
    eddy_redis_reply *result = call->replies[call->count - 1];
    call->got--;
    drop(call);
    call->reply = result;
    eddy_complete(call);
}

static void finish(struct call *call, const char *label)
{
    if (call->no_memory)
        call_fail(call, ENOMEM, label, "there is no memory for the reply");
    else if (call->form == CALL_COMMAND)
        finish_command(call, label);
    else if (call->form == CALL_PIPELINE)
        finish_pipeline(call, label);
    else
        finish_transaction(call, label);
}

bool call_reply(struct call *call, const struct view *view, const char *label)
{
    eddy_redis_reply *reply = call->no_memory ? NULL : reply_build(view);
    call->no_memory |= !reply;
    if (call->replies)
        call->replies[call->got] = reply;
    else
        call->reply = reply;
    call->got++;
    if (call->got < call->count)
        return false;
    finish(call, label);
    return true;
}
