/*
 * visits.c - many visitors at the same time, who share one connection to Redis.
 *
 *   REDIS_URL=redis://localhost eddy run examples/visits.c      (make run-redis starts a Redis for it)
 */
#include <eddy/keywords.h>
#include <eddy/redis.h>
#include <stdio.h>

enum { VISITORS = 100 };

// [visit]
/* The two commands are executed together, or not at all. */
async(void, visit, (eddy_redis *, r), (int, number))
{
    char name[16];
    eddy_redis_batch batch = {.count = 0};
    defer(eddy_redis_batch_free, &batch);
    snprintf(name, sizeof name, "page-%d", number % 3);
    eddy_redis_add(&batch, "INCR", "visits:all");
    eddy_redis_add(&batch, "ZINCRBY", "visits", 1, name);
    eddy_redis_reply_free(await(eddy_redis_transaction(r, &batch)));
    await(eddy_redis_execute(r, "PUBLISH", "visits", name));
}
// [visit]

// [listen]
async(void, listen_to, (eddy_redis_subscription *, s))
{
    int count = 0;
    async_for (message, eddy_redis_messages(s))
        if (++count == VISITORS)
            break;
    printf("%d messages\n", count);
}
// [listen]

// [show]
async(void, show, (eddy_redis *, r))
{
    eddy_redis_reply *all = await(eddy_redis_command(r, "GET", "visits:all"));
    printf("%lld visits\n", (long long)eddy_redis_integer(all));
    eddy_redis_reply_free(all);
    eddy_redis_reply *pages = await(eddy_redis_command(r, "ZREVRANGE", "visits", 0, -1, "WITHSCORES"));
    defer(eddy_redis_reply_free, pages);
    for (size_t i = 0; i < pages->count; i++) { /* RESP3 has pairs */
        const eddy_redis_reply *page = eddy_redis_item(pages, i);
        printf("%s %g\n", eddy_redis_text(eddy_redis_item(page, 0)), eddy_redis_real(eddy_redis_item(page, 1)));
    }
}
// [show]

// [main]
async(void, main_task, (const char *, url))
{
    async_with (r, eddy_redis_open(url)) {
        await(eddy_redis_execute(r, "DEL", "visits", "visits:all"));
        eddy_redis_subscription *s = await(eddy_redis_subscribe(r, "visits"));
        defer(eddy_redis_unsubscribe, s);
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, listen_to(s));
            for (int i = 0; i < VISITORS; i++)
                eddy_group_spawn(group, visit(r, i));
        }
        await(show(r));
    }
}
// [main]

int main(void)
{
    const char *url = getenv("REDIS_URL");
    return eddy_run(main_task(url ? url : "redis://localhost"));
}
