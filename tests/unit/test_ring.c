/* SPDX-License-Identifier: MIT */
/* test_ring.c - rules of src/os/ring.h, and of the behaviour where the kernel refuses a ring. */
#define _GNU_SOURCE
#include "child.h"

#include "os/driver_uring.h"

#include <errno.h>

#if defined(EDDY_WITH_URING)

#include "../seccomp.h"
#include "os/clock.h"
#include "os/valgrind.h"

static struct ring_limits usual;

/* ==== refusals ==== */

/* Returned by a child: 0, or the line of the check that failed. */
#define EXPECT(condition)                                                                                             \
    do {                                                                                                             \
        if (!(condition))                                                                                             \
            return __LINE__ % 256;                                                                                    \
    } while (0)

static int refused_call, refused_with;
static const char *refused_words;

static int open_what_is_left(void)
{
    int error;
    char why[160];
    unsetenv("EDDY_DRIVER");
    EXPECT(seccomp_refuse(refused_call, refused_with));
    struct driver *driver = driver_open(NULL, NULL, &error);
    EXPECT(driver != NULL && driver->type == &driver_epoll && driver->second_choice);
    EXPECT(strcmp(driver_refusal(why, sizeof why, &error), refused_words) == 0 && error == refused_with);
    driver_close(driver);
    EXPECT(driver_open("uring", NULL, &error) == NULL && error == refused_with); /* asked for by name: an error */
    return 0;
}

static void without_io_uring_the_driver_is_epoll(void **state)
{
    (void)state;
    static const struct {
        int call, error;
        const char *words;
    } cases[] = {
        {SYS_io_uring_setup, EPERM, "io_uring_setup: Operation not permitted"},
        {SYS_io_uring_setup, ENOSYS, "io_uring_setup: Function not implemented"},
        {SYS_io_uring_setup, EACCES, "io_uring_setup: Permission denied"},
        {SYS_io_uring_enter, EPERM, "io_uring_enter: Operation not permitted"}, /* the test request fails */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refused_call = cases[i].call;
        refused_with = cases[i].error;
        refused_words = cases[i].words;
        struct child child = child_run(open_what_is_left);
        assert_true(child_exited(&child, 0));
    }
}

/* Sandboxes may forbid only the third call. */
static int open_without_register(void)
{
    int error;
    unsetenv("EDDY_DRIVER");
    EXPECT(seccomp_refuse(SYS_io_uring_register, EPERM));
    struct driver *driver = driver_open(NULL, NULL, &error);
    EXPECT(driver != NULL && driver_wait(driver, 0) == 0);
    driver_close(driver);
    return 0;
}

static void without_register_there_is_still_a_driver(void **state)
{
    (void)state;
    struct child child = child_run(open_without_register);
    assert_true(child_exited(&child, 0));
}

static int wait_without_a_fine_call(void)
{
    int error;
    EXPECT(seccomp_refuse(SYS_epoll_pwait2, refused_with));
    struct driver *driver = driver_open("epoll", NULL, &error);
    EXPECT(driver != NULL);
    for (int i = 0; i < 2; i++)
        EXPECT(driver_wait(driver, driver_now(driver) + 1000000) == 0); /* it sleeps for a millisecond */
    driver_close(driver);
    return 0;
}

/* Kernels before 5.11 have no epoll_pwait2, and sandboxes refuse it. */
static void without_epoll_pwait2_epoll_waits_by_milliseconds(void **state)
{
    (void)state;
    static const int answers[] = {ENOSYS, EPERM, EINVAL};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        refused_with = answers[i];
        struct child child = child_run(wait_without_a_fine_call);
        assert_true(child_exited(&child, 0));
    }
}

/* ==== flags ==== */

/* One request and its completion. */
static void prove(struct ring *ring)
{
    struct ring_completion completion;
    struct io_uring_sqe *sqe = ring_request(ring);
    io_uring_prep_nop(sqe);
    sqe->user_data = 7;
    assert_int_equal(ring_enter(ring, 1, CLOCK_NEVER), 0);
    assert_true(ring_next(ring, &completion));
    assert_int_equal(completion.data, 7);
    assert_false(ring_next(ring, &completion));
}

static void flags_are_dropped_one_by_one(void **state)
{
    (void)state;
    static const unsigned youngest_first[] = {IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER,
                                              IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SUBMIT_ALL};
    struct ring ring;
    const char *step;
    for (int dropped = 0; dropped <= 4; dropped++) {
        assert_int_equal(ring_open(&ring, &step, RING_OWN), 0);
        assert_false(ring.io.flags & IORING_SETUP_SQPOLL);
        for (int i = 0; i < dropped; i++)
            assert_false(ring.io.flags & youngest_first[i]);
        prove(&ring);
        ring_close(&ring);
        if (dropped < 4)
            ring_limits.without |= youngest_first[dropped];
    }
    ring_limits = usual;
}

/* A kernel of 6.1 or later has them all. */
static void features_of_the_kernel_are_used(void **state)
{
    (void)state;
    struct ring ring;
    const char *step;
    assert_int_equal(ring_open(&ring, &step, RING_OWN), 0);
    if (ring_knows(&ring, IORING_OP_SEND_ZC)) /* of 6.0 */
        assert_true(ring.io.flags & IORING_SETUP_SINGLE_ISSUER);
    ring_close(&ring);
}

static void a_full_queue_is_submitted(void **state)
{
    (void)state;
    struct ring ring;
    const char *step;
    struct ring_completion completion;
    ring_limits.entries = 2;
    assert_int_equal(ring_open(&ring, &step, RING_OWN), 0);
    for (unsigned i = 0; i < 100; i++) {
        struct io_uring_sqe *sqe = ring_request(&ring);
        assert_non_null(sqe);
        io_uring_prep_nop(sqe);
        sqe->user_data = i;
    }
    for (unsigned i = 0; i < 100; i++) {
        if (!ring_next(&ring, &completion)) {
            ring_enter(&ring, 1, CLOCK_NEVER);
            assert_true(ring_next(&ring, &completion));
        }
        assert_int_equal(completion.data, i);
    }
    ring_close(&ring);
    ring_limits = usual;
}

/* The kernel keeps completions that have no room, and delivers them when there is room. */
static void completions_that_overflow_the_ring_are_not_lost(void **state)
{
    (void)state;
    struct ring ring;
    const char *step;
    struct ring_completion completion;
    unsigned seen = 0;
    ring_limits.entries = 2;
    ring_limits.completions = 4;
    assert_int_equal(ring_open(&ring, &step, RING_OWN), 0);
    for (unsigned sent = 0; sent < 64; sent++) {
        struct io_uring_sqe *sqe = ring_request(&ring);
        if (sqe == NULL) { /* the kernel takes no more requests before some completions are taken */
            while (ring_next(&ring, &completion))
                seen++;
            sqe = ring_request(&ring);
        }
        assert_non_null(sqe);
        io_uring_prep_nop(sqe);
        sqe->user_data = sent;
    }
    while (seen < 64) {
        int error = ring_enter(&ring, 0, 0);
        assert_true(error == 0 || error == -EBUSY || error == -EAGAIN);
        while (ring_next(&ring, &completion))
            seen++;
    }
    assert_int_equal(seen, 64);
    ring_close(&ring);
    ring_limits = usual;
}

int main(void)
{
    const char *step;
    usual = ring_limits;
    const struct CMUnitTest refusals[] = {
        cmocka_unit_test(without_io_uring_the_driver_is_epoll),
        cmocka_unit_test(without_register_there_is_still_a_driver),
        cmocka_unit_test(without_epoll_pwait2_epoll_waits_by_milliseconds),
    };
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(flags_are_dropped_one_by_one),
        cmocka_unit_test(features_of_the_kernel_are_used),
        cmocka_unit_test(a_full_queue_is_submitted),
        cmocka_unit_test(completions_that_overflow_the_ring_are_not_lost),
    };
    int error;
    if (RUNNING_ON_VALGRIND)
        return 0;
    driver_close(driver_open("uring", NULL, &error));
    int failed = cmocka_run_group_tests_name("refusals", refusals, NULL, NULL);
    return driver_uring_refusal(&step) != 0 ? failed : failed + cmocka_run_group_tests_name("rings", rules, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
