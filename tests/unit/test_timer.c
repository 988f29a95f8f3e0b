/* SPDX-License-Identifier: MIT */
/* test_timer.c - rules of src/core/timer.h: timers are due in the order of time, then of setting; cancelled ones are
 * gone. */
#include "core/timer.h"

#include "os/clock.h"
#include "transcript.h"

enum { MANY = 2000 };

struct numbered {
    struct timer timer; /* first */
    int number;
    struct timers *timers;
    int64_t again; /* not 0: the callback sets the timer again for this time */
};

static struct timers timers;
static int fired[MANY], fired_count;

static void fire(struct timer *timer)
{
    struct numbered *self = (struct numbered *)(void *)timer;
    fired[fired_count++] = self->number;
    assert_false(timer_is_set(timer));
    if (self->again) {
        int64_t when = self->again;
        self->again = 0;
        assert_true(timer_set(&timers, timer, when, fire));
    }
}

static int begin(void **state)
{
    (void)state;
    fired_count = 0;
    return timers_init(&timers) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    timers_free(&timers);
    return 0;
}

static void set(struct numbered *timer, int number, int64_t when)
{
    *timer = (struct numbered){.number = number};
    assert_true(timer_set(&timers, &timer->timer, when, fire));
    assert_true(timer_is_set(&timer->timer));
}

static void ties_fire_in_the_order_of_setting(void **state)
{
    struct numbered all[12];
    (void)state;
    for (int i = 0; i < 12; i++)
        set(&all[i], i, 1000);
    timers_run(&timers, 999);
    assert_int_equal(fired_count, 0);
    timers_run(&timers, 1000);
    assert_int_equal(fired_count, 12);
    for (int i = 0; i < 12; i++)
        assert_int_equal(fired[i], i);
}

static int64_t when_of(int i)
{
    return (int64_t)i * 7919 % 641; /* many ties */
}

static void many_fire_in_order_and_cancelled_ones_do_not(void **state)
{
    static struct numbered all[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++)
        set(&all[i], i, when_of(i));
    for (int i = 0; i < MANY; i += 3) {
        timer_cancel(&timers, &all[i].timer);
        assert_false(timer_is_set(&all[i].timer));
        timer_cancel(&timers, &all[i].timer); /* not set: no effect */
    }
    for (int64_t now = 0; now < 641; now += 10)
        timers_run(&timers, now);
    timers_run(&timers, 641);
    assert_int_equal(fired_count, MANY - (MANY + 2) / 3);
    for (int i = 0; i < fired_count; i++)
        assert_int_not_equal(fired[i] % 3, 0);
    for (int i = 1; i < fired_count; i++) {
        int64_t before = when_of(fired[i - 1]), now = when_of(fired[i]);
        assert_true(before < now || (before == now && fired[i - 1] < fired[i]));
    }
}

/* The sequence numbers that timers keep have 32 bits. */
static void the_order_is_kept_where_the_numbers_begin_anew(void **state)
{
    struct numbered all[12];
    (void)state;
    timers.sequence = UINT64_C(0xfffffffa);
    for (int i = 0; i < 12; i++)
        set(&all[i], i, 1000);
    all[3].again = 1000;
    timers_run(&timers, 1000);
    assert_int_equal(fired_count, 12);
    for (int i = 0; i < 12; i++)
        assert_int_equal(fired[i], i);
    timers_run(&timers, 1000);
    assert_int_equal(fired_count, 13);
}

static void a_timer_set_long_ago_fires(void **state)
{
    struct numbered old;
    (void)state;
    set(&old, 1, 20);
    timers.sequence += UINT64_C(0xc0000000);
    timers_run(&timers, 20);
    assert_int_equal(fired_count, 1);
}

static void siblings_share_a_cache_line(void **state)
{
    static struct numbered all[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        set(&all[i], i, i);
        assert_int_equal((uintptr_t)&timers.heap[1] % MEMORY_LINE, 0);
    }
}

static void a_timer_set_by_another_for_now_waits_for_the_next_run(void **state)
{
    struct numbered one;
    (void)state;
    set(&one, 1, 10);
    one.again = 10;
    timers_run(&timers, 10);
    assert_int_equal(fired_count, 1);
    assert_int_equal(timers_next(&timers), 10);
    timers_run(&timers, 10);
    assert_int_equal(fired_count, 2);
    assert_int_equal(timers_next(&timers), CLOCK_NEVER);
}

static void a_timer_may_be_cancelled_by_one_that_fires_with_it(void **state)
{
    (void)state;
    struct numbered a, b;
    set(&a, 1, 10);
    set(&b, 2, 10);
    timer_cancel(&timers, &a.timer);
    set(&a, 3, 10); /* now after b */
    timers_run(&timers, 10);
    assert_int_equal(fired_count, 2);
    assert_int_equal(fired[0], 2);
    assert_int_equal(fired[1], 3);
}

/* The first 64 need no memory. */
static void without_memory_the_timers_that_are_set_stay(void **state)
{
    static struct numbered all[65];
    (void)state;
    memory_fail_after(1);
    for (int i = 0; i < 64; i++)
        set(&all[i], i, i);
    all[64] = (struct numbered){.number = 64};
    assert_false(timer_set(&timers, &all[64].timer, 64, fire));
    assert_false(timer_is_set(&all[64].timer));
    memory_fail_after(0);
    timers_run(&timers, 1000);
    assert_int_equal(fired_count, 64);
}

static void the_next_timer_is_never_a_cancelled_one(void **state)
{
    static struct numbered all[MANY];
    (void)state;
    for (int i = 0; i < MANY; i++)
        set(&all[i], i, i);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(timers_next(&timers), i);
        assert_ptr_equal(timers_first(&timers), &all[i].timer);
        timer_cancel(&timers, &all[i].timer);
    }
    assert_null(timers_first(&timers));
    assert_int_equal(timers_next(&timers), CLOCK_NEVER);
}

/* Which of the first `count` is due first, by looking at each: -1 if none is set. */
static int first_of(const struct numbered *all, const int64_t *when, int count)
{
    int first = -1;
    for (int i = 0; i < count; i++)
        if (timer_is_set(&all[i].timer) &&
            (first < 0 || when[i] < when[first] ||
             (when[i] == when[first] && (int32_t)(all[i].timer.sequence - all[first].timer.sequence) < 0)))
            first = i;
    return first;
}

static void with_any_of_them_cancelled_the_order_is_that_of_a_plain_search(void **state)
{
    static struct numbered all[200];
    static int64_t when[200];
    uint32_t random = 1;
    (void)state;
    memset(all, 0, sizeof all);
    for (int step = 0; step < 20000; step++) {
        random = random * 1664525 + 1013904223;
        int i = (int)(random >> 16) % 200;
        if (timer_is_set(&all[i].timer) || random >> 30 == 0) {
            timer_cancel(&timers, &all[i].timer);
        } else {
            when[i] = (random >> 8) % 16; /* many ties */
            set(&all[i], i, when[i]);
        }
        if (random % 64 < 2) {
            int first = first_of(all, when, 200);
            assert_ptr_equal(timers_first(&timers), first < 0 ? NULL : &all[first].timer);
        }
    }
    for (int first; (first = first_of(all, when, 200)) >= 0; timer_cancel(&timers, &all[first].timer))
        assert_ptr_equal(timers_first(&timers), &all[first].timer);
}

static void the_next_one_may_be_new_or_old(void **state)
{
    struct numbered old[2], new[4];
    (void)state;
    set(&old[0], 0, 1000);
    set(&old[1], 1, 3000);
    assert_int_equal(timers_next(&timers), 1000);
    set(&new[0], 2, 2000);
    set(&new[1], 3, 1000); /* after the old one of that time */
    set(&new[2], 4, 4000);
    assert_int_equal(timers_next(&timers), 1000);
    set(&new[3], 5, 500);
    assert_int_equal(timers_next(&timers), 500);
    timer_cancel(&timers, &new[3].timer);
    assert_int_equal(timers_next(&timers), 1000);
    timers_run(&timers, 1000);
    assert_int_equal(fired_count, 2);
    assert_int_equal(fired[0], 0);
    assert_int_equal(fired[1], 3);
    assert_int_equal(timers_next(&timers), 2000);
    timers_run(&timers, 4000);
    assert_int_equal(fired_count, 5);
    assert_int_equal(fired[2], 2);
    assert_int_equal(fired[3], 1);
    assert_int_equal(fired[4], 4);
}

static void cancelled_timers_take_no_room_for_long(void **state)
{
    static struct numbered stay[40], pass[8];
    (void)state;
    memory_fail_after(1); /* the room for 64 has to do */
    for (int i = 0; i < 40; i++)
        set(&stay[i], i, i);
    for (int i = 0; i < 10000; i++) {
        timer_cancel(&timers, &pass[i % 8].timer);
        set(&pass[i % 8], i, 1000 + i);
    }
    memory_fail_after(0);
    assert_int_equal(timers.capacity, 64);
    timers_run(&timers, 999);
    assert_int_equal(fired_count, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ties_fire_in_the_order_of_setting, begin, end),
        cmocka_unit_test_setup_teardown(many_fire_in_order_and_cancelled_ones_do_not, begin, end),
        cmocka_unit_test_setup_teardown(the_order_is_kept_where_the_numbers_begin_anew, begin, end),
        cmocka_unit_test_setup_teardown(a_timer_set_long_ago_fires, begin, end),
        cmocka_unit_test_setup_teardown(siblings_share_a_cache_line, begin, end),
        cmocka_unit_test_setup_teardown(a_timer_set_by_another_for_now_waits_for_the_next_run, begin, end),
        cmocka_unit_test_setup_teardown(a_timer_may_be_cancelled_by_one_that_fires_with_it, begin, end),
        cmocka_unit_test_setup_teardown(without_memory_the_timers_that_are_set_stay, begin, end),
        cmocka_unit_test_setup_teardown(the_next_timer_is_never_a_cancelled_one, begin, end),
        cmocka_unit_test_setup_teardown(with_any_of_them_cancelled_the_order_is_that_of_a_plain_search, begin, end),
        cmocka_unit_test_setup_teardown(the_next_one_may_be_new_or_old, begin, end),
        cmocka_unit_test_setup_teardown(cancelled_timers_take_no_room_for_long, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
