/* SPDX-License-Identifier: MIT */
/* test_refused.c - the n-th allocation of a program with a client is refused, for each n: an error, or nothing. */
#include "fake.h"
#include "refused.h"

/* What a refused allocation may lead to; the server is in this program, and may have met it. */
static bool is_expected(int code)
{
    return code == 0 || code == ENOMEM || code == ECONNRESET || code == ECONNABORTED || code == EPIPE ||
           code == EDDY_INCOMPLETE_READ;
}

async(void, uses_all, (eddy_redis *, r))
{
    eddy_error err;
    eddy_redis_script script = {.source = "return 1"};
    eddy_redis_batch batch = {.count = 0};
    defer(eddy_redis_batch_free, &batch);
    eddy_redis_reply_free(await(eddy_redis_command(r, "RAW", "*2\r\n:1\r\n%1\r\n+a\r\n+b\r\n"), &err));
    CHECK(is_expected(err.code));
    eddy_redis_add(&batch, "INCR", "x");
    eddy_redis_add(&batch, "ECHO", 2.5);
    eddy_redis_reply_free(await(eddy_redis_pipeline(r, &batch), &err));
    CHECK(is_expected(err.code));
    eddy_redis_reply_free(await(eddy_redis_transaction(r, &batch), &err));
    CHECK(is_expected(err.code));
    eddy_redis_reply_free(await(eddy_redis_eval(r, &script, 0), &err));
    CHECK(is_expected(err.code));
    async_with (own, eddy_redis_acquire(r))
        await(eddy_redis_execute(own, "PING"));
}

async(void, listens, (eddy_redis *, r))
{
    eddy_redis_message message;
    eddy_redis_subscription *s = await(eddy_redis_subscribe(r, "news"));
    defer(eddy_redis_unsubscribe, s);
    await(eddy_redis_execute(r, "PUBLISH", "one"));
    await(eddy_redis_receive(s, &message));
}

async(void, begins, (struct fake *, fake))
{
    eddy_error err;
    fake->hello = resp3_hello;
    await(fake_start(fake));
    eddy_redis_options options = {.size = sizeof options, .user = "u"};
    eddy_redis *r = await(eddy_redis_open(fake->url, &options));
    defer(eddy_redis_free, r);
    await(uses_all(r), &err);
    CHECK(is_expected(err.code));
    await_for(listens(r), 1, &err);
    CHECK(is_expected(err.code) || err.code == ETIMEDOUT);
    refused_at = 0;
    do /* it goes on, if need be on another connection */
        await(eddy_redis_execute(r, "PING"), &err);
    while (err.code == ECONNRESET);
    CHECK(err.code == 0);
}

#include "refused_fake.h"
