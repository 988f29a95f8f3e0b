/* SPDX-License-Identifier: MIT */
/*
 * test_answers.c - what a caller makes of a server that denies what it has, as one of a cluster does that was cut off,
 * and of servers that have lost a job; and what a worker does for a consumer that stands still. In the simulation,
 * where half a minute is over at once.
 */
#include "nats/fake.h"

#include "function.h"
#include "functions.h"
#include "mend.h"

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

/* ==== a consumer that waits for what its stream has no more ==== */

/* A stream that has the messages 5, 7, 8 and 10, and its consumer, which was given those up to 8. */
struct consumer {
    struct fake fake;
    eddy_nats *n;
    int redelivered, waiting; /* messages; requests */
    bool delivers;            /* one more in each look */
    int deleted;              /* messages, as the server says */
    int looks;
    int acks[11];             /* by message */
};

async(void, answer_of_consumers, (struct consumer *, c))
{
    char text[300];
    eddy_nats_subscription *s = await(eddy_nats_subscribe(c->n, "$JS.API.CONSUMER.LIST.EDDY_JOBS"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        int delivered = 20 + (c->delivers ? c->looks : 0);
        c->looks++;
        snprintf(text, sizeof text,
                 "{\"total\":1,\"consumers\":[{\"stream_name\":\"EDDY_JOBS\",\"name\":\"c\",\"delivered\":{"
                 "\"consumer_seq\":%d,\"stream_seq\":8},\"ack_floor\":{\"consumer_seq\":1,\"stream_seq\":3},"
                 "\"num_redelivered\":%d,\"num_waiting\":%d}]}", delivered, c->redelivered, c->waiting);
        await(eddy_nats_respond(m, text));
    }
}

async(void, answer_of_stream, (struct consumer *, c))
{
    char text[120];
    eddy_nats_subscription *s = await(eddy_nats_subscribe(c->n, "$JS.API.STREAM.INFO.EDDY_JOBS"));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s)) {
        snprintf(text, sizeof text, "{\"state\":{\"first_seq\":5,%s\"num_deleted\":%d}}",
                 strstr(m->data.data, "deleted_details") ? "\"deleted\":[6,9]," : "", c->deleted);
        await(eddy_nats_respond(m, text));
    }
}

async(void, count_acks, (struct consumer *, c), (int, message))
{
    char subject[64];
    snprintf(subject, sizeof subject, "$JS.ACK.EDDY_JOBS.c.1.%d.1.0.0", message);
    eddy_nats_subscription *s = await(eddy_nats_subscribe(c->n, subject));
    defer(eddy_nats_unsubscribe, s);
    async_for (m, eddy_nats_messages(s))
        c->acks[message] += strcmp(m->data.data, "+ACK") == 0;
}

async(void, watch_consumer, (struct consumer *, c), (double, seconds))
{
    await(fake_start(&c->fake, 0));
    c->n = await(eddy_nats_open(c->fake.url));
    async_with (g, eddy_task_group()) {
        eddy_group_spawn(g, answer_of_consumers(c));
        eddy_group_spawn(g, answer_of_stream(c));
        for (int i = 3; i <= 10; i++)
            eddy_group_spawn(g, count_acks(c, i));
        eddy_group_spawn(g, consumers_mend(c->n));
        await(eddy_sleep(seconds));
        eddy_group_cancel(g);
    }
    await(eddy_nats_close(c->n));
    await(fake_stop(&c->fake));
}

static int all_acks(const struct consumer *c)
{
    int sum = 0;
    for (int i = 0; i <= 10; i++)
        sum += c->acks[i];
    return sum;
}

/* 4 and 6 are gone; 9 has not been delivered yet. */
static void a_consumer_that_stands_still_is_told_what_is_gone(void **state)
{
    struct consumer c = {.redelivered = 2, .waiting = 1, .deleted = 2};
    (void)state;
    RUN_CLEAN(watch_consumer(&c, 25));
    assert_int_equal(c.looks, 2);
    assert_true(c.acks[4] == 1 && c.acks[6] == 1);
    assert_int_equal(all_acks(&c), 2);
}

/* In its second and fourth look, and not each time. */
static void it_is_told_again_ever_less_often(void **state)
{
    struct consumer c = {.redelivered = 2, .waiting = 1, .deleted = 2};
    (void)state;
    RUN_CLEAN(watch_consumer(&c, 75));
    assert_int_equal(c.looks, 7);
    assert_int_equal(all_acks(&c), 4);
}

static void a_consumer_that_does_its_work_is_told_nothing(void **state)
{
    struct consumer consumers[] = {{.redelivered = 2, .waiting = 1, .deleted = 2, .delivers = true},
                                   {.redelivered = 0, .waiting = 1, .deleted = 2},
                                   {.redelivered = 2, .waiting = 0, .deleted = 2},
                                   {.redelivered = 2, .waiting = 1, .deleted = 1000000}};
    (void)state;
    for (size_t i = 0; i < sizeof consumers / sizeof consumers[0]; i++) {
        RUN_CLEAN(watch_consumer(&consumers[i], 45));
        assert_int_equal(consumers[i].looks, 4);
        assert_int_equal(all_acks(&consumers[i]), 0);
    }
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
        cmocka_unit_test(a_consumer_that_stands_still_is_told_what_is_gone),
        cmocka_unit_test(it_is_told_again_ever_less_often),
        cmocka_unit_test(a_consumer_that_does_its_work_is_told_nothing),
    };
    setenv("EDDY_DRIVER", "sim", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
