/* SPDX-License-Identifier: MIT */
/* test_options.c - what may be said about jobs, on workers: keys. */
#include "workers.h"

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

int main(int argc, char **argv)
{
    (void)argv;
    if (!begin_test(argc))
        return eddy_run(eddy_worker());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(callers_of_one_key_share_what_comes_of_it, kill_workers),
    };
    cmocka_set_test_filter(getenv("EDDY_JOBS_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
