/* SPDX-License-Identifier: MIT */
/* test_nats_refused.c - the n-th allocation of a program with a client is refused, for each n: an error, or nothing. */
#include "fake.h"
#include "refused.h"

/* What a refused allocation may lead to; the server is in this program, and may have met it. */
static bool is_expected(int code)
{
    return code == 0 || code == ENOMEM || code == ECONNRESET || code == ECONNABORTED || code == EPIPE ||
           code == ECONNREFUSED || code == ETIMEDOUT || code == EDDY_INCOMPLETE_READ;
}

async(void, answers, (eddy_nats *, n))
{
    eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "ask", "queue"));
    defer(eddy_nats_unsubscribe, s);
    eddy_nats_message *m = await(eddy_nats_receive(s));
    defer(eddy_nats_message_free, m);
    await(eddy_nats_respond(m, "yes"));
    await(eddy_nats_flush(n));
}

async(void, uses_all, (eddy_nats *, n))
{
    eddy_error err;
    eddy_nats_header headers[] = {{"a", "b"}};
    eddy_nats_outgoing message = {.subject = "news", .data = {"three", 5}, .headers = headers, .header_count = 1};
    eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "news"));
    defer(eddy_nats_unsubscribe, s);
    await(eddy_nats_publish(n, "news", "one"), &err);
    CHECK(is_expected(err.code));
    await(eddy_nats_send(n, &message), &err);
    CHECK(is_expected(err.code));
    await(eddy_nats_flush(n), &err);
    CHECK(is_expected(err.code));
    __auto_type answering = spawn(answers(n));
    await(eddy_sleep(0.01));
    eddy_nats_message *m = await_for(eddy_nats_request(n, "ask", "?"), 1, &err);
    CHECK(is_expected(err.code) || err.code == EHOSTUNREACH);
    if (!err.code)
        eddy_nats_message_free(m);
    eddy_cancel(answering);
    await(answering, &err);
}

async(void, begins, (struct fake *, fake))
{
    eddy_error err;
    await(fake_start(fake, 0));
    eddy_nats_options options = {.size = sizeof options, .user = "u", .password = "p", .name = "test",
                                 .first_delay = 0.01};
    eddy_nats *n = await(eddy_nats_open(fake->url, &options));
    defer(eddy_nats_free, n);
    await_for(uses_all(n), 5, &err);
    CHECK(is_expected(err.code));
    refused_at = 0;
    do /* it goes on, if need be on another connection */
        await(eddy_nats_flush(n), &err);
    while (err.code == ECONNRESET || err.code == EACCES);
    CHECK(err.code == 0);
}

#include "refused_fake.h"
