/* SPDX-License-Identifier: MIT */
/* test_jobs.c - jobs in the process that asks for them. */
#include "unit/run_clean.h"

#include <malloc.h>

#include "../../src/cli/sha256.h"
#include "function.h"
#include "functions.h"
#include "options.h"
#include "places.h"

/* ==== values ==== */

async(void, values_travel)
{
    point m = await(eddy_remote(middle((point){0, 0}, (point){4, 2})));
    CHECK(m.x == 2 && m.y == 1);
    char name[] = "Paula";
    char *text = await(eddy_remote(greet(name, 3)));
    CHECK(strcmp(text, "Hello Paula, 3 times") == 0);
    free(text);
    text = await(eddy_remote(greet(NULL, 0)));
    CHECK(strcmp(text, "Hello nobody, 0 times") == 0);
    free(text);
    int64_t numbers[] = {1, -5, INT64_C(1) << 40, 0};
    CHECK(await(eddy_remote(total((array_of(int64_t)){numbers, 4}, (eddy_slice){"\1\0\xff", 3}, true))) ==
          -((1LL << 40) - 4 + 256));
    CHECK(await(eddy_remote(total((array_of(int64_t)){NULL, 0}, (eddy_slice){"", 0}, false))) == 0);
    CHECK(await(eddy_remote(limits(UINT64_MAX, INT64_MIN, 255, 1.5f))) == UINT64_MAX);
    await(eddy_remote(nothing()));
    point points[] = {{1, 2}, {3, 4}};
    route r = await(eddy_remote(extend((route){.name = "home", .points = {points, 2}, .count = 2}, (point){5, 6})));
    CHECK(strcmp(r.name, "home") == 0 && r.count == 3 && r.points.count == 3 && r.points.items[2].y == 6);
    free((char *)(uintptr_t)r.name); /* the caller's */
    free(r.points.items);
}

static void values_travel_with_their_types(void **state)
{
    (void)state;
    RUN_CLEAN(values_travel());
}

/* ==== failures ==== */

async(void, failures)
{
    eddy_error err;
    char text[1024];
    await(eddy_remote(fails(3)), &err);
    CHECK(err.code == EDOM && strcmp(err.message, "no good") == 0);
    eddy_error_format(&err, text, sizeof text);
    CHECK(strstr(text, "functions.h") && strstr(text, "fails_inside"));
    CHECK(await(eddy_remote(fails(0))) == 0);
    await_for(eddy_remote(sleeps(1, 100)), 0.05, &err);
    CHECK(err.code == ETIMEDOUT);
    await(eddy_remote(limited(100)), &err);
    CHECK(err.code == ETIMEDOUT);
    __auto_type t = spawn(eddy_remote(sleeps(2, 100)));
    await(eddy_sleep(0.01));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
}

static void failures_and_cancellations_come_back(void **state)
{
    (void)state;
    RUN_CLEAN(failures());
}

async(int, plain, (int, n))
{
    return n;
}

async(void, is_misused)
{
    eddy_error err;
    (void)await(eddy_remote(plain(1)), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "plain was not defined by remote_async"));
    await(eddy_worker(), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "EDDY_JOBS"));
}

static void misuse_is_told_by_name(void **state)
{
    (void)state;
    unsetenv("EDDY_JOBS");
    RUN_CLEAN(is_misused());
}

/* ==== keys ==== */

async(void, keys)
{
    eddy_error err;
    int before = runs;
    CHECK(await(eddy_remote(sleeps(1, 0), "order-17")) == 1);
    CHECK(await(eddy_remote(sleeps(2, 0), "order-17")) == 1);
    CHECK(await(eddy_remote(sleeps(3, 0), "order-18")) == 3 && runs == before + 2);
    __auto_type a = spawn(eddy_remote(sleeps(4, 1), "order-19"));
    __auto_type b = spawn(eddy_remote(sleeps(5, 1), "order-19")); /* waits for the first */
    CHECK(await(a) == await(b) && runs == before + 3);
    await(eddy_remote(fails(1), "order-20"), &err);
    CHECK(err.code == EDOM);
    CHECK(await(eddy_remote(fails(0), "order-20")) == 0 && runs == before + 5); /* a failure is not kept */
    __auto_type c = spawn(eddy_remote(sleeps(6, 100), "order-21"));
    await(eddy_sleep(0.01));
    __auto_type d = spawn(eddy_remote(sleeps(7, 0), "order-21"));
    eddy_cancel(c);
    await(c, &err);
    CHECK(err.code == ECANCELED && await(d) == 7); /* who waited runs it himself */
}

static void a_job_of_a_key_runs_once(void **state)
{
    (void)state;
    RUN_CLEAN(keys());
}

struct outcome {
    int code, number;
    char message[100];
};

async(void, ask_exclusively, (int, n), (struct outcome *, o))
{
    eddy_error err;
    o->number = await(eddy_remote(exclusive(n, 1), "one at once"), &err);
    o->code = err.code;
    snprintf(o->message, sizeof o->message, "%s", err.message);
}

/* Those who ask during a try get what comes of it; who asks after a failure begins the next one. */
async(void, keys_fail)
{
    int before = runs;
    struct outcome o[6];
    async_with (g, eddy_task_group())
        for (int i = 0; i < 3; i++)
            eddy_group_spawn(g, ask_exclusively(0, &o[i]));
    CHECK(runs == before + 1 && o[0].code == EDOM && o[1].code == EDOM && o[2].code == EDOM);
    CHECK(strcmp(o[1].message, o[0].message) == 0 && strstr(o[1].message, "not this time"));
    async_with (g, eddy_task_group())
        for (int i = 3; i < 6; i++) {
            eddy_group_spawn(g, ask_exclusively(1, &o[i]));
            await(eddy_sleep(0.1));
        }
    CHECK(runs == before + 2 && !o[3].code && !o[4].code && o[4].number == o[3].number && o[5].number == runs);
}

static void callers_of_one_key_share_what_comes_of_it(void **state)
{
    (void)state;
    RUN_CLEAN(keys_fail());
}

/* ==== many ==== */

async(void, one, (int, i))
{
    point m = await(eddy_remote(middle((point){i, 0}, (point){i, 2})));
    CHECK(m.x == i && m.y == 1);
    CHECK(await(eddy_remote(sleeps(i, 0.001 * (i % 7)))) == i);
}

async(void, many)
{
    async_with (g, eddy_task_group())
        for (int i = 0; i < 300; i++)
            eddy_group_spawn(g, one(i));
}

static void many_jobs_run_side_by_side(void **state)
{
    (void)state;
    RUN_CLEAN(many());
}

async(void, narrow_once, (int *, most))
{
    int seen = await(eddy_remote(narrow(0.1)));
    *most = seen > *most ? seen : *most;
}

async(void, many_narrow)
{
    eddy_error err;
    int most = 0;
    async_with (g, eddy_task_group())
        for (int i = 0; i < 7; i++)
            eddy_group_spawn(g, narrow_once(&most));
    CHECK(most == 2);
    await_for(narrow_once(&most), 0.01, &err); /* its place is free again */
    CHECK(err.code == ETIMEDOUT && await(eddy_remote(narrow(0))) == 2);
}

static void a_function_may_limit_its_jobs_at_a_time(void **state)
{
    (void)state;
    RUN_CLEAN(many_narrow());
}

/* ==== options ==== */

async(void, wait_till_they_are_due)
{
    eddy_error err;
    const char *none = NULL;
    double begun = eddy_time();
    CHECK(await(eddy_remote(stamp(), .delay = 0.2)) - begun > 0.1999);
    CHECK(await(eddy_remote(stamp(), none)) >= begun && await(eddy_remote(stamp(), NULL, .delay = 0)) >= begun);
    begun = eddy_time();
    double first = await(eddy_remote(stamp(), "due", .delay = 0.1));
    CHECK(first - begun > 0.0999 && await(eddy_remote(stamp(), .key = "due")) == first);
    await_for(eddy_remote(stamp(), .delay = 100), 0.05, &err);
    CHECK(err.code == ETIMEDOUT);
    CHECK(await(eddy_remote(sleeps(1, 0), "done")) == 1);
    CHECK(await_for(eddy_remote(sleeps(2, 0), "done", .delay = 1000), 30) == 1); /* its result is there */
}

static void a_job_begins_after_its_delay(void **state)
{
    (void)state;
    RUN_CLEAN(wait_till_they_are_due());
}

static void a_function_may_limit_how_many_begin_in_a_second(void **state)
{
    (void)state;
    RUN_CLEAN(keep_their_pace(0));
    setenv("EDDY_JOBS_SLOTS", "1", 1);
    int status = eddy_run(keep_their_pace(0.5));
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(status, 0);
}

static void urgent_jobs_begin_first(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_SLOTS", "1", 1);
    int status = eddy_run(keep_their_order(0.2));
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(status, 0);
}

/* A place that is handed to a waiter which is cancelled at that moment goes on to the next one. */
async(void, give_places_on)
{
    eddy_error err;
    struct places p = PLACES_INIT(1);
    await(places_enter(&p, 0));
    __auto_type a = spawn(places_enter(&p, 1));
    __auto_type b = spawn(places_enter(&p, 0));
    __auto_type c = spawn(places_enter(&p, 0));
    await(eddy_sleep(0));
    eddy_cancel(b); /* it only waits */
    await(b, &err);
    CHECK(err.code == ECANCELED && !p.free);
    places_leave(&p);
    eddy_cancel(a); /* it has a place, and has not gone on yet */
    await(a, &err);
    await(c);
    if (!err.code)
        CHECK(false);
    places_leave(&p);
    CHECK(p.free == 1 && !p.first);
}

static void a_place_outlives_the_one_that_is_cancelled(void **state)
{
    (void)state;
    RUN_CLEAN(give_places_on());
}

async(void, is_refused, (double, delay))
{
    eddy_error err;
    (void)await(eddy_remote(sleeps(4, 0), .delay = delay), &err);
    CHECK(err.code == ENOSPC && strstr(err.message, "sleeps: the queue is full") &&
          strstr(err.message, "EDDY_JOBS_QUEUE"));
}

/* Two run and two are delayed; those wait for room when they are due. */
async(void, are_too_many)
{
    __auto_type a = spawn(eddy_remote(sleeps(1, 0.3)));
    __auto_type b = spawn(eddy_remote(sleeps(2, 0.3)));
    __auto_type c = spawn(eddy_remote(sleeps(3, 0), .delay = 0.1));
    __auto_type d = spawn(eddy_remote(sleeps(4, 0), .delay = 0.1));
    await(eddy_sleep(0.01));
    await(is_refused(0));
    await(is_refused(0.1));
    CHECK(await(a) == 1 && await(b) == 2 && await(c) == 3 && await(d) == 4);
    CHECK(await(eddy_remote(sleeps(3, 0))) == 3);
}

static void a_full_queue_takes_no_job(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_QUEUE", "2", 1);
    int status = eddy_run(are_too_many());
    unsetenv("EDDY_JOBS_QUEUE");
    assert_int_equal(status, 0);
}

/* There is one slot at least. */
async(void, run_in_half_a_slot)
{
    CHECK(await_for(eddy_remote(sleeps(1, 0)), 30) == 1);
}

static void numbers_of_the_environment_have_bounds(void **state)
{
    (void)state;
    setenv("EDDY_JOBS_SLOTS", "0.5", 1);
    int few = eddy_run(run_in_half_a_slot());
    setenv("EDDY_JOBS_SLOTS", "1e300", 1);
    int many = eddy_run(run_in_half_a_slot());
    unsetenv("EDDY_JOBS_SLOTS");
    assert_int_equal(few, 0);
    assert_int_equal(many, 0);
}

async(void, have_wrong_options)
{
    eddy_error err;
    await(eddy_remote(nothing(), .delay = -1), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "nothing: delay"));
    await(eddy_remote(nothing(), .priority = 2), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "nothing: priority"));
    (void)await(eddy_remote(narrow(0), .priority = EDDY_JOB_HIGH), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "at_once"));
    await(eddy_remote(nothing(), "key", .priority = EDDY_JOB_LOW), &err);
    CHECK(err.code == EINVAL && strstr(err.message, "nothing: a job with a key has no priority"));
}

static void wrong_options_are_named(void **state)
{
    (void)state;
    RUN_CLEAN(have_wrong_options());
}

/* ==== luck ==== */

struct lucky {
    int results, given_up;
};

async(void, ask_luckily, (struct lucky *, l), (int, i))
{
    eddy_error err;
    int n = await(eddy_remote(sleeps(i, 0.05)), &err);
    CHECK(err.code == EOWNERDEAD || (err.code == 0 && n == i));
    *(err.code ? &l->given_up : &l->results) += 1;
}

async(void, ask_all_luckily, (struct lucky *, l))
{
    for (int i = 0; i < 300; i++)
        await(ask_luckily(l, i));
}

/* Returns how often jobs ran. */
static int run_luckily(const char *seed, const char *weather, struct lucky *l)
{
    eddy_error err;
    eddy_loop_options options = {.size = sizeof options, .driver = "sim"};
    *l = (struct lucky){.results = 0};
    runs = 0;
    setenv("EDDY_SEED", seed, 1);
    setenv("EDDY_SIM_WEATHER", weather, 1);
    eddy_run_with(&options, ask_all_luckily(l), &err);
    assert_int_equal(err.code, 0);
    unsetenv("EDDY_SEED");
    unsetenv("EDDY_SIM_WEATHER");
    return runs;
}

/* With a seed; which repeats it. */
static void simulated_workers_die(void **state)
{
    struct lucky l;
    (void)state;
    assert_int_equal(run_luckily("7", "fine", &l), 300);
    int count = run_luckily("7", "", &l);
    assert_true(count > 310 && l.results == 300);
    assert_int_equal(run_luckily("7", "", &l), count);
    assert_int_equal(run_luckily("0x7", "", &l), count); /* as the simulation reads it */
    assert_int_not_equal(run_luckily("8", "", &l), count);
    run_luckily("7", "storm", &l);
    assert_true(l.given_up > 0 && l.results > 200);
}

/* ==== bytes ==== */

/* Cut at each byte, and with each byte changed: refused, or another value; nothing is read outside. */
static void damaged_bytes_are_refused(void **state)
{
    point points[] = {{1, 2}, {3, 4}};
    route r = {.name = "home", .points = {points, 2}, .count = 2};
    struct eddy_wire w = {0};
    (void)state;
    ed_put_route(&w, &r);
    for (size_t size = 0; size <= w.size; size++)
        for (int change = 0; change < 256; change += 17) {
            unsigned char *copy = malloc(size + 1);
            memcpy(copy, w.data, size);
            if (size)
                copy[(size * 7 + (size_t)change) % size] ^= (unsigned char)change;
            struct eddy_wire_reader reader = {.data = copy, .size = size};
            route got = {0};
            ed_get_route(&reader, &got);
            if (change == 0)
                assert_int_equal(reader.failed, size < w.size);
            wire_forget(&reader, true);
            free(copy);
        }
    free(w.data);
}

/* What was read of it until then is freed. */
static void a_result_that_cannot_be_read_leaves_no_memory(void **state)
{
    point points[] = {{1, 2}, {3, 4}};
    route r = {.name = "home", .points = {points, 2}, .count = 2}, got;
    struct eddy_wire w = {0};
    (void)state;
    ed_put_route(&w, &r);
    struct eddy_remote_function *f = function_of(&extend__type);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(job_result(f, w.data, w.size - 1, &got), EBADMSG);
    assert_in_range(mallinfo2().uordblks, 0, before + 10000); /* what malloc keeps for the next one counts, too */
    free(w.data);
}

/* FIPS 180-4; in pieces, too. A list of texts is another one than the same letters cut otherwise. */
static void digests_are_those_of_the_standard(void **state)
{
    struct sha256 whole, pieces;
    char a[65], b[65], text[200];
    (void)state;
    memset(text, 'x', sizeof text);
    sha256_start(&whole);
    sha256_add(&whole, "abc", 3);
    sha256_finish(&whole, a);
    assert_string_equal(a, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_start(&whole);
    sha256_start(&pieces);
    sha256_add(&whole, text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++)
        sha256_add(&pieces, text + i, 1);
    sha256_finish(&whole, a);
    sha256_finish(&pieces, b);
    assert_string_equal(a, b);
    sha256_start(&whole);
    sha256_start(&pieces);
    sha256_add_string(&whole, "ab"), sha256_add_string(&whole, "c");
    sha256_add_string(&pieces, "a"), sha256_add_string(&pieces, "bc");
    sha256_finish(&whole, a);
    sha256_finish(&pieces, b);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_travel_with_their_types),
        cmocka_unit_test(failures_and_cancellations_come_back),
        cmocka_unit_test(misuse_is_told_by_name),
        cmocka_unit_test(a_job_of_a_key_runs_once),
        cmocka_unit_test(callers_of_one_key_share_what_comes_of_it),
        cmocka_unit_test(many_jobs_run_side_by_side),
        cmocka_unit_test(a_function_may_limit_its_jobs_at_a_time),
        cmocka_unit_test(a_job_begins_after_its_delay),
        cmocka_unit_test(a_function_may_limit_how_many_begin_in_a_second),
        cmocka_unit_test(urgent_jobs_begin_first),
        cmocka_unit_test(a_place_outlives_the_one_that_is_cancelled),
        cmocka_unit_test(a_full_queue_takes_no_job),
        cmocka_unit_test(numbers_of_the_environment_have_bounds),
        cmocka_unit_test(wrong_options_are_named),
        cmocka_unit_test(simulated_workers_die),
        cmocka_unit_test(damaged_bytes_are_refused),
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(a_result_that_cannot_be_read_leaves_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
