/* SPDX-License-Identifier: MIT */
/* test_options.c - what may be said about jobs, on workers: keys, delays, priorities, rates, how many may wait. */
#include "workers.h"

#include "options.h"

/* ==== keys ==== */

struct outcome {
    int code, number;
};

async(void, ask_exclusively, (int, n), (double, seconds), (struct outcome *, o))
{
    eddy_error err;
    o->number = await(eddy_remote(exclusive(n, seconds), "one at once"), &err);
    o->code = err.code;
}

/* The server forgets soon which jobs it has had: it must not matter. */
async(void, forget_ids_soon)
{
    eddy_nats_stream_options jobs = {.size = sizeof jobs, .name = JOBS, .subjects = {"eddy.jobs.>"},
                                     .retention = EDDY_NATS_WORK_QUEUE, .duplicate_window = 0.2};
    async_with (n, eddy_nats_open(getenv("NATS_URL")))
        await(eddy_nats_stream_create(n, &jobs));
}

async(void, keys_fail)
{
    struct outcome o[6];
    await(eddy_remote(nothing())); /* there are streams */
    await(forget_ids_soon());
    for (int i = 0; i < 2; i++)
        async_with (g, eddy_task_group())
            for (int j = 0; j < 3; j++)
                eddy_group_spawn(g, ask_exclusively(0, 0.3, &o[i * 3 + j]));
    for (int i = 0; i < 6; i++)
        CHECK(o[i].code == EDOM);
    async_with (g, eddy_task_group()) /* longer than the first look of a caller */
        for (int i = 0; i < 6; i++) {
            eddy_group_spawn(g, ask_exclusively(1, 2.8, &o[i]));
            await(eddy_sleep(i == 3 ? 2.3 : 0.1));
        }
    for (int i = 0; i < 6; i++)
        CHECK(o[i].code == 0 && o[i].number == o[0].number);
    await(ask_exclusively(0, 0, &o[1]));
    CHECK(o[1].number == o[0].number);
}

static void callers_of_one_key_share_what_comes_of_it(void **state)
{
    pid_t worker = start_worker(); /* the only one, which sees two jobs at once */
    (void)state;
    assert_int_equal(eddy_run(keys_fail()), 0);
    end_worker(worker, SIGTERM);
}

/* ==== delays ==== */

static char path[64]; /* of what `begins` leaves */

async(uint64_t, count_in, (const char *, stream))
{
    eddy_nats_stream_state state = {.messages = 0};
    async_with (n, eddy_nats_open(getenv("NATS_URL")))
        state = await(eddy_nats_stream_info(n, stream));
    return state.messages;
}

/* No try is lost, and a cancelled one never begins. */
async(void, wait_till_they_are_due)
{
    eddy_error err;
    double begun = eddy_time();
    await(eddy_remote(nothing(), .delay = 0.8));
    CHECK(eddy_time() - begun >= 0.8);
    CHECK(await(eddy_remote(fragile(7), .delay = 0.5)) == 7);
    __auto_type given_up = spawn(eddy_remote(begins(path, 0), .delay = 0.6));
    __auto_type last = spawn(eddy_remote(nothing(), .delay = 1.2));
    await(eddy_sleep(0.2));
    eddy_cancel(given_up);
    (void)await(given_up, &err);
    CHECK(err.code == ECANCELED);
    await(last);
    CHECK(access(path, F_OK) != 0 && await(count_in(LATER)) == 0 && await(count_in(JOBS)) == 0);
}

static void a_job_begins_after_its_delay(void **state)
{
    pid_t worker = start_worker();
    (void)state;
    int status = eddy_run(wait_till_they_are_due());
    unlink(path);
    assert_int_equal(status, 0);
    end_worker(worker, SIGTERM);
}

/* The worker that has looked at the delayed jobs is killed. One of a key waits as any other, and runs once. */
async(void, outlive_a_worker, (pid_t *, worker))
{
    double begun = eddy_time();
    __auto_type job = spawn(eddy_remote(sleeps(5, 0), .delay = 1.5));
    __auto_type a = spawn(eddy_remote(stamp(), "due", .delay = 1.5));
    __auto_type b = spawn(eddy_remote(stamp(), "due", .delay = 1.5));
    await(eddy_sleep(0.5));
    end_worker(*worker, SIGKILL);
    *worker = start_worker();
    CHECK(await(job) == 5 && eddy_time() - begun >= 1.5);
    double first = await(a);
    CHECK(await(b) == first && eddy_time() - begun >= 1.5);
}

static void a_delayed_job_outlives_a_worker(void **state)
{
    (void)state;
    run_beside_worker(outlive_a_worker(&worker));
}

/* ==== priorities, rates ==== */

static void urgent_jobs_begin_first(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_SLOTS", "1", 1);
    pid_t worker = start_worker();
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(eddy_run(keep_their_order(2)), 0);
    end_worker(worker, SIGTERM);
}

static void a_worker_keeps_the_rate_of_a_function(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_SLOTS", "1", 1);
    pid_t worker = start_worker();
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(eddy_run(keep_their_pace(2)), 0);
    end_worker(worker, SIGTERM);
}

/* They were queued by a program whose function had no limit. */
async(void, have_priorities_although_they_are_few)
{
    eddy_nats_free(await(remote_connect("test"))); /* there are streams */
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(queue_by_hand(n, "single", ".low.-", "eddy.results.few-low"));
        await(queue_by_hand(n, "single", ".high.-", "eddy.results.few-high"));
        await_for(wait_until_all_are_done(n), 40);
    }
}

static void a_new_limit_at_a_time_leaves_no_job(void **state)
{
    (void)state;
    run_beside_worker(have_priorities_although_they_are_few());
}

/* ==== back-pressure ==== */

async(void, are_too_many)
{
    eddy_error err;
    __auto_type a = spawn(eddy_remote(sleeps(1, 0)));
    __auto_type b = spawn(eddy_remote(sleeps(2, 0)));
    do
        await(eddy_sleep(0.05));
    while (await(count_in(JOBS)) < 2);
    (void)await(eddy_remote(sleeps(3, 0)), &err);
    CHECK(err.code == ENOSPC && strstr(err.message, "sleeps: the queue is full") &&
          strstr(err.message, "EDDY_JOBS_QUEUE"));
    pid_t worker = start_worker();
    CHECK(await(a) == 1 && await(b) == 2);
    while (await(count_in(JOBS)) > 0) /* their worker has yet to say that they are done */
        await(eddy_sleep(0.05));
    CHECK(await(eddy_remote(sleeps(3, 0))) == 3);
    end_worker(worker, SIGTERM);
}

async(void, have_room)
{
    eddy_nats_free(await(remote_connect("test"))); /* as EDDY_JOBS_QUEUE says now */
    CHECK(await(count_in(JOBS)) == 0);
}

static void a_full_queue_takes_no_job(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_QUEUE", "2", 1);
    int status = eddy_run(are_too_many());
    setenv("EDDY_JOBS_QUEUE", "100000", 1);
    assert_int_equal(eddy_run(have_room()), 0);
    unsetenv("EDDY_JOBS_QUEUE");
    assert_int_equal(status, 0);
}

/* What is full is not the queue. */
async(void, have_no_room)
{
    eddy_error err;
    eddy_nats_stream_options jobs = {.size = sizeof jobs, .name = JOBS, .subjects = {"eddy.jobs.>"}, .max_bytes = 10,
                                     .retention = EDDY_NATS_WORK_QUEUE, .duplicate_window = 3600, .discard_new = true};
    eddy_nats_free(await(remote_connect("test"))); /* there are streams */
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(eddy_nats_stream_create(n, &jobs));
        (void)await(eddy_remote(sleeps(1, 0)), &err);
        jobs.discard_new = false;
        jobs.max_bytes = 0;
        await(eddy_nats_stream_create(n, &jobs));
    }
    CHECK(err.code == ENOSPC && strstr(err.message, "sleeps: the server has no room") &&
          !strstr(err.message, "EDDY_JOBS_QUEUE"));
}

static void a_full_server_is_no_full_queue(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(have_no_room()), 0);
}

async(void, wait_until_there_are, (uint64_t, count), (const char *, stream))
{
    while (await(count_in(stream)) != count)
        await(eddy_sleep(0.05));
}

async(void, sleep_once, (int, n), (double, delay), (int *, done))
{
    *done += await(eddy_remote(sleeps(n, 0), .delay = delay)) == n;
}

/* A limit comes while more jobs than that wait. */
async(void, outlive_a_limit)
{
    int done = 0;
    pid_t worker = 0;
    eddy_nats_free(await(remote_connect("test"))); /* there are streams */
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < 6; i++)
            eddy_group_spawn(g, sleep_once(i, i < 3 ? 0 : 0.5, &done));
        await(wait_until_there_are(3, JOBS));
        await(wait_until_there_are(3, LATER));
        setenv("EDDY_JOBS_QUEUE", "1", 1);
        eddy_nats_free(await(remote_connect("test")));
        CHECK(await(count_in(JOBS)) == 3 && await(count_in(LATER)) == 3);
        worker = start_worker();
    }
    CHECK(done == 6);
    end_worker(worker, SIGTERM);
}

static void a_lower_limit_drops_no_job(void **state)
{
    (void)state;
    int status = eddy_run(outlive_a_limit());
    setenv("EDDY_JOBS_QUEUE", "100000", 1);
    assert_int_equal(eddy_run(have_room()), 0);
    unsetenv("EDDY_JOBS_QUEUE");
    assert_int_equal(status, 0);
}

/* The first stream that a program changes. */
async(void, changes_first, (eddy_nats *, n), (const char *, stream))
{
    eddy_nats_subscription *s = await(eddy_nats_subscribe(n, "$JS.EVENT.ADVISORY.STREAM.UPDATED.>"));
    defer(eddy_nats_unsubscribe, s);
    await(eddy_nats_flush(n));
    eddy_nats_free(await(remote_connect("test")));
    eddy_nats_message *m = await_for(eddy_nats_receive(s), 20);
    defer(eddy_nats_message_free, m);
    CHECK(strcmp(strrchr(m->subject, '.') + 1, stream) == 0);
}

/* A limit that is right already is not set again, and other streams keep what happens at theirs. */
async(void, leave_the_rest_alone)
{
    eddy_nats_stream_options results = {.size = sizeof results, .name = RESULTS, .subjects = {"eddy.results.>"},
                                        .max_age = 600, .max_messages = 100000};
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        eddy_nats_free(await(remote_connect("test")));
        setenv("EDDY_JOBS_RESULTS", "700", 1);
        await(changes_first(n, RESULTS));
        await(eddy_nats_stream_create(n, &results));
        await(changes_first(n, RESULTS));
        eddy_nats_message *info = await(eddy_nats_api(n, "STREAM.INFO." RESULTS, ""));
        defer(eddy_nats_message_free, info);
        CHECK(strstr(info->data.data, "\"discard\":\"old\"") && strstr(info->data.data, "\"max_msgs\":100000"));
        results.max_messages = 0;
        await(eddy_nats_stream_create(n, &results));
    }
}

static void a_limit_that_is_right_is_not_set_again(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_QUEUE", "100000", 1);
    int status = eddy_run(leave_the_rest_alone());
    unsetenv("EDDY_JOBS_QUEUE");
    unsetenv("EDDY_JOBS_RESULTS");
    assert_int_equal(status, 0);
}

/* ==== eddy jobs top ==== */

async(void, ask_again_and_again)
{
    for (;;)
        await(eddy_remote(nothing()));
}

async(void, ask_narrow, (double, delay))
{
    (void)await(eddy_remote(narrow(100), .delay = delay));
}

blocking(bool, top_sees_all, (int, round))
{
    struct top_row slow = top_row_of("narrow"), fast = top_row_of("nothing");
    (void)round;
    return slow.queued == 1 && slow.running == 2 && slow.delayed == 1 && slow.dead == 0 && fast.rate > 1;
}

blocking(bool, top_sees_worker, (pid_t, worker))
{
    char text[4096], line[64];
    int running = 0, slots = 0;
    snprintf(line, sizeof line, ":%d ", (int)worker);
    const char *at = command("top", text) == 0 ? strstr(text, line) : NULL;
    return at && sscanf(at + strlen(line), "%d %d", &running, &slots) == 2 && running >= 2 && slots == 64;
}

/* Two run, a third waits since its function has no more at once, one is delayed; another function is called all the
 * time. */
async(void, is_watched, (pid_t, worker))
{
    bool is_seen = false;
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < 4; i++)
            eddy_group_spawn(g, ask_narrow(i == 3 ? 100 : 0));
        eddy_group_spawn(g, ask_again_and_again());
        for (int i = 0; i < 20 && !is_seen; i++)
            is_seen = await(top_sees_all(i)) && await(top_sees_worker(worker));
        eddy_group_cancel(g);
    }
    CHECK(is_seen);
}

static void top_shows_functions_and_workers(void **state)
{
    char text[4096];
    (void)state;
    pid_t worker = start_worker();
    assert_int_equal(eddy_run(is_watched(worker)), 0);
    end_worker(worker, SIGTERM);
    assert_int_equal(command("top", text), 0);
    assert_non_null(strstr(text, "no worker answers"));
}

/* ==== eddy jobs retry ==== */

/* The subject of its job has no priority and no key. */
async(void, bury_as_before, (eddy_nats *, n), (const char *, id), (const char *, result))
{
    char subject[100];
    snprintf(subject, sizeof subject, "eddy.jobs.nothing.%s", function_signature(function_of(&nothing__type)));
    eddy_nats_header headers[] = {{"Eddy-Subject", subject}, {"Eddy-Id", id}, {"Eddy-Result", result}};
    eddy_nats_outgoing m = {.subject = "eddy.dead.nothing", .headers = headers, .header_count = 3};
    (void)await(eddy_nats_store(n, &m));
}

async(bool, is_queued, (eddy_nats *, n), (const char *, end))
{
    char subject[100];
    snprintf(subject, sizeof subject, "eddy.jobs.nothing.%s.normal.%s", function_signature(function_of(&nothing__type)),
             end);
    eddy_nats_message *m = await(eddy_nats_stream_last(n, JOBS, subject));
    eddy_nats_message_free(m);
    return m != NULL;
}

async(void, retry_old_letters)
{
    char text[4096];
    eddy_nats_free(await(remote_connect("test"))); /* there are streams */
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(bury_as_before(n, "old-1", "eddy.results.old-1"));
        await(bury_as_before(n, "old-2", "eddy.kept.nothing.abc"));
        CHECK(command("retry all", text) == 0 && strcmp(text, "2 dead letters queued again\n") == 0);
        CHECK(await(is_queued(n, "-")) && await(is_queued(n, "abc")));
        await(eddy_nats_stream_purge(n, JOBS, NULL));
    }
}

static void a_dead_letter_of_the_first_form_is_queued_as_today(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(retry_old_letters()), 0);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (!begin_test(argc))
        return eddy_run(eddy_worker());
    snprintf(path, sizeof path, "/tmp/eddy-delayed-%d", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_job_begins_after_its_delay, kill_workers),
        cmocka_unit_test_teardown(a_delayed_job_outlives_a_worker, kill_workers),
        cmocka_unit_test_teardown(urgent_jobs_begin_first, kill_workers),
        cmocka_unit_test_teardown(a_worker_keeps_the_rate_of_a_function, kill_workers),
        cmocka_unit_test_teardown(a_new_limit_at_a_time_leaves_no_job, kill_workers),
        cmocka_unit_test_teardown(a_full_queue_takes_no_job, kill_workers),
        cmocka_unit_test_teardown(a_full_server_is_no_full_queue, kill_workers),
        cmocka_unit_test_teardown(a_dead_letter_of_the_first_form_is_queued_as_today, kill_workers),
        cmocka_unit_test_teardown(a_lower_limit_drops_no_job, kill_workers),
        cmocka_unit_test_teardown(a_limit_that_is_right_is_not_set_again, kill_workers),
        cmocka_unit_test_teardown(top_shows_functions_and_workers, kill_workers),
        cmocka_unit_test_teardown(callers_of_one_key_share_what_comes_of_it, kill_workers),
    };
    cmocka_set_test_filter(getenv("EDDY_JOBS_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
