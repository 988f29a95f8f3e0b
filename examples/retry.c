/* SPDX-License-Identifier: MIT */
/*
 * retry.c - a wrapper over any function that looks like fetch: try again, more slowly each time, but not for ever.
 *
 * `retry` does not know what it calls: it takes a value of type `fetcher`, which `fetcher_of` makes of every async
 * function with that result and these parameters. Cancellation goes through it: await(x, &err) catches the errors of
 * x, but never the cancellation of this task itself, so that a deadline around everything needs no code here.
 */
#include <eddy/keywords.h>
#include <errno.h>
#include <stdio.h>

async_type(long, fetcher, (const char *, url), (double, deadline));

struct patience {
    int tries;
    double pause;  /* seconds before the second try */
    double factor; /* factor by which each further pause is longer */
};

static double began;

static double since_start(void)
{
    return eddy_time() - began;
}

static bool is_worth_a_try(int code)
{
    return code == ECONNREFUSED || code == ETIMEDOUT || code == EAGAIN;
}

async(long, retry, (fetcher, fetch), (const char *, url), (struct patience, patience))
{
    double pause = patience.pause;
    for (int n = 1;; n++) {
        eddy_error err;
        long size = await(fetch(url, 10.0), &err);
        if (!err.code)
            return size;
        if (n == patience.tries || !is_worth_a_try(err.code))
            rethrow(&err);
        printf("%5.1f s  %s: try %d: %s, again in %g s\n", since_start(), url, n, eddy_error_text(err.code), pause);
        await(eddy_sleep(pause));
        pause *= patience.factor;
    }
}

/* ---- three functions that look like fetch ---- */

async(long, fetch_warming_up, (const char *, url), (double, deadline))
{
    static int calls;
    (void)deadline;
    await(eddy_sleep(0.5));
    if (++calls < 4)
        throw(ECONNREFUSED, "%s does not listen yet", url);
    return 4096;
}

async(long, fetch_slow, (const char *, url), (double, deadline))
{
    (void)url;
    await_for(eddy_sleep(3600), deadline);
    return 1;
}

async(long, fetch_missing, (const char *, url), (double, deadline))
{
    (void)deadline;
    throw(ENOENT, "%s is not there", url);
}

static void show(const char *url, long size, const eddy_error *err)
{
    if (err->code)
        printf("%5.1f s  %s: %s (%s)\n", since_start(), url, eddy_error_text(err->code), err->message);
    else
        printf("%5.1f s  %s: %ld bytes\n", since_start(), url, size);
}

async(void, main_task)
{
    const struct patience patient = {.tries = 5, .pause = 1, .factor = 2};
    const struct {
        const char *url;
        fetcher fetch;
    } table[] = {{"warm.example", fetcher_of(fetch_warming_up)},
                 {"slow.example", fetcher_of(fetch_slow)},
                 {"gone.example", fetcher_of(fetch_missing)}};
    began = eddy_time();
    for (int i = 0; i < 3; i++) {
        eddy_error err;
        long size = await_for(retry(table[i].fetch, table[i].url, patient), 30.0, &err);
        show(table[i].url, size, &err);
    }
}

int main(void)
{
    return eddy_run(main_task());
}
