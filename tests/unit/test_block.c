/* SPDX-License-Identifier: MIT */
/* test_block.c - rules of src/core/block.h. */
#include "core/block.h"

#include "eddy/allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CROWD = 20000, LARGEST = 1500 };

static struct blocks blocks;
static long before; /* blocks of memory.h */
static void *taken[CROWD];

static int begin(void **state)
{
    (void)state;
    before = memory_live_blocks();
    blocks_init(&blocks);
    return 0;
}

/* Everything that was taken has been given back, and so nothing is left. */
static int end(void **state)
{
    (void)state;
    blocks_trim(&blocks);
    memory_use(NULL);
    return memory_live_blocks() == before && !blocks.live && !blocks.carved ? 0 : -1;
}

static size_t some_size(size_t i)
{
    return 1 + i * 7919 % LARGEST;
}

static void take_crowd(size_t size)
{
    for (size_t i = 0; i < CROWD; i++) {
        taken[i] = block_take(&blocks, size);
        assert_non_null(taken[i]);
        memset(taken[i], 1, size);
    }
}

static void give_crowd(size_t size, size_t first)
{
    for (size_t i = first; i < CROWD; i++)
        block_give(&blocks, taken[i], size);
}

static void blocks_of_all_sizes_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) { /* the second block of those that the first one gave back */
        for (size_t i = 0; i < CROWD / 4; i++) {
            taken[i] = block_take(&blocks, some_size(i));
            assert_int_equal((uintptr_t)taken[i] % 16, 0);
            memset(taken[i], (int)(i & 0xff), some_size(i));
        }
        for (size_t i = 0; i < CROWD / 4; i++) {
            const unsigned char *bytes = taken[i];
            for (size_t k = 0; k < some_size(i); k++)
                assert_int_equal(bytes[k], i & 0xff);
            block_give(&blocks, taken[i], some_size(i));
        }
    }
}

static void the_block_that_was_given_last_is_taken_first(void **state)
{
    (void)state;
    void *first = block_take(&blocks, 200), *second = block_take(&blocks, 200);
    block_give(&blocks, first, 200);
    block_give(&blocks, second, 200);
    if (blocks.classes) {
        assert_ptr_equal(block_take(&blocks, 200), second);
        block_give(&blocks, second, 200);
    }
}

/* The first block of a slab, the next block of a slab, a block given back before, and a block too large for any
 * slab. */
static void each_taking_can_be_refused(void **state)
{
    (void)state;
    static volatile size_t sizes[] = {100, 100, 100, 2000}; /* opaque to the compiler */
    for (int i = 0; i < 4; i++) {
        memory_fail_after(1);
        assert_null(block_take(&blocks, sizes[i]));
        taken[i] = block_take(&blocks, sizes[i]);
        assert_non_null(taken[i]);
        if (i == 1)
            block_give(&blocks, taken[i], sizes[i]);
    }
    memory_fail_after(2);
    block_give(&blocks, block_take(&blocks, 100), 100);
    assert_null(block_take(&blocks, 100));
    block_give(&blocks, taken[0], 100);
    block_give(&blocks, taken[2], 100);
    block_give(&blocks, taken[3], sizes[3]);
}

static void a_slab_holds_many(void **state)
{
    (void)state;
    take_crowd(240);
    if (blocks.classes)
        assert_true(memory_live_blocks() - before < CROWD / 100);
    give_crowd(240, 0);
}

static void the_memory_of_many_ended_tasks_is_given_back(void **state)
{
    (void)state;
    take_crowd(240);
    assert_false(blocks_are_slack(&blocks));
    give_crowd(240, 1);
    assert_int_equal(blocks_are_slack(&blocks), blocks.classes != 0);
    blocks_trim(&blocks);
    assert_false(blocks_are_slack(&blocks));
    assert_int_equal(memory_live_blocks(), before + 1);
    memset(taken[0], 2, 240);
    for (size_t i = 1; i < CROWD; i++) { /* of the slab that was kept as well as of new ones */
        taken[i] = block_take(&blocks, 240);
        memset(taken[i], 3, 240);
    }
    for (size_t k = 0; k < 240; k++)
        assert_int_equal(((char *)taken[0])[k], 2);
    give_crowd(240, 0);
}

static void a_few_are_never_slack(void **state)
{
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        taken[i] = block_take(&blocks, 64);
    for (size_t i = 0; i < 1000; i++)
        block_give(&blocks, taken[i], 64);
    assert_false(blocks_are_slack(&blocks));
}

static void *count_allocate(void *context, size_t size)
{
    ++*(long *)context;
    return malloc(size);
}

static void count_release(void *context, void *block, size_t size)
{
    (void)size;
    --*(long *)context;
    free(block);
}

static void slabs_come_from_the_allocator_in_use_and_go_back_to_it(void **state)
{
    (void)state;
    long mine = 0;
    const struct eddy_allocator allocator = {.allocate = count_allocate, .release = count_release, .context = &mine};
    memory_use(&allocator);
    take_crowd(100);
    assert_true(mine > 0);
    memory_use(NULL);
    give_crowd(100, 0);
    blocks_trim(&blocks);
    assert_int_equal(mine, 0);
}

#define RULE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RULE(blocks_of_all_sizes_are_aligned_and_do_not_overlap),
        RULE(the_block_that_was_given_last_is_taken_first),
        RULE(each_taking_can_be_refused),
        RULE(a_slab_holds_many),
        RULE(the_memory_of_many_ended_tasks_is_given_back),
        RULE(a_few_are_never_slack),
        RULE(slabs_come_from_the_allocator_in_use_and_go_back_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
