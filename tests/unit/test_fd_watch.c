/* SPDX-License-Identifier: MIT */
/* test_fd_watch.c - rules of eddy_add_reader and eddy_add_writer: one call in each pass while the descriptor is
 * ready. */
#define _GNU_SOURCE /* pipe2 */
#include <eddy.h>
#include <errno.h>
#include <fcntl.h>

#include "transcript.h"

static int ends[2]; /* of a pipe */
static int calls;

static int begin(void **state)
{
    (void)state;
    calls = 0;
    return pipe2(ends, O_NONBLOCK | O_CLOEXEC);
}

static int end(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void take_byte(const char *name)
{
    char byte;
    note("%s", read(ends[0], &byte, 1) == 1 ? name : "nothing");
    calls++;
}

static void put_byte(void *unused)
{
    (void)unused;
    (void)!write(ends[1], "x", 1);
}

eddy_async(void, wait_for_calls, (int, count))
{
    while (calls < count)
        eddy_await(eddy_sleep(0.001));
}

eddy_async(void, reads)
{
    note("%d", eddy_add_reader(ends[0], take_byte, "a"));
    put_byte(NULL);
    eddy_await(wait_for_calls(1));
    note("%d", eddy_add_reader(ends[0], take_byte, "b")); /* replaces it */
    put_byte(NULL);
    put_byte(NULL);
    eddy_await(wait_for_calls(3));
    note("%d", eddy_remove_reader(ends[0]));
    note("%d", eddy_remove_reader(ends[0]));
    put_byte(NULL);
    eddy_await(eddy_sleep(0.005));
}

static void a_reader_is_called_while_its_descriptor_is_readable(void **state)
{
    (void)state;
    RUN(reads());
    told("0 a 0 b b 1 0");
}

static void count_and_stop(int fd)
{
    if (++calls == 3)
        note("%d", eddy_remove_writer(fd));
}

eddy_async(void, writes)
{
    note("%d", eddy_add_writer(ends[1], count_and_stop, ends[1]));
    eddy_await(wait_for_calls(3));
    eddy_await(eddy_sleep(0.003));
    note("%d", calls);
}

static void a_writer_may_remove_itself(void **state)
{
    (void)state;
    RUN(writes());
    told("0 1 3");
}

eddy_async(void, errors)
{
    note("%s", eddy_error_name(eddy_add_reader(-1, take_byte, "")));
    note("%s", eddy_error_name(eddy_add_writer(12345, take_byte, "")));
    close(ends[0]); /* its number is known */
    note("%s", eddy_error_name(eddy_add_reader(ends[0], take_byte, "")));
}

static void errors_are_returned_at_once(void **state)
{
    (void)state;
    assert_int_equal(eddy_add_reader(ends[0], take_byte, ""), EDDY_NO_LOOP);
    assert_false(eddy_remove_reader(ends[0]));
    RUN(errors());
    told("EBADF EBADF EBADF");
}

eddy_async(void, leaves_them)
{
    eddy_add_reader(ends[0], take_byte, "never");
    eddy_add_writer(ends[1], count_and_stop, ends[1]);
    eddy_await(eddy_sleep(0));
}

eddy_async(void, removes_one_that_is_about_to_be_called)
{
    eddy_add_writer(ends[1], count_and_stop, ends[1]); /* ready from the beginning: its call is in the queue */
    note("%d", eddy_remove_writer(ends[1]));
}

static void watches_that_are_left_over_end_with_the_loop(void **state)
{
    (void)state;
    RUN(leaves_them());
    RUN(removes_one_that_is_about_to_be_called());
    told("1");
}

/* D28 */
static void add_again(int left)
{
    note("%d", left);
    if (left == 3)
        put_byte(NULL);
    if (left > 0)
        eddy_call_soon(add_again, left - 1);
}

eddy_async(void, mixed)
{
    eddy_add_reader(ends[0], take_byte, "readable");
    eddy_call_soon(add_again, 5);
    eddy_await(wait_for_calls(1));
    for (int pass = 0; pass < 5; pass++)
        eddy_await(eddy_sleep(0));
    eddy_remove_reader(ends[0]);
}

static void a_call_that_schedules_itself_does_not_starve_io(void **state)
{
    (void)state;
    RUN(mixed());
    assert_non_null(strstr(transcript, "3 2 readable 1 "));
    transcript[0] = 0;
}

static void close_at_first(void *unused)
{
    (void)unused;
    if (calls++ == 0) {
        close(ends[0]);
        ends[0] = -1;
    }
}

eddy_async(void, loses_its_descriptor)
{
    int fd = ends[0];
    put_byte(NULL);
    eddy_add_reader(fd, close_at_first, NULL);
    eddy_await(wait_for_calls(1));
    for (int turn = 0; turn < 20; turn++)
        eddy_await(eddy_sleep(0));
    note("%s", calls <= 2 ? "rests" : "called over and over");
    note("%d", eddy_remove_reader(fd));
}

static void a_closed_descriptor_is_reported_once(void **state)
{
    (void)state;
    RUN(loses_its_descriptor());
    told("rests 1");
}

static void reopen(void *unused)
{
    char byte;
    (void)unused;
    if (read(ends[0], &byte, 1) != 1)
        return;
    note("%c", byte);
    if (++calls != 3)
        return;
    int number = ends[0];
    close(ends[0]);
    close(ends[1]);
    (void)!pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    note("%d", ends[0] == number);
    eddy_add_reader(ends[0], reopen, NULL);
}

eddy_async(void, gets_another_file)
{
    eddy_add_reader(ends[0], reopen, NULL);
    for (int call = 0; call < 6; call++) {
        (void)!write(ends[1], &"abcdef"[call], 1);
        eddy_await(wait_for_calls(call + 1));
    }
    eddy_remove_reader(ends[0]);
}

static void a_reader_may_be_added_for_another_file_of_the_same_number(void **state)
{
    (void)state;
    RUN(gets_another_file());
    told("a b c 1 d e f");
}

/* Closes the pipe and makes another one, whose ends have the same numbers. */
static void change_files(void)
{
    int number = ends[0];
    close(ends[0]);
    close(ends[1]);
    (void)!pipe2(ends, O_NONBLOCK | O_CLOEXEC);
    note("%d", ends[0] == number);
}

eddy_async(void, gets_another_file_while_it_waits)
{
    note("%d", eddy_add_reader(ends[0], take_byte, "old"));
    note("%d", eddy_add_writer(ends[1], count_and_stop, ends[1]));
    eddy_await(wait_for_calls(3)); /* both are with the driver now; the writer has ended */
    change_files();
    note("%d", eddy_add_reader(ends[0], take_byte, "new"));
    note("%d", eddy_add_reader(ends[0], take_byte, "newer"));
    eddy_await(eddy_sleep(0.003));
    put_byte(NULL);
    eddy_await_for(wait_for_calls(4), 60);
    put_byte(NULL);
    eddy_await_for(wait_for_calls(5), 60);
    note("%d", eddy_remove_reader(ends[0]));
}

static void a_waiting_reader_may_be_added_for_another_file_of_the_same_number(void **state)
{
    (void)state;
    RUN(gets_another_file_while_it_waits());
    told("0 0 1 1 0 0 newer newer 1");
}

eddy_async(void, is_added_again_and_removed)
{
    eddy_add_reader(ends[0], take_byte, "never");
    eddy_await(eddy_sleep(0));
    eddy_add_reader(ends[0], take_byte, "never"); /* what was given to the driver is on its way back */
    note("%d", eddy_remove_reader(ends[0]));
    note("%d", eddy_add_reader(ends[0], take_byte, "third"));
    put_byte(NULL);
    eddy_await_for(wait_for_calls(1), 60);
    eddy_add_reader(ends[0], take_byte, "never");
    eddy_await(eddy_sleep(0));
    eddy_add_reader(ends[0], take_byte, "never"); /* the loop ends it */
}

static void a_reader_that_was_added_again_may_be_removed(void **state)
{
    (void)state;
    RUN(is_added_again_and_removed());
    told("1 0 third");
}

static void count_call(void *unused)
{
    (void)unused;
    calls++;
}

eddy_async(void, closes_a_waiting_one)
{
    int fd = ends[0];
    eddy_add_reader(fd, take_byte, "never");
    eddy_await(eddy_sleep(0));
    close(fd);
    ends[0] = -1;
    note("%d", eddy_add_reader(fd, count_call, NULL));
    note("%d", eddy_add_reader(fd, count_call, NULL));
    eddy_await_for(wait_for_calls(1), 60);
    eddy_await(eddy_sleep(0.003));
    note("%d calls", calls);
    note("%d", eddy_remove_reader(fd));
}

static void a_closed_descriptor_that_is_added_again_is_told_by_one_call(void **state)
{
    (void)state;
    RUN(closes_a_waiting_one());
    told("0 0 1 calls 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_waiting_reader_may_be_added_for_another_file_of_the_same_number, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_that_was_added_again_may_be_removed, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_descriptor_that_is_added_again_is_told_by_one_call, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_is_called_while_its_descriptor_is_readable, begin, end),
        cmocka_unit_test_setup_teardown(a_writer_may_remove_itself, begin, end),
        cmocka_unit_test_setup_teardown(errors_are_returned_at_once, begin, end),
        cmocka_unit_test_setup_teardown(watches_that_are_left_over_end_with_the_loop, begin, end),
        cmocka_unit_test_setup_teardown(a_closed_descriptor_is_reported_once, begin, end),
        cmocka_unit_test_setup_teardown(a_reader_may_be_added_for_another_file_of_the_same_number, begin, end),
        cmocka_unit_test_setup_teardown(a_call_that_schedules_itself_does_not_starve_io, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
