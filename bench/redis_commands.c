/* SPDX-License-Identifier: MIT */
/*
 * redis_commands.c - short commands of Redis: redis_commands eddy|async|pipeline|blocking SECONDS [TASKS]
 *
 * Prints the number of commands, the seconds that they took, and this process's CPU time in seconds. REDIS_URL names
 * the server, unix://PATH. eddy: tasks on one connection of eddy-redis. The others are hiredis: async, as many commands
 * in flight on its asynchronous connection, on libev's loop; pipeline, as many written at once, then their replies;
 * blocking, one after another. Run by bench/redis_commands.py.
 */
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* Debian's adapter has parameters that it does not use. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <hiredis/adapters/libev.h>
#pragma GCC diagnostic warning "-Wunused-parameter"

#include <eddy/redis.h>
#include <eddy/keywords.h>

#include "client.h"

/* ==== eddy-redis ==== */

async(void, ask, (eddy_redis *, r), (double, until))
{
    while (now() < until) {
        eddy_redis_reply *reply = await(eddy_redis_command(r, "INCR", "n"));
        if (eddy_redis_integer(reply) <= 0)
            throw(EBADMSG, "a wrong answer");
        eddy_redis_reply_free(reply);
        requests++;
    }
}

async(void, ask_all, (eddy_redis *, r), (int, tasks), (double, until))
{
    async_with (group, eddy_task_group())
        for (int i = 0; i < tasks; i++)
            eddy_group_spawn(group, ask(r, until));
}

async(void, run, (double, seconds), (int, tasks))
{
    async_with (r, eddy_redis_open(getenv("REDIS_URL"))) {
        await(ask_all(r, tasks, now() + warm_up_seconds));
        requests = 0;
        double began = now(), cpu_before = cpu();
        await(ask_all(r, tasks, began + seconds));
        report(began, cpu_before);
    }
}

/* ==== hiredis ==== */

static const char *path(void)
{
    const char *url = getenv("REDIS_URL");
    return url && strncmp(url, "unix://", 7) == 0 ? url + 7 : "";
}

static void check(const redisReply *reply)
{
    if (!reply || reply->type != REDIS_REPLY_INTEGER || reply->integer <= 0)
        abort();
    requests++;
}

static void exchange(void *c, int depth, double until)
{
    while (now() < until) {
        for (int i = 0; i < depth; i++)
            redisAppendCommand(c, "INCR %s", "n");
        for (int i = 0; i < depth; i++) {
            void *reply = NULL;
            redisGetReply(c, &reply);
            check(reply);
            freeReplyObject(reply);
        }
    }
}

static int run_hiredis(double seconds, int depth)
{
    redisContext *c = redisConnectUnix(path());
    if (!c || c->err)
        return 1;
    measure(exchange, c, depth, seconds);
    redisFree(c);
    return 0;
}

static double ends;
static int in_flight;

/* hiredis frees the reply. */
static void ask_again(redisAsyncContext *c, void *reply, void *argument)
{
    (void)argument;
    check(reply);
    if (now() < ends)
        redisAsyncCommand(c, ask_again, NULL, "INCR %s", "n");
    else if (--in_flight == 0)
        ev_break(EV_DEFAULT_ EVBREAK_ALL);
}

static void exchange_async(void *c, int depth, double until)
{
    ends = until;
    in_flight = depth;
    for (int i = 0; i < depth; i++)
        redisAsyncCommand(c, ask_again, NULL, "INCR %s", "n");
    ev_run(EV_DEFAULT_ 0);
}

static int run_async(double seconds, int depth)
{
    redisAsyncContext *c = redisAsyncConnectUnix(path());
    if (!c || c->err)
        return 1;
    redisLibevAttach(EV_DEFAULT_ c);
    measure(exchange_async, c, depth, seconds);
    redisAsyncFree(c);
    return 0;
}

int main(int argc, char **argv)
{
    const char *who = argc > 1 ? argv[1] : "eddy";
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    int tasks = argc > 3 ? atoi(argv[3]) : 64;
    if (strcmp(who, "async") == 0)
        return run_async(seconds, tasks);
    if (strcmp(who, "eddy") != 0)
        return run_hiredis(seconds, strcmp(who, "pipeline") == 0 ? tasks : 1);
    return eddy_run(run(seconds, tasks));
}
