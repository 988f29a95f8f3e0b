/* SPDX-License-Identifier: MIT */
/*
 * test_workers.c - jobs on workers that end, are killed or stand still, by the NATS server that with_nats.py has
 * started, which is killed, too.
 */
#include "workers.h"

/* ==== calls ==== */

async(void, calls)
{
    eddy_error err;
    point m = await(eddy_remote(middle((point){0, 0}, (point){4, 2})));
    CHECK(m.x == 2 && m.y == 1 && runs == 0);
    char *text = await(eddy_remote(greet("Paula", 3)));
    CHECK(strcmp(text, "Hello Paula, 3 times") == 0);
    free(text);
    await(eddy_remote(fails(3)), &err);
    CHECK(err.code == EDOM && strstr(err.message, "fails_inside") && strstr(err.message, "on worker"));
    await(eddy_remote(limited(100)), &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(await(eddy_remote(sleeps(1, 0), "order-17")) == 1);
    CHECK(await(eddy_remote(sleeps(2, 0), "order-17")) == 1);
    await(eddy_remote(fails(1), "order-20"), &err);
    CHECK(err.code == EDOM);
    CHECK(await(eddy_remote(fails(0), "order-20")) == 0);
    await_for(eddy_remote(sleeps(1, 100)), 0.3, &err);
    CHECK(err.code == ETIMEDOUT);
    double begun = eddy_time();
    for (int i = 0; i < 200; i++)
        await(eddy_remote(nothing()));
    fprintf(stderr, "%.2f ms a call\n", (eddy_time() - begun) * 1000 / 200);
    size_t size = 2 << 20;
    char *large = calloc(1, size);
    defer(free, large);
    (void)await(eddy_remote(total((array_of(int64_t)){NULL, 0}, (eddy_slice){large, size}, false)), &err);
    CHECK(err.code == EMSGSIZE && strstr(err.message, "bytes"));
    eddy_slice small = await(eddy_remote(bulky(1000000)));
    CHECK(small.size == 1000000);
    free((char *)(uintptr_t)small.data);
    (void)await(eddy_remote(bulky((int)size)), &err);
    CHECK(err.code == EMSGSIZE && strstr(err.message, "its result has 20971") && strstr(err.message, "takes 1048576"));
    (void)await(eddy_remote(bulky((int)size), "too large"), &err);
    CHECK(err.code == EMSGSIZE && strstr(err.message, "return the name of a file"));
}

static void calls_are_answered_by_a_worker(void **state)
{
    pid_t worker = start_worker();
    (void)state;
    assert_int_equal(eddy_run(calls()), 0);
    end_worker(worker, SIGTERM); /* the job that was cancelled does not keep it */
}

/* The result of a key is kept for as long as its function says. */
async(void, is_kept)
{
    double first = await(eddy_remote(stamp(), "noon"));
    CHECK(await(eddy_remote(stamp(), "noon")) == first || eddy_time() - first >= 1);
    await(eddy_sleep(2.2));
    CHECK(await(eddy_remote(stamp(), "noon")) > first);
}

static void a_result_is_kept_as_long_as_its_function_says(void **state)
{
    (void)state;
    run_beside_worker(is_kept());
}

/* Of all workers together; the first one sees all, since it is the only one. */
async(void, narrow_remotely)
{
    CHECK(await(eddy_remote(narrow(0.1))) <= 2);
}

async(void, is_narrow)
{
    async_with (g, eddy_task_group())
        for (int i = 0; i < 8; i++)
            eddy_group_spawn(g, narrow_remotely());
    CHECK(await(eddy_remote(narrow(0))) == 2);
}

static void a_function_limits_its_jobs_on_workers(void **state)
{
    (void)state;
    run_beside_worker(is_narrow());
}

/* ==== jobs that wait on a worker ==== */

async(void, waits_its_turn, (pid_t, worker))
{
    __auto_type slow = spawn(eddy_remote(sleeps(1, 3.5)));
    await(eddy_sleep(0.7));
    __auto_type waits = spawn(eddy_remote(fragile(7)));
    if (worker) {
        await(eddy_sleep(0.5));
        kill(worker, SIGTERM);
    }
    CHECK(await(slow) == 1);
    if (worker) { /* it has given back the job that it had not begun */
        end_worker(worker, 0);
        worker = start_worker();
    }
    CHECK(await(waits) == 7);
    if (worker)
        end_worker(worker, SIGTERM);
}

static void a_job_that_waits_on_a_worker_loses_no_try(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_SLOTS", "1", 1);
    pid_t worker = start_worker();
    assert_int_equal(eddy_run(waits_its_turn(0)), 0);
    assert_int_equal(eddy_run(waits_its_turn(worker)), 0);
    unsetenv("EDDY_JOBS_SLOTS");
}

/* A worker that is cancelled gives its jobs to others. */
async(void, is_cancelled_elsewhere)
{
    pid_t worker = start_as("short");
    __auto_type job = spawn(eddy_remote(sleeps(5, 2)));
    await(eddy_sleep(0.5));
    CHECK(wait_for_worker(worker, 0) == 0);
    worker = start_worker();
    CHECK(await(job) == 5);
    end_worker(worker, SIGTERM);
}

async(void, work_shortly)
{
    eddy_error err;
    await_for(eddy_worker(), 1.5, &err);
    CHECK(err.code == ETIMEDOUT);
}

static void jobs_of_a_cancelled_worker_go_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(is_cancelled_elsewhere()), 0);
}

/* ==== kill -9 ==== */

async(void, sleep_remotely, (int, i), (int *, good))
{
    CHECK(await(eddy_remote(sleeps(i, 1))) == i);
    ++*good;
}

async(void, survives, (pid_t *, workers))
{
    int good = 0;
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < 100; i++)
            eddy_group_spawn(g, sleep_remotely(i, &good));
        await(eddy_sleep(0.7));
        end_worker(workers[0], SIGKILL);
        workers[0] = start_worker();
    }
    CHECK(good == 100);
}

static void a_killed_worker_loses_no_job(void **state)
{
    pid_t workers[] = {start_worker(), start_worker()};
    (void)state;
    assert_int_equal(eddy_run(survives(workers)), 0);
    end_worker(workers[0], SIGTERM);
    end_worker(workers[1], SIGTERM);
}

async(void, is_poisoned)
{
    eddy_error err;
    await(eddy_remote(poison()), &err);
    CHECK(err.code == EOWNERDEAD && strstr(err.message, "given up"));
}

static void a_job_that_kills_its_workers_is_given_up(void **state)
{
    pid_t pids[] = {start_worker(), start_worker(), start_worker()};
    int dead = 0;
    (void)state;
    assert_int_equal(eddy_run(is_poisoned()), 0);
    for (size_t i = 0; i < 3; i++) {
        int status = wait_for_worker(pids[i], SIGTERM);
        dead += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    }
    assert_int_equal(dead, 2);
}

/* The dead letter has more headers than the job: there is no room for its arguments. */
async(void, is_heavy, (pid_t, worker))
{
    eddy_error err;
    char text[4096], *bytes = calloc(1, 1 << 20);
    defer(free, bytes);
    pid_t other = start_worker();
    await_for(eddy_remote(heavy((eddy_slice){bytes, (1 << 20) - 260})), 40, &err);
    CHECK(err.code == EOWNERDEAD && strstr(err.message, "given up"));
    wait_for_worker(worker, SIGTERM);
    wait_for_worker(other, SIGTERM);
    command("list", text);
    const char *line = strstr(text, " heavy ");
    CHECK(line);
    while (line > text && line[-1] != '\n')
        line--;
    int number = atoi(line);
    snprintf(text, sizeof text, "retry %d", number);
    CHECK(command(text, text) == 1 && strstr(text, "arguments were too large"));
    snprintf(text, sizeof text, "delete %d", number);
    CHECK(command(text, text) == 0);
}

static void a_job_whose_dead_letter_does_not_fit_is_given_up(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(is_heavy(start_worker())), 0);
}

/* ==== jobs of strangers, and results that cannot be looked for ==== */

async(void, is_hostile)
{
    static const char *const results[] = {"eddy.results.a b", "$JS.API.STREAM.DELETE.EDDY_DEAD", "eddy.results.*",
                                          "eddy.kept.back.x.1", "eddy.results..", "eddy.results."};
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
            await(queue_by_hand(n, "nothing", ".normal.-", results[i]));
        await_for(eddy_remote(nothing()), 20);
        await(wait_until_all_are_done(n));
        (void)await(eddy_nats_stream_info(n, "EDDY_DEAD"));
    }
}

static void a_job_whose_result_would_go_elsewhere_is_thrown_away(void **state)
{
    setenv("EDDY_JOBS_SLOTS", "2", 1);
    pid_t worker = start_worker();
    (void)state;
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(eddy_run(is_hostile()), 0);
    end_worker(worker, SIGTERM);
}

static const eddy_nats_stream_options kept = {
    .size = sizeof kept, .name = "EDDY_KEPT", .subjects = {"eddy.kept.>"}, .max_age = 86400, .max_per_subject = 1};

/* Whether there is a result cannot be said at first; there is one. */
async(void, looks_again)
{
    static const char result[] = "eddy.kept.marks.x";
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(eddy_remote(nothing())); /* the worker has created its streams */
        await(eddy_nats_stream_delete(n, kept.name));
        await(queue_by_hand(n, "marks", ".normal.-", result));
        await(eddy_sleep(0.5));
        await(eddy_nats_stream_create(n, &kept));
        (void)await(eddy_nats_store(n, &(eddy_nats_outgoing){.subject = result}));
        await(wait_until_all_are_done(n));
    }
}

static void a_job_does_not_run_while_its_result_cannot_be_looked_for(void **state)
{
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "/tmp/eddy-marks-%d", (int)getpid());
    setenv("EDDY_JOBS_MARK", path, 1);
    pid_t worker = start_worker();
    int status = eddy_run(looks_again());
    bool has_run = unlink(path) == 0;
    assert_int_equal(status, 0);
    assert_false(has_run);
    end_worker(worker, SIGTERM);
}

/* ==== what the environment says about streams ==== */

async(uint64_t, age_of, (eddy_nats *, n), (const char *, request))
{
    uint64_t age = 0;
    eddy_nats_message *m = await(eddy_nats_api(n, request, ""));
    defer(eddy_nats_message_free, m);
    CHECK(eddy_nats_json_number(m->data.data, "config.max_age", &age));
    return age / 1000000000;
}

async(void, connects, (uint64_t, of_results), (uint64_t, of_kept))
{
    eddy_nats_free(await(remote_connect("test")));
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        CHECK(await(age_of(n, "STREAM.INFO.EDDY_RESULTS")) == of_results);
        CHECK(await(age_of(n, "STREAM.INFO.EDDY_KEPT")) == of_kept);
    }
}

async(void, changes_kept, (double, age))
{
    eddy_nats_stream_options options = kept;
    options.max_age = age;
    async_with (n, eddy_nats_open(getenv("NATS_URL")))
        await(eddy_nats_stream_create(n, &options));
}

static void the_environment_changes_what_it_names_and_no_more(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(changes_kept(90000)), 0);
    setenv("EDDY_JOBS_RESULTS", "700", 1);
    assert_int_equal(eddy_run(connects(700, 90000)), 0);
    unsetenv("EDDY_JOBS_RESULTS");
    setenv("EDDY_JOBS_REPLICAS", "1", 1);
    assert_int_equal(eddy_run(connects(700, 90000)), 0);
    setenv("EDDY_JOBS_RESULTS", "600", 1);
    assert_int_equal(eddy_run(connects(600, 90000)), 0);
    unsetenv("EDDY_JOBS_REPLICAS");
    unsetenv("EDDY_JOBS_RESULTS");
    assert_int_equal(eddy_run(changes_kept(86400)), 0);
}

/* ==== consumers that go away ==== */

/* Somebody deletes them: the worker creates them again. */
async(void, outlives_its_consumers)
{
    char name[200];
    await(eddy_remote(nothing()));
    snprintf(name, sizeof name, "nothing-%s-normal", function_signature(function_of(&nothing__type)));
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(eddy_nats_consumer_delete(n, "EDDY_JOBS", name));
        await(eddy_nats_consumer_delete(n, "EDDY_LATER", "later"));
    }
    await_for(eddy_remote(nothing()), 60);
    await_for(eddy_remote(nothing(), .delay = 0.1), 60);
}

static void a_worker_outlives_its_consumers(void **state)
{
    (void)state;
    run_beside_worker(outlives_its_consumers());
}

/* ==== servers that go away ==== */

/* The process number of the server. */
static pid_t server_pid(void)
{
    int pid = 0;
    FILE *file = fopen(getenv("NATS_PIDS"), "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return (pid_t)pid;
}

async(void, outlives_its_server)
{
    int good = 0;
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < 50; i++)
            eddy_group_spawn(g, sleep_remotely(i, &good));
        for (int i = 0; i < 2; i++) {
            await(eddy_sleep(0.4));
            kill(server_pid(), SIGKILL); /* with_nats.py starts it again */
        }
        for (int i = 50; i < 100; i++)
            eddy_group_spawn(g, sleep_remotely(i, &good));
    }
    CHECK(good == 100);
}

static void a_killed_server_loses_no_job(void **state)
{
    (void)state;
    run_beside_worker(outlives_its_server());
}

/* Its job has ended, but its result cannot be stored. */
async(void, ends_without_a_server, (pid_t, worker))
{
    pid_t server = server_pid();
    char path[64];
    snprintf(path, sizeof path, "/tmp/eddy-begins-%d", (int)getpid());
    __auto_type job = spawn(eddy_remote(begins(path, 0.5)));
    while (unlink(path) != 0)
        await(eddy_sleep(0.02));
    kill(server, SIGSTOP);
    int status = wait_for_worker(worker, SIGTERM);
    kill(server, SIGCONT);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    worker = start_worker();
    CHECK(await(job) == 3);
    unlink(path); /* it began again */
    CHECK(await(eddy_remote(sleeps(4, 0))) == 4);
    end_worker(worker, SIGTERM);
}

static void a_worker_that_ends_waits_for_no_server(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(ends_without_a_server(start_worker())), 0);
}

/* The answer of the server to the job is under way: it is taken back all the same. */
async(void, is_cancelled_before_the_answer)
{
    eddy_error err;
    pid_t worker = start_worker();
    char path[64];
    snprintf(path, sizeof path, "/tmp/eddy-cancelled-%d", (int)getpid());
    await(eddy_remote(nothing())); /* this program is connected */
    end_worker(worker, SIGTERM);
    for (int delay = 0; delay < 2; delay++) {
        pid_t server = server_pid();
        kill(server, SIGSTOP);
        __auto_type job = spawn(eddy_remote(begins(path, 0), .delay = delay));
        await(eddy_sleep(0.2));
        eddy_cancel(job);
        kill(server, SIGCONT);
        (void)await(job, &err);
        CHECK(err.code == ECANCELED);
    }
    worker = start_worker();
    await(eddy_remote(nothing(), .delay = 1.5));
    CHECK(unlink(path) != 0);
    end_worker(worker, SIGTERM);
}

static void a_job_is_taken_back_before_the_server_has_answered(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(is_cancelled_before_the_answer()), 0);
}

async(void, ask_much, (eddy_slice, bytes))
{
    (void)await(eddy_remote(total((array_of(int64_t)){NULL, 0}, bytes, false)));
}

/* Without a limit the withdrawal of the job would wait for room. */
async(void, cancel_in_a_jam, (eddy_task *, job), (eddy_slice, bytes))
{
    async_with (g, eddy_task_group()) {
        for (int i = 0; i < 40; i++) {
            eddy_group_spawn(g, ask_much(bytes));
            if (i % 20 == 19) /* the first ones are being sent, and the others wait */
                await(eddy_sleep(0.5));
        }
        (eddy_cancel)(job, NULL);
        while (!eddy_done(job))
            await(eddy_sleep(0.05));
        eddy_group_cancel(g);
    }
}

/* More is unsent than the client takes. */
async(void, is_cancelled_in_a_jam)
{
    eddy_error err;
    pid_t server = server_pid();
    size_t size = 1000000;
    char *bytes = calloc(1, size);
    defer(free, bytes);
    __auto_type job = spawn(eddy_remote(sleeps(1, 0)));
    await(eddy_sleep(0.5));
    kill(server, SIGSTOP);
    await_for(cancel_in_a_jam(eddy_task_of(job), (eddy_slice){bytes, size}), 30, &err);
    kill(server, SIGCONT);
    CHECK(err.code == 0);
    await(job, &err);
    CHECK(err.code == ECANCELED);
    async_with (n, eddy_nats_open(getenv("NATS_URL"))) {
        await(eddy_nats_flush(n));
        await(eddy_nats_stream_purge(n, "EDDY_JOBS", NULL));
    }
}

static void a_call_can_be_cancelled_while_too_much_is_unsent(void **state)
{
    (void)state;
    assert_int_equal(eddy_run(is_cancelled_in_a_jam()), 0);
}

/* A server that says nothing: all who wait for the connection fail with the first attempt. */
async(void, say_nothing_at_all, (eddy_stream *, s), (int *, count))
{
    eddy_slice bytes;
    ++*count;
    while (await(eddy_stream_read_some(s, &bytes)))
        continue;
}

async(void, fails_to_connect)
{
    eddy_error err;
    await(eddy_remote(nothing()), &err);
    CHECK(err.code == EHOSTUNREACH);
}

async(void, fail_together)
{
    int count = 0;
    char url[64];
    eddy_server *server = await(eddy_start_server(say_nothing_at_all, &count, "127.0.0.1", 0));
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", eddy_server_port(server));
    setenv("EDDY_JOBS", url, 1);
    async_with (g, eddy_task_group())
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(g, fails_to_connect());
    CHECK(count == 1);
    await(eddy_server_close(server, 0));
}

static void callers_that_wait_for_a_connection_fail_together(void **state)
{
    (void)state;
    int status = eddy_run(fail_together());
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    assert_int_equal(status, 0);
}

/* What lies between this program and the server, and can be cut. */
struct cable {
    eddy_server *server;
    int port, far_port;
};

async(void, carry, (eddy_stream *, from), (eddy_stream *, to))
{
    for (eddy_slice bytes; await(eddy_stream_read_some(from, &bytes));)
        await(eddy_stream_write(to, bytes.data, bytes.size));
    throw(EPIPE, "the other end has closed");
}

async(void, carry_both, (eddy_stream *, a), (eddy_stream *, b))
{
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, carry(a, b));
        eddy_group_spawn(g, carry(b, a));
    }
}

async(void, connect_through, (eddy_stream *, near), (struct cable *, cable))
{
    eddy_error err;
    eddy_stream *far = await(eddy_open_connection("127.0.0.1", cable->far_port));
    defer(eddy_stream_abort, far);
    await(carry_both(near, far), &err);
}

async(void, plug_in, (struct cable *, cable))
{
    cable->server = await(eddy_start_server(connect_through, cable, "127.0.0.1", cable->port));
    cable->port = eddy_server_port(cable->server);
}

/* As if it had been so long ago that they are not kept any more. */
async(void, forget_results)
{
    async_with (n, eddy_nats_open(getenv("NATS_URL")))
        await(eddy_nats_stream_purge(n, "EDDY_RESULTS", NULL));
}

async(void, is_cut_off, (struct cable *, cable))
{
    eddy_error err;
    char url[64];
    await(plug_in(cable));
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", cable->port);
    setenv("EDDY_JOBS", url, 1);
    CHECK(await(eddy_remote(sleeps(1, 0))) == 1);
    __auto_type job = spawn(eddy_remote(sleeps(2, 0.5)));
    await(eddy_sleep(0.3));
    await(eddy_server_close(cable->server, 0));
    await(eddy_sleep(1));
    await(forget_results());
    await(plug_in(cable));
    (void)await(job, &err);
    CHECK(err.code == ENODATA && strstr(err.message, "kept for 600 seconds"));
    setenv("EDDY_JOBS_RESULTS", "2", 1);
    __auto_type other = spawn(eddy_remote(sleeps(3, 2)));
    await(eddy_sleep(0.3));
    await(eddy_server_close(cable->server, 0));
    (void)await(other, &err);
    CHECK(err.code == EHOSTUNREACH && strstr(err.message, "for 2 seconds"));
}

/* The caller gets an error at the latest when a result would not be kept any more. */
static void a_caller_that_is_cut_off_does_not_wait_for_ever(void **state)
{
    struct cable cable = {.far_port = atoi(strrchr(getenv("NATS_URL"), ':') + 1)};
    pid_t worker = start_worker();
    (void)state;
    assert_int_equal(eddy_run(is_cut_off(&cable)), 0);
    setenv("EDDY_JOBS", getenv("NATS_URL"), 1);
    unsetenv("EDDY_JOBS_RESULTS");
    end_worker(worker, SIGTERM);
}

/* ==== a worker that stands still ==== */

async(void, is_stalled, (const char *, path))
{
    CHECK(await(eddy_remote(stalls(path))) == 2); /* the result of the first, which comes later, is refused */
}

static void a_worker_that_stands_still_loses_its_job(void **state)
{
    char path[64];
    pid_t workers[] = {start_worker(), start_worker()};
    (void)state;
    snprintf(path, sizeof path, "/tmp/eddy-stalls-%d", (int)getpid());
    assert_int_equal(eddy_run(is_stalled(path)), 0);
    unlink(path);
    end_worker(workers[0], SIGKILL);
    end_worker(workers[1], SIGKILL);
}

/* A job that takes longer than a lease runs once. */
async(void, is_long)
{
    CHECK(await(eddy_remote(sleeps(7, 8), "long")) == 7);
}

static void a_job_may_be_longer_than_a_lease(void **state)
{
    (void)state;
    run_beside_worker(is_long());
}

/* ==== eddy jobs ==== */

static bool top_says(const char *function, int queued, int running, int dead)
{
    struct top_row r = top_row_of(function);
    return r.queued == queued && r.running == running && r.dead == dead;
}

async(int, ask_moody, (const char *, path))
{
    eddy_error err;
    await(eddy_remote(moody(path), "mood"), &err);
    return err.code;
}

static void the_command_looks_after_dead_letters(void **state)
{
    char path[64], text[4096], words[64];
    (void)state;
    snprintf(path, sizeof path, "/tmp/eddy-moody-%d", (int)getpid());
    fclose(fopen(path, "w"));
    pid_t workers[] = {start_worker(), start_worker()};
    assert_int_equal(eddy_run(ask_moody(path)), EOWNERDEAD);
    assert_true(top_says("moody", 0, 0, 1) && top_says("poison", 0, 0, 1));
    assert_int_equal(command("list", text), 0);
    const char *line = strstr(text, " moody ");
    assert_non_null(line);
    assert_non_null(strstr(line, "1 worker was lost"));
    while (line > text && line[-1] != '\n')
        line--;
    snprintf(words, sizeof words, "retry %d", atoi(line));
    unlink(path);
    assert_int_equal(command(words, text), 0);
    assert_string_equal(text, "1 dead letter queued again\n");
    while (!top_says("moody", 0, 0, 0))
        usleep(50000);
    assert_int_equal(command(words, text), 1);
    assert_non_null(strstr(text, "there is no dead letter"));
    fclose(fopen(path, "w")); /* the result is kept: it does not run again */
    assert_int_equal(eddy_run(ask_moody(path)), 0);
    unlink(path);
    for (int i = 0; i < 2; i++)
        wait_for_worker(workers[i], SIGTERM);
    assert_int_equal(command("retry all", text), 0);
    assert_true(top_says("poison", 1, 0, 0)); /* no worker is left */
    assert_int_equal(command("delete all", text), 0);
    assert_string_equal(text, "0 dead letters deleted\n");
    assert_int_equal(command("list", text), 0);
    assert_string_equal(text, "there are no dead letters\n");
}

static void the_command_says_what_is_wrong(void **state)
{
    static const char *const wrong[] = {"", "walk", "retry", "delete", "list 1", "top all", "list --walk",
                                        "delete 1 2"};
    char text[4096];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(command(wrong[i], text), 2);
        assert_ptr_equal(strstr(text, "eddy jobs: "), text);
    }
    assert_int_equal(command("--server '' list", text), 2);
    assert_non_null(strstr(text, "set EDDY_JOBS"));
    assert_int_equal(command("delete x", text), 1);
    assert_int_equal(command("--server nats://127.0.0.1:1 list", text), 1);
    assert_non_null(strstr(text, "Connection refused"));
    assert_int_equal(command("--help", text), 0);
    assert_ptr_equal(strstr(text, "usage: eddy jobs"), text);
}

int main(int argc, char **argv)
{
    bool is_test = begin_test(argc);
    if (argc > 1 && strcmp(argv[1], "short") == 0)
        return eddy_run(work_shortly());
    if (!is_test)
        return eddy_run(eddy_worker());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(calls_are_answered_by_a_worker, kill_workers),
        cmocka_unit_test_teardown(a_result_is_kept_as_long_as_its_function_says, kill_workers),
        cmocka_unit_test_teardown(a_function_limits_its_jobs_on_workers, kill_workers),
        cmocka_unit_test_teardown(a_job_that_waits_on_a_worker_loses_no_try, kill_workers),
        cmocka_unit_test_teardown(jobs_of_a_cancelled_worker_go_elsewhere, kill_workers),
        cmocka_unit_test_teardown(a_killed_worker_loses_no_job, kill_workers),
        cmocka_unit_test_teardown(a_job_that_kills_its_workers_is_given_up, kill_workers),
        cmocka_unit_test_teardown(a_job_whose_dead_letter_does_not_fit_is_given_up, kill_workers),
        cmocka_unit_test_teardown(a_job_whose_result_would_go_elsewhere_is_thrown_away, kill_workers),
        cmocka_unit_test_teardown(a_job_does_not_run_while_its_result_cannot_be_looked_for, kill_workers),
        cmocka_unit_test_teardown(the_environment_changes_what_it_names_and_no_more, kill_workers),
        cmocka_unit_test_teardown(a_worker_that_stands_still_loses_its_job, kill_workers),
        cmocka_unit_test_teardown(a_job_may_be_longer_than_a_lease, kill_workers),
        cmocka_unit_test_teardown(a_worker_outlives_its_consumers, kill_workers),
        cmocka_unit_test_teardown(a_killed_server_loses_no_job, kill_workers),
        cmocka_unit_test_teardown(a_worker_that_ends_waits_for_no_server, kill_workers),
        cmocka_unit_test_teardown(a_job_is_taken_back_before_the_server_has_answered, kill_workers),
        cmocka_unit_test_teardown(a_call_can_be_cancelled_while_too_much_is_unsent, kill_workers),
        cmocka_unit_test_teardown(callers_that_wait_for_a_connection_fail_together, kill_workers),
        cmocka_unit_test_teardown(a_caller_that_is_cut_off_does_not_wait_for_ever, kill_workers),
        cmocka_unit_test_teardown(the_command_says_what_is_wrong, kill_workers),
        cmocka_unit_test_teardown(the_command_looks_after_dead_letters, kill_workers),
    };
    cmocka_set_test_filter(getenv("EDDY_JOBS_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
