/* SPDX-License-Identifier: MIT */
/* test_fd_table.c - rules of src/os/fd_table.h. */
#include "os/fd_table.h"
#include "os/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void finding_makes_no_entry(void **state)
{
    (void)state;
    struct fd_table table = {.entries = NULL};
    assert_null(fd_table_find(&table, 0, sizeof(int)));
    assert_null(fd_table_find(&table, -1, sizeof(int)));
    assert_null(fd_table_make(&table, -1, sizeof(int)));
    assert_int_equal(table.count, 0);
    fd_table_free(&table);
}

static void entries_stay_whole_and_new_ones_are_zero(void **state)
{
    (void)state;
    struct fd_table table = {.entries = NULL};
    int *entry;
    for (int fd = 0; fd < 1000; fd += 7) {
        entry = fd_table_make(&table, fd, sizeof *entry);
        assert_non_null(entry);
        assert_int_equal(*entry, 0);
        *entry = fd + 1;
    }
    for (int fd = 0; fd < 1000; fd++) {
        entry = fd_table_find(&table, fd, sizeof *entry);
        if (entry)
            assert_int_equal(*entry, fd % 7 == 0 ? fd + 1 : 0);
    }
    fd_table_free(&table);
}

static void without_memory_the_table_stays_as_it_was(void **state)
{
    (void)state;
    struct fd_table table = {.entries = NULL};
    int *entry = fd_table_make(&table, 3, sizeof *entry);
    assert_non_null(entry);
    *entry = 4;
    memory_fail_after(1);
    assert_null(fd_table_make(&table, 5000, sizeof *entry));
    memory_fail_after(0);
    entry = fd_table_find(&table, 3, sizeof *entry);
    assert_int_equal(*entry, 4);
    assert_null(fd_table_find(&table, 5000, sizeof *entry));
    fd_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(finding_makes_no_entry),
        cmocka_unit_test(entries_stay_whole_and_new_ones_are_zero),
        cmocka_unit_test(without_memory_the_table_stays_as_it_was),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
