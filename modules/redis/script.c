/* SPDX-License-Identifier: MIT */
/* script.c - Lua scripts, which the server knows by a digest after it has seen them once. */
#define EDDY_LIBRARY
#include <errno.h>
#include <string.h>

#include "line.h"

enum { HEAD = 3 }; /* EVALSHA DIGEST KEYS */

eddy_async(void, load, (eddy_redis *, r), (eddy_redis_script *, script))
{
    eddy_redis_reply *reply = eddy_await(eddy_redis_command(r, "SCRIPT", "LOAD", script->source));
    bool is_digest = reply->text.size < sizeof script->digest;
    if (is_digest)
        strcpy(script->digest, eddy_redis_text(reply));
    eddy_redis_reply_free(reply);
    if (!is_digest)
        eddy_raise(EBADMSG, "%s: SCRIPT LOAD has given no digest", r->address->label);
}

eddy_async_define(eddy_redis_reply *, eddy_redis_eval_words, (eddy_redis *, r), (eddy_redis_script *, script),
                  (size_t, keys), (struct eddy_redis_words, words))
{
    eddy_error err;
    struct eddy_redis_words all = {.count = words.count + HEAD};
    if (all.count > EDDY_REDIS_MOST_WORDS || keys > words.count)
        eddy_raise(EINVAL, "%s: a script gets at most %d keys and arguments, and no more keys than these",
                   r->address->label, EDDY_REDIS_MOST_WORDS - HEAD);
    if (!script->digest[0])
        eddy_await(load(r, script));
    memcpy(all.at + HEAD, words.at, words.count * sizeof words.at[0]);
    all.at[0] = ed_redis_string("EVALSHA");
    all.at[1] = ed_redis_string(script->digest);
    all.at[2] = ed_redis_unsigned(keys);
    eddy_redis_reply *reply = eddy_await(eddy_redis_command_words(r, all), &err);
    if (!err.code)
        return reply;
    if (err.code != ENOENT)
        eddy_reraise(&err);
    all.at[0] = ed_redis_string("EVAL"); /* the server has been started again, or has forgotten its scripts */
    all.at[1] = ed_redis_string(script->source);
    return eddy_await(eddy_redis_command_words(r, all));
}

eddy_async_free(eddy_redis_eval_words, eddy_redis_reply_free);
