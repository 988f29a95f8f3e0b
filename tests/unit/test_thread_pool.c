/* SPDX-License-Identifier: MIT */
/* test_thread_pool.c - rules of src/os/thread_pool.h. */
#define _GNU_SOURCE
#include "os/thread_pool.h"

#include "os/memory.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct job {
    struct thread_job job; /* first, so that the pool's pointer leads to this struct */
    sem_t *gate;           /* the event that run waits for; NULL: none */
    sem_t *begun;          /* the event that run posts; NULL: none */
    sem_t *finished;       /* the event that done posts */
    int order;             /* the number of the call of run, from 1 */
    bool signals_blocked;  /* what run saw */
    char thread_name[16];  /* what run saw */
};

static int calls;

static void run(struct thread_job *base)
{
    struct job *job = (struct job *)base;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    job->signals_blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1;
    pthread_getname_np(pthread_self(), job->thread_name, sizeof job->thread_name);
    job->order = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    if (job->begun != NULL)
        sem_post(job->begun);
    if (job->gate != NULL)
        sem_wait(job->gate);
}

static void done(struct thread_job *base)
{
    sem_post(((struct job *)base)->finished);
}

static struct job make_job(sem_t *gate, sem_t *begun, sem_t *finished)
{
    return (struct job){
        .job = {.run = run, .done = done}, .gate = gate, .begun = begun, .finished = finished};
}

static int set_up(void **state)
{
    (void)state;
    calls = 0;
    return 0;
}

static void every_job_runs_once_and_reports_its_end(void **state)
{
    (void)state;
    struct thread_pool *pool = thread_pool_new(SIZE_MAX / 16); /* more threads than there can be */
    struct job jobs[100];
    sem_t finished;
    sem_init(&finished, 0, 0);
    for (int i = 0; i < 100; i++) {
        jobs[i] = make_job(NULL, NULL, &finished);
        assert_int_equal(thread_pool_submit(pool, &jobs[i].job), 0);
    }
    for (int i = 0; i < 100; i++)
        sem_wait(&finished);
    assert_int_equal(calls, 100);
    thread_pool_free(pool);
    for (int i = 0; i < 100; i++) {
        assert_true(jobs[i].signals_blocked);
        assert_string_equal(jobs[i].thread_name, "eddy-pool");
    }
    sem_destroy(&finished);
}

/* Two jobs that each wait for the other's start need two threads; a third job must wait for one of them. */
static void threads_grow_to_the_limit_and_no_further(void **state)
{
    (void)state;
    struct thread_pool *pool = thread_pool_new(2);
    sem_t gate, begun, finished;
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    struct job jobs[3];
    for (int i = 0; i < 3; i++) {
        jobs[i] = make_job(&gate, &begun, &finished);
        assert_int_equal(thread_pool_submit(pool, &jobs[i].job), 0);
    }
    sem_wait(&begun);
    sem_wait(&begun);
    assert_int_equal(__atomic_load_n(&calls, __ATOMIC_SEQ_CST), 2);
    assert_int_equal(sem_trywait(&begun), -1);
    for (int i = 0; i < 3; i++)
        sem_post(&gate);
    for (int i = 0; i < 3; i++)
        sem_wait(&finished);
    assert_int_equal(calls, 3);
    thread_pool_free(pool);
}

/* Each job needs its own thread, and a submission wakes no more than one thread. */
static void jobs_that_need_all_idle_threads_get_them(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    struct thread_pool *pool = thread_pool_new(THREADS);
    sem_t gate, begun, finished;
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    for (int round = 0; round < 20; round++) {
        struct job jobs[THREADS];
        for (int i = 0; i < THREADS; i++) {
            jobs[i] = make_job(&gate, &begun, &finished);
            assert_int_equal(thread_pool_submit(pool, &jobs[i].job), 0);
        }
        for (int i = 0; i < THREADS; i++)
            sem_wait(&begun);
        for (int i = 0; i < THREADS; i++)
            sem_post(&gate);
        for (int i = 0; i < THREADS; i++)
            sem_wait(&finished);
    }
    thread_pool_free(pool);
}

static void one_thread_takes_jobs_in_order(void **state)
{
    (void)state;
    struct thread_pool *pool = thread_pool_new(1);
    sem_t gate, begun, finished;
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    struct job first = make_job(&gate, &begun, &finished), jobs[20];
    assert_int_equal(thread_pool_submit(pool, &first.job), 0);
    sem_wait(&begun);
    for (int i = 0; i < 20; i++) {
        jobs[i] = make_job(NULL, NULL, &finished);
        assert_int_equal(thread_pool_submit(pool, &jobs[i].job), 0);
    }
    sem_post(&gate);
    for (int i = 0; i < 21; i++)
        sem_wait(&finished);
    for (int i = 0; i < 20; i++)
        assert_int_equal(jobs[i].order, i + 2);
    thread_pool_free(pool);
}

/* Jobs are taken back from the front, the middle and the end of the queue; started ones are not. */
static void a_waiting_job_can_be_taken_back(void **state)
{
    (void)state;
    struct thread_pool *pool = thread_pool_new(1);
    sem_t gate, begun, finished;
    sem_init(&gate, 0, 0);
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    struct job first = make_job(&gate, &begun, &finished), jobs[5];
    assert_int_equal(thread_pool_submit(pool, &first.job), 0);
    sem_wait(&begun);
    for (int i = 0; i < 5; i++) {
        jobs[i] = make_job(NULL, NULL, &finished);
        assert_int_equal(thread_pool_submit(pool, &jobs[i].job), 0);
    }
    assert_false(thread_pool_take_back(pool, &first.job));
    assert_true(thread_pool_take_back(pool, &jobs[2].job));
    assert_true(thread_pool_take_back(pool, &jobs[4].job));
    assert_true(thread_pool_take_back(pool, &jobs[0].job));
    assert_false(thread_pool_take_back(pool, &jobs[0].job));
    assert_int_equal(thread_pool_submit(pool, &jobs[4].job), 0); /* the job belongs to the submitter again */
    sem_post(&gate);
    for (int i = 0; i < 4; i++)
        sem_wait(&finished);
    assert_int_equal(jobs[0].order, 0);
    assert_int_equal(jobs[1].order, 2);
    assert_int_equal(jobs[2].order, 0);
    assert_int_equal(jobs[3].order, 3);
    assert_int_equal(jobs[4].order, 4);
    assert_false(thread_pool_take_back(pool, &jobs[3].job));
    thread_pool_free(pool);
}

static void freeing_waits_for_what_runs(void **state)
{
    (void)state;
    long blocks = memory_live_blocks();
    struct thread_pool *pool = thread_pool_new(3);
    sem_t begun, finished;
    sem_init(&begun, 0, 0);
    sem_init(&finished, 0, 0);
    struct job job = make_job(NULL, &begun, &finished);
    assert_int_equal(thread_pool_submit(pool, &job.job), 0);
    sem_wait(&begun);
    thread_pool_free(pool);
    assert_int_equal(sem_trywait(&finished), 0);
    thread_pool_free(thread_pool_new(0));
    thread_pool_free(NULL);
    assert_int_equal(memory_live_blocks(), blocks);
}

static void no_memory_is_an_error_value(void **state)
{
    (void)state;
    memory_fail_after(1);
    assert_null(thread_pool_new(1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_job_runs_once_and_reports_its_end, set_up),
        cmocka_unit_test_setup(threads_grow_to_the_limit_and_no_further, set_up),
        cmocka_unit_test_setup(jobs_that_need_all_idle_threads_get_them, set_up),
        cmocka_unit_test_setup(one_thread_takes_jobs_in_order, set_up),
        cmocka_unit_test_setup(a_waiting_job_can_be_taken_back, set_up),
        cmocka_unit_test_setup(freeing_waits_for_what_runs, set_up),
        cmocka_unit_test_setup(no_memory_is_an_error_value, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
