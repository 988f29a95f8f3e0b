/* SPDX-License-Identifier: MIT */
/* test_call.c - rules of src/core/call.h: the memory of calls, and their names. */
#include "core/call.h"

#include "core/current.h"
#include "core/loop.h"
#include "run_clean.h"

enum { CROWD = 20000, A_FEW = 64 * CALLS_PER_PAGE, CROWD_PAGES = (CROWD + CALLS_PER_PAGE - 1) / CALLS_PER_PAGE };

static eddy_handle *handles[CROWD];
static int made;

static void count(void *unused)
{
    (void)unused;
    made++;
}

static struct calls *calls(void)
{
    return &current.loop->calls;
}

/* Calls in an hour. */
static bool ask(int first, int end)
{
    for (int i = first; i < end; i++)
        if (!(handles[i] = eddy_call_later(3600, count, NULL)))
            return false;
    return true;
}

static void cancel(int first, int end)
{
    for (int i = first; i < end; i++)
        eddy_handle_cancel(handles[i]);
}

static bool is_known(int i)
{
    return call_find(calls(), (uintptr_t)handles[i]) != NULL;
}

async(void, a_crowd_and_then_one)
{
    CHECK(ask(0, CROWD) && calls()->used == CROWD && calls()->full_pages == CROWD_PAGES);
    CHECK(!calls_are_slack(calls()));
    cancel(1, CROWD);
    CHECK(calls()->used == 1 && calls_are_slack(calls()));
    calls_trim(calls());
    CHECK(calls()->full_pages == 1 && !calls_are_slack(calls()));
    CHECK(is_known(0) && !is_known(1) && !is_known(CROWD - 1));
    cancel(0, 1);
}

static void the_pages_of_a_crowd_are_given_back(void **state)
{
    (void)state;
    RUN_CLEAN(a_crowd_and_then_one());
}

/* A call of a page in the middle keeps that page; the numbers of the others are used again. */
async(void, a_crowd_twice)
{
    enum { MIDDLE = CROWD / 2 };
    CHECK(ask(0, CROWD));
    uint32_t pages = calls()->page_count;
    eddy_handle *kept = handles[MIDDLE];
    cancel(0, MIDDLE);
    cancel(MIDDLE + 1, CROWD);
    calls_trim(calls());
    CHECK(calls()->full_pages == 1 && is_known(MIDDLE));
    CHECK(ask(0, MIDDLE) && ask(MIDDLE + 1, CROWD));
    CHECK(calls()->page_count == pages && calls()->full_pages == pages && calls()->used == CROWD);
    for (int i = 0; i < CROWD; i++)
        CHECK(is_known(i) && (i == MIDDLE || handles[i] != kept));
    cancel(0, CROWD);
    CHECK(calls()->used == 0 && calls_are_slack(calls()));
}

static void numbers_of_pages_are_used_again(void **state)
{
    (void)state;
    RUN_CLEAN(a_crowd_twice());
}

async(void, a_few)
{
    CHECK(ask(0, A_FEW));
    cancel(0, A_FEW);
    CHECK(calls()->used == 0 && !calls_are_slack(calls()));
}

static void the_pages_of_a_few_are_kept(void **state)
{
    (void)state;
    RUN_CLEAN(a_few());
}

/* Names that remain from calls whose memory has been used again, or given back, refer to none. */
async(void, cancel_by_old_names)
{
    made = 0;
    CHECK(ask(0, CROWD));
    eddy_handle *old = handles[0], *last = handles[CROWD - 1];
    cancel(0, CROWD);
    calls_trim(calls());
    handles[0] = eddy_call_soon(count, NULL);
    eddy_handle_cancel(old);
    eddy_handle_cancel(last);
    eddy_handle_cancel(NULL);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    CHECK(made == 1);
    eddy_handle_cancel(handles[0]);
}

static void an_old_name_cancels_nothing(void **state)
{
    (void)state;
    RUN_CLEAN(cancel_by_old_names());
}

/* Pages 8 and 16 need a longer list of pages, too. */
async(void, ask_with_failures)
{
    enum { SOME = 20 * CALLS_PER_PAGE };
    for (int n = 1; n < SOME + 30; n++) {
        memory_fail_after(n);
        int asked = 0;
        while (asked < SOME && ask(asked, asked + 1))
            asked++;
        memory_fail_after(0);
        CHECK(calls()->used == (uint32_t)asked);
        for (int i = 0; i < asked; i++)
            CHECK(is_known(i));
        cancel(0, asked);
        calls_trim(calls());
        memory_free(calls()->pages);
        calls()->pages = NULL;
        calls()->page_count = calls()->capacity = 0;
    }
}

static void each_request_for_memory_can_be_refused(void **state)
{
    (void)state;
    RUN_CLEAN(ask_with_failures());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_of_a_crowd_are_given_back),
        cmocka_unit_test(numbers_of_pages_are_used_again),
        cmocka_unit_test(the_pages_of_a_few_are_kept),
        cmocka_unit_test(an_old_name_cancels_nothing),
        cmocka_unit_test(each_request_for_memory_can_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
