/* SPDX-License-Identifier: MIT */
/*
 * test_answers.c - what a caller makes of a server that denies what it has, as one of a cluster does that was cut off,
 * and of servers that have lost a job. In the simulation, where half a minute is over at once.
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
    int losses;      /* jobs for which there is never a result; the next one has a result at once */
    bool has_other;  /* another job has the number of the one that was stored */
    int last;        /* number of the last job in the stream */
    const char *key;
    const char *age; /* seconds for which results are kept; NULL: as usual */
    double gives_up; /* seconds after which the call is cancelled; 0: it is not */
    int looks;       /* for the result */
    int stores;      /* of the job */
    int deletions;   /* of jobs */
    char ids[8][80]; /* of the messages with the job */
    char job[80];    /* its id in them */
    double stored;   /* when the job came for the first time */
    int code;        /* of the call's failure */
    int result;      /* of the call */
    double ended;    /* when the call ended */
};

async(void, answer_of_streams, (struct answers *, a))
{
    char text[120];
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, "$JS.API.STREAM.INFO.*"));
    defer(eddy_nats_unsubscribe, s);
    snprintf(text, sizeof text, "{\"config\":{\"num_replicas\":%d},\"state\":{\"messages\":0,\"last_seq\":%d}}",
             a->copies, a->last);
    async_for (m, eddy_nats_messages(s))
        await(eddy_nats_respond(m, text));
}

/* The result is 7, in CBOR and then in base64. The other job has the header "Eddy-Id: other". */
static const char *message_of(struct answers *a, const eddy_nats_message *request)
{
    static const char none[] = "{\"error\":{\"code\":404,\"err_code\":10037,\"description\":\"no message found\"}}";
    static const char result[] = "{\"message\":{\"subject\":\"eddy.results.x\",\"seq\":1,\"data\":\"Bw==\"}}";
    static const char other[] = "{\"message\":{\"subject\":\"eddy.jobs.x\",\"seq\":1,\"data\":\"Bw==\","
                                "\"hdrs\":\"TkFUUy8xLjANCkVkZHktSWQ6IG90aGVyDQoNCg==\"}}";
    if (strstr(request->subject, "EDDY_JOBS"))
        return a->has_other && !strstr(request->data.data, "last_by_subj") ? other : none;
    a->looks += a->stores > 0;
    return a->stores > a->losses && a->looks > a->denials ? result : none;
}

async(void, answer_of_messages, (struct answers *, a))
{
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, "$JS.API.STREAM.MSG.GET.*"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s))
        await(eddy_nats_respond(m, message_of(a, m)));
}

async(void, count_deletions, (struct answers *, a))
{
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, "$JS.API.STREAM.MSG.DELETE.*"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s))
        a->deletions += m->data.size > 0;
}

async(void, store_jobs, (struct answers *, a))
{
    char subject[300];
    snprintf(subject, sizeof subject, "eddy.jobs.sleeps.%s.normal.*", function_signature(function_of(&sleeps__type)));
    eddy_nats_subscription *s = await(eddy_nats_subscribe(a->n, subject));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        if (a->age)
            setenv("EDDY_JOBS_RESULTS", a->age, 1);
        a->stored = a->stores ? a->stored : eddy_time();
        CHECK(a->stores < 8);
        CHECK(!a->stores || strcmp(a->job, eddy_nats_header_of(m, "Eddy-Id")) == 0);
        snprintf(a->ids[a->stores++], sizeof a->ids[0], "%s", eddy_nats_header_of(m, "Nats-Msg-Id"));
        snprintf(a->job, sizeof a->job, "%s", eddy_nats_header_of(m, "Eddy-Id"));
        await(eddy_nats_respond(m, "{\"stream\":\"EDDY_JOBS\",\"seq\":1}"));
    }
}

async(void, ask, (struct answers *, a))
{
    eddy_error err;
    double seconds = a->gives_up > 0 ? a->gives_up : 1e6;
    a->result = await_for(eddy_remote(sleeps(7, 0), .key = a->key), seconds, &err);
    a->code = err.code;
    a->ended = eddy_time();
    await(eddy_sleep(0.1)); /* until what was published has come */
}

async(void, call_with_answers, (struct answers *, a))
{
    await(fake_start(&a->fake, 0));
    a->n = await(eddy_nats_open(a->fake.url));
    setenv("EDDY_JOBS", a->fake.url, 1);
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, answer_of_streams(a));
        eddy_group_spawn(g, answer_of_messages(a));
        eddy_group_spawn(g, count_deletions(a));
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

/* The servers may take a second message of the same id for a duplicate. */
static void a_job_that_a_cluster_has_lost_is_stored_again(void **state)
{
    struct answers a = {.copies = 3, .last = 1, .losses = 1};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, 0);
    assert_int_equal(a.result, 7);
    assert_int_equal(a.stores, 2);
    assert_string_equal(a.ids[0], a.job);
    assert_string_not_equal(a.ids[1], a.job);
    assert_true(a.ended - a.stored > 30 && a.ended - a.stored < 50);
}

static void the_job_of_a_key_is_stored_again_in_another_message(void **state)
{
    struct answers a = {.copies = 3, .last = 1, .losses = 1, .key = "order-17"};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, 0);
    assert_int_equal(a.stores, 2);
    assert_string_not_equal(a.ids[0], a.ids[1]);
}

static void a_job_is_not_stored_again_for_ever(void **state)
{
    const char *const keys[] = {NULL, "order-17"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct answers a = {.copies = 3, .last = 1, .losses = 1000, .key = keys[i]};
        RUN_CLEAN(call_with_answers(&a));
        assert_int_equal(a.code, ENODATA);
        assert_int_equal(a.stores, 4);
        assert_string_not_equal(a.ids[2], a.ids[3]);
    }
}

/* Its result may be so old that it is not kept any more. */
static void a_job_that_may_have_ended_long_ago_is_not_stored_again(void **state)
{
    struct answers a = {.copies = 3, .last = 1, .losses = 1000, .age = "20"};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    unsetenv("EDDY_JOBS_RESULTS");
    assert_int_equal(a.code, ENODATA);
    assert_int_equal(a.stores, 1);
}

/* It has all that it ever had. */
static void a_result_that_a_single_server_denies_is_gone(void **state)
{
    struct answers a = {.copies = 1, .last = 1, .denials = 1000};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, ENODATA);
    assert_int_equal(a.looks, 1);
    assert_int_equal(a.stores, 1);
}

/* Its files are older than the job, or are gone. */
static void a_job_that_a_single_server_has_lost_is_stored_again(void **state)
{
    struct answers empty = {.copies = 1, .last = 0, .losses = 1};
    struct answers reused = {.copies = 1, .last = 1, .losses = 1, .has_other = true};
    (void)state;
    RUN_CLEAN(call_with_answers(&empty));
    assert_int_equal(empty.code, 0);
    assert_int_equal(empty.stores, 2);
    RUN_CLEAN(call_with_answers(&reused));
    assert_int_equal(reused.code, 0);
    assert_int_equal(reused.stores, 2);
}

static void a_cancelled_call_deletes_no_job_of_others(void **state)
{
    struct answers a = {.copies = 3, .last = 1, .losses = 1000, .has_other = true, .gives_up = 1};
    (void)state;
    RUN_CLEAN(call_with_answers(&a));
    assert_int_equal(a.code, ETIMEDOUT);
    assert_int_equal(a.deletions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_that_a_cluster_denies_is_looked_for_again),
        cmocka_unit_test(a_job_that_a_cluster_has_lost_is_stored_again),
        cmocka_unit_test(the_job_of_a_key_is_stored_again_in_another_message),
        cmocka_unit_test(a_job_is_not_stored_again_for_ever),
        cmocka_unit_test(a_job_that_may_have_ended_long_ago_is_not_stored_again),
        cmocka_unit_test(a_result_that_a_single_server_denies_is_gone),
        cmocka_unit_test(a_job_that_a_single_server_has_lost_is_stored_again),
        cmocka_unit_test(a_cancelled_call_deletes_no_job_of_others),
    };
    setenv("EDDY_DRIVER", "sim", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
