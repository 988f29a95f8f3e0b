/* SPDX-License-Identifier: MIT */
/* redis.c - the calls of <eddy/redis.h> that open a client and send single commands. */
#define EDDY_LIBRARY
#include <errno.h>
#include <strings.h>

#include "command.h"
#include "line.h"

/* ==== opening ==== */

static void drop_address(struct address **address)
{
    address_drop(*address);
}

eddy_async(eddy_redis *, open_client, (const char *, url), (const eddy_redis_options *, options))
{
    int code;
    const char *why;
    struct address *address = address_new(url, options, &code, &why);
    if (!address) /* the URL may have a password in it */
        eddy_raise(code, "eddy_redis_open: %s", why);
    eddy_defer(drop_address, &address);
    return eddy_await(line_open(address, false));
}

eddy_async_free(open_client, eddy_redis_free);

static struct eddy_redis_open *open_of(struct eddy_manager *manager)
{
    return (struct eddy_redis_open *)(void *)((char *)manager - offsetof(struct eddy_redis_open, manager));
}

static void run_open(struct eddy_awaitable *a)
{
    struct eddy_redis_open *self = (struct eddy_redis_open *)(void *)a;
    struct open_client body = open_client(self->url, self->options);
    self->awaitable.awaitable.failure = eddy_run_here(&body.awaitable);
    self->result = body.result;
}

static void enter(struct eddy_manager *manager, eddy_error *err)
{
    struct eddy_redis_open *self = open_of(manager);
    self->value = eddy_await(open_client(self->url, self->options), err);
}

static void leave(struct eddy_manager *manager, eddy_error *err)
{
    eddy_error closing;
    (void)err;
    eddy_await(eddy_redis_close(open_of(manager)->value), &closing);
}

/* The body is that of open_client, so that its async_free counts here, too: the results lie at the same place. */
_Static_assert(offsetof(struct eddy_redis_open, result) == offsetof(struct open_client, result), "where results are");
static const struct eddy_awaitable_type open_type = {.name = "eddy_redis_open",
                                                     .run = run_open,
                                                     .undo = eddy_free_unclaimed,
                                                     .body = (void (*)(void))open_client__body,
                                                     .kind = EDDY_COROUTINE};

struct eddy_redis_open eddy_redis_open_with(const char *url, const eddy_redis_options *options)
{
    return (struct eddy_redis_open){
        EDDY_AWAITABLE_INIT(&open_type), .url = url, .options = options, .manager = {.enter = enter, .exit = leave}};
}

/* ==== commands ==== */

/* QUIT, HELLO and RESET among them are not about messages. */
static const char *reason_against_breaking(eddy_slice name)
{
    if (strncasecmp(name.data, "QUIT", name.size) == 0)
        return "would end the connection, which other tasks use: eddy_redis_close closes the client";
    if (strncasecmp(name.data, "HELLO", name.size) == 0 || strncasecmp(name.data, "RESET", name.size) == 0)
        return "would change how the connection is used: its login and its protocol come from the URL and the options";
    return "has other replies than commands: for messages there is eddy_redis_subscribe";
}

/* NULL: it may be sent. */
static const char *reason_against(eddy_redis *r, eddy_slice name, eddy_slice second)
{
    enum effect effect = command_effect(name, second);
    if (effect == EFFECT_BREAKS)
        return reason_against_breaking(name);
    if (effect != EFFECT_NONE && !r->is_own)
        return "is about the whole connection, which other tasks use: eddy_redis_acquire gives one of your own, and "
               "eddy_redis_transaction sends MULTI and EXEC";
    if (effect == EFFECT_HOLDS || effect == EFFECT_ENDS)
        r->is_held = effect == EFFECT_HOLDS;
    r->is_changed |= effect == EFFECT_CHANGES;
    return NULL;
}

static eddy_slice bytes_of(const struct eddy_redis_words *words, size_t i)
{
    bool has_bytes = i < words->count && words->at[i].kind == ED_REDIS_BYTES;
    return has_bytes ? words->at[i].u.bytes : (eddy_slice){NULL, 0};
}

eddy_async_define(eddy_redis_reply *, eddy_redis_command_words, (eddy_redis *, r), (struct eddy_redis_words, words))
{
    eddy_slice name = bytes_of(&words, 0);
    if (!name.data)
        eddy_raise(EINVAL, "%s: the first word of a command is its name, a text", r->address->label);
    const char *why = reason_against(r, name, bytes_of(&words, 1));
    if (why)
        eddy_raise(EINVAL, "%s: %.*s %s", r->address->label, (int)name.size, name.data, why);
    struct call call = {.words = words.at, .word_count = words.count, .count = 1};
    return eddy_await(line_call(r, call));
}

eddy_async_free(eddy_redis_command_words, eddy_redis_reply_free);

eddy_async_define(void, eddy_redis_execute_words, (eddy_redis *, r), (struct eddy_redis_words, words))
{
    eddy_redis_reply_free(eddy_await(eddy_redis_command_words(r, words)));
}

eddy_async_define(eddy_redis_reply *, eddy_redis_command_array, (eddy_redis *, r), (const eddy_slice *, words),
                  (size_t, count))
{
    eddy_slice none = {NULL, 0};
    if (!count)
        eddy_raise(EINVAL, "%s: the command has no words", r->address->label);
    const char *why = reason_against(r, words[0], count > 1 ? words[1] : none);
    if (why)
        eddy_raise(EINVAL, "%s: %.*s %s", r->address->label, (int)words[0].size, words[0].data, why);
    struct call call = {.slices = words, .word_count = count, .count = 1};
    return eddy_await(line_call(r, call));
}

eddy_async_free(eddy_redis_command_array, eddy_redis_reply_free);
