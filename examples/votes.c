/* SPDX-License-Identifier: MIT */
/*
 * votes.c - voters send votes to a stream of NATS, two clerks count them, and the totals are kept in a bucket.
 *
 *     make run-nats
 *
 * A vote that a clerk has taken and not acknowledged would go to another clerk; a vote with an id that was seen before
 * is dropped.
 */
#include <eddy/keywords.h>
#include <eddy/nats.h>
#include <stdio.h>
#include <stdlib.h>

enum { VOTERS = 30, CLERKS = 2 };

static int counted; /* by all clerks */

// [vote]
async(void, vote, (eddy_nats *, n), (int, number))
{
    char id[32];
    snprintf(id, sizeof id, "voter-%d", number);
    eddy_nats_outgoing message = {
        .subject = number % 3 ? "votes.yes" : "votes.no", .id = id, .data = {"", 0}};
    await(eddy_nats_store(n, &message));
    eddy_nats_stored again = await(eddy_nats_store(n, &message));
    if (!again.duplicate)
        printf("%s has voted twice\n", id);
}
// [vote]

// [clerk]
async(void, add_one, (eddy_nats_kv *, totals), (const char *, key))
{
    for (eddy_error err;;) {
        char text[16];
        eddy_nats_message *now = await(eddy_nats_kv_get(totals, key));
        uint64_t revision = now ? eddy_nats_kv_revision(now) : 0;
        snprintf(text, sizeof text, "%d", now ? atoi(now->data.data) + 1 : 1);
        eddy_nats_message_free(now);
        await(eddy_nats_kv_update(totals, key, text, revision), &err);
        if (!err.code)
            return;
        if (err.code != EEXIST) /* the other clerk was faster: once more */
            rethrow(&err);
    }
}

async(void, clerk, (eddy_nats_consumer *, votes), (eddy_nats_kv *, totals))
{
    async_for (m, eddy_nats_deliveries(votes)) {
        await(add_one(totals, m->subject + sizeof "votes." - 1));
        eddy_nats_ack(m);
        if (++counted == VOTERS)
            break;
    }
}
// [clerk]

// [show]
async(void, show, (eddy_nats_kv *, totals), (const char *, key))
{
    eddy_nats_message *m = await(eddy_nats_kv_get(totals, key));
    defer(eddy_nats_message_free, m);
    printf("%s: %s\n", key, m ? m->data.data : "0");
}
// [show]

// [main]
async(void, main_task)
{
    const char *url = getenv("NATS_URL") ? getenv("NATS_URL") : "nats://localhost";
    eddy_nats_stream_options votes = {
        .size = sizeof votes, .name = "VOTES", .subjects = {"votes.*"}, .retention = EDDY_NATS_WORK_QUEUE};
    eddy_nats_consumer_options clerks = {.size = sizeof clerks, .stream = "VOTES", .name = "clerks", .ack_wait = 5};
    async_with (n, eddy_nats_open(url)) {
        await(eddy_nats_stream_create(n, &votes));
        eddy_nats_kv *totals = await(eddy_nats_kv_open(n, "totals", NULL));
        defer(eddy_nats_kv_free, totals);
        eddy_nats_consumer *c = await(eddy_nats_consume(n, &clerks));
        defer(eddy_nats_consumer_free, c);
        struct clerk *counting[CLERKS];
        for (int i = 0; i < CLERKS; i++)
            counting[i] = spawn(clerk(c, totals));
        for (int i = 0; i < VOTERS; i++)
            await(vote(n, i));
        while (counted < VOTERS)
            await(eddy_sleep(0.01));
        for (int i = 0; i < CLERKS; i++) { /* one waits for votes that will not come */
            eddy_error err;
            eddy_cancel(counting[i]);
            await_always(counting[i], &err);
        }
        await(show(totals, "yes"));
        await(show(totals, "no"));
        await(eddy_nats_stream_delete(n, "KV_totals"));
        await(eddy_nats_stream_delete(n, "VOTES"));
    }
}
// [main]

int main(void)
{
    return eddy_run(main_task());
}
