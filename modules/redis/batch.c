/* SPDX-License-Identifier: MIT */
/* batch.c - several commands in one piece, and transactions. Their bytes are made as they are added. */
#define EDDY_LIBRARY
#include <errno.h>

#include "command.h"
#include "line.h"

void eddy_redis_add_words(eddy_redis_batch *batch, struct eddy_redis_words words)
{
    const char *why;
    bool has_name = words.count && words.at[0].kind == ED_REDIS_BYTES && words.at[0].u.bytes.data;
    eddy_slice none = {NULL, 0}, second = none;
    if (words.count > 1 && words.at[1].kind == ED_REDIS_BYTES)
        second = words.at[1].u.bytes;
    int code = has_name && command_effect(words.at[0].u.bytes, second) == EFFECT_NONE
                   ? command_append(&batch->bytes, words.at, words.count, &why)
                   : EINVAL;
    if (code && !batch->error)
        batch->error = code;
    batch->count += !code;
}

void eddy_redis_batch_free(eddy_redis_batch *batch)
{
    eddy_buffer_free(&batch->bytes);
    *batch = (eddy_redis_batch){.count = 0};
}

/* NULL: it can be sent. */
static const char *fault_of(const eddy_redis_batch *batch)
{
    if (batch->error == ENOMEM)
        return "there was no memory for a command of the batch";
    if (batch->error)
        return "a command of the batch has a word that is NULL, or is about the whole connection (WATCH, SELECT)";
    return batch->count ? NULL : "the batch is empty";
}

eddy_async(eddy_redis_reply *, send_batch, (eddy_redis *, r), (const eddy_redis_batch *, batch),
           (enum call_form, form))
{
    const char *why = fault_of(batch);
    if (why)
        eddy_raise(batch->error ? batch->error : EINVAL, "%s: %s", r->address->label, why);
    size_t around = form == CALL_TRANSACTION ? 2 : 0;
    struct call call = {.form = form, .batch = batch, .count = batch->count + around};
    return eddy_await(line_call(r, call));
}

eddy_async_define(eddy_redis_reply *, eddy_redis_pipeline, (eddy_redis *, r), (const eddy_redis_batch *, batch))
{
    return eddy_await(send_batch(r, batch, CALL_PIPELINE));
}

eddy_async_free(eddy_redis_pipeline, eddy_redis_reply_free);

eddy_async_define(eddy_redis_reply *, eddy_redis_transaction, (eddy_redis *, r), (const eddy_redis_batch *, batch))
{
    r->is_held = false; /* EXEC ends WATCH */
    return eddy_await(send_batch(r, batch, CALL_TRANSACTION));
}

eddy_async_free(eddy_redis_transaction, eddy_redis_reply_free);
