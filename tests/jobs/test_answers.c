/* SPDX-License-Identifier: MIT */
/*
 * test_answers.c - what a caller makes of a server that denies what it has, as one of a cluster does that was cut off.
 * In the simulation, where half a minute is over at once.
 */
#include "nats/fake.h"

#include "function.h"
#include "functions.h"

/* A server, and a client that answers for its JetStream. */
struct answers {
    struct fake fake;
    eddy_nats *n;
    int copies;      /* servers that each stream is on */
    int denials;     /* looks in which there is no result; at no time is there a job */
    int looks;       /* for the result */
    double stored;   /* when the job came */
    int code;        /* of the call's failure */
    int result;      /* of the call */
    double ended;    /* when the call ended */
};

async(void, answer_of_streams, (struct answers *, a))
{
    char text[100];
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, "$JS.API.STREAM.INFO.*"));
    defer(eddy_nats_unsubscribe, s);
    snprintf(text, sizeof text, "{\"config\":{\"num_replicas\":%d},\"state\":{\"messages\":0}}", a->copies);
    async_for (m, eddy_nats_messages(s))
        await(eddy_nats_respond(m, text));
}

/* The result is 7, in CBOR and then in base64. */
async(void, answer_of_messages, (struct answers *, a))
{
    static const char none[] = "{\"error\":{\"code\":404,\"err_code\":10037,\"description\":\"no message found\"}}";
    static const char result[] = "{\"message\":{\"subject\":\"eddy.results.x\",\"seq\":1,\"data\":\"Bw==\"}}";
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, "$JS.API.STREAM.MSG.GET.*"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        a->looks += strstr(m->subject, "EDDY_RESULTS") != NULL;
        await(eddy_nats_respond(m, a->looks > a->denials ? result : none));
    }
}

async(void, store_jobs, (struct answers *, a))
{
    char subject[300];
    snprintf(subject, sizeof subject, "eddy.jobs.sleeps.%s.normal.*", function_signature(function_of(&sleeps__type)));
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, subject));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        a->stored = eddy_time();
        await(eddy_nats_respond(m, "{\"stream\":\"EDDY_JOBS\",\"seq\":1}"));
    }
}

async(void, ask, (struct answers *, a))
{
    eddy_error err;
    a->result = await(eddy_remote(sleeps(7, 0)), &err);
    a->code = err.code;
    a->ended = eddy_time();
}

async(void, call_with_answers, (struct answers *, a))
{
    await(fake_start(&a->fake, 0));
    a->n = await(eddy_nats_open(a->fake.url));
    setenv("EDDY_JOBS", a->fake.url, 1);
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, answer_of_streams(a));
        eddy_group_spawn(g, answer_of_messages(a));
        eddy_group_spawn(g, store_jobs(a));
        await(eddy_sleep(0.01));
        await(ask(a));
        eddy_group_cancel(g);
    }
    unsetenv("EDDY_JOBS");
    await(eddy_nats_close(a->n));
    await(fake_stop(&a->fake));
}

static void a_result_that_a_cluster_denies_is_looked_for_again(void **state)
{
    struct answers a = {.copies = 3, .denials = 3};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, 0);
    assert_int_equal(a.result, 7);
    assert_int_equal(a.looks, 4);
}

static void a_result_that_a_cluster_denies_for_long_is_gone(void **state)
{
    struct answers a = {.copies = 3, .denials = 1000};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, ENODATA);
    assert_true(a.ended - a.stored > 30 && a.ended - a.stored < 45);
}

/* It has all that it ever had. */
static void a_result_that_a_single_server_denies_is_gone(void **state)
{
    struct answers a = {.copies = 1, .denials = 1000};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, ENODATA);
    assert_int_equal(a.looks, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_that_a_cluster_denies_is_looked_for_again),
        cmocka_unit_test(a_result_that_a_cluster_denies_for_long_is_gone),
        cmocka_unit_test(a_result_that_a_single_server_denies_is_gone),
    };
    setenv("EDDY_DRIVER", "sim", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
