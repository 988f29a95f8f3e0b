/* SPDX-License-Identifier: MIT */
/* test_memory.c - rules of src/os/memory.h. */
#include "os/memory.h"

#include "eddy/allocator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An allocator that counts. */
struct books {
    long blocks;  /* allocated and not released */
    size_t bytes; /* of them */
    bool full;    /* refuses every request */
};

static void *books_allocate(void *context, size_t size)
{
    struct books *books = context;
    if (books->full)
        return NULL;
    books->blocks++;
    books->bytes += size;
    return malloc(size);
}

static void books_release(void *context, void *block, size_t size)
{
    struct books *books = context;
    books->blocks--;
    books->bytes -= size;
    free(block);
}

static void blocks_are_aligned_and_writable_in_full(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size += 7) {
        char *block = memory_alloc(size);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        memset(block, 0xa5, size);
        memory_free(block);
    }
}

static void zeroed_blocks_are_zero(void **state)
{
    (void)state;
    unsigned char *dirty = memory_alloc(64);
    memset(dirty, 0xff, 64);
    memory_free(dirty);
    unsigned char *block = memory_alloc_zeroed(64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(block[i], 0);
    memory_free(block);
}

static void growing_keeps_the_contents(void **state)
{
    (void)state;
    char *block = memory_grow(NULL, 4);
    memcpy(block, "abc", 4);
    for (size_t size = 8; size < 100000; size *= 3) {
        block = memory_grow(block, size);
        assert_string_equal(block, "abc");
        block[size - 1] = 'x';
    }
    memory_free(block);
}

static void every_block_is_counted(void **state)
{
    (void)state;
    long before = memory_live_blocks();
    void *a = memory_alloc(1), *b = memory_alloc_zeroed(2), *c = memory_copy_string("three");
    assert_int_equal(memory_live_blocks(), before + 3);
    assert_string_equal(c, "three");
    a = memory_grow(a, 1000);
    assert_int_equal(memory_live_blocks(), before + 3);
    memory_free(a);
    memory_free(b);
    memory_free(c);
    memory_free(NULL);
    assert_int_equal(memory_live_blocks(), before);
}

static void impossible_sizes_are_refused(void **state)
{
    (void)state;
    long before = memory_live_blocks();
    assert_null(memory_alloc(SIZE_MAX));
    assert_null(memory_alloc_zeroed(SIZE_MAX - 15));
    char *block = memory_copy_string("kept");
    assert_null(memory_grow(block, SIZE_MAX - 3));
    assert_string_equal(block, "kept");
    memory_free(block);
    assert_int_equal(memory_live_blocks(), before);
}

static void a_block_goes_back_to_the_allocator_it_came_from(void **state)
{
    (void)state;
    struct books books = {0};
    struct eddy_allocator allocator = {books_allocate, books_release, &books};
    assert_null(memory_use(&allocator));
    void *a = memory_alloc(10), *b = memory_alloc_zeroed(20);
    assert_ptr_equal(memory_use(NULL), &allocator);
    assert_int_equal(books.blocks, 2);
    void *c = memory_alloc(30); /* malloc again */
    a = memory_grow(a, 500);    /* it keeps its own allocator */
    assert_int_equal(books.blocks, 2);
    assert_true(books.bytes >= 520);
    memory_free(a);
    memory_free(b);
    memory_free(c);
    assert_int_equal(books.blocks, 0);
    assert_int_equal(books.bytes, 0); /* release received the sizes that allocate was asked for */
}

static void an_allocator_without_memory_is_an_error_value(void **state)
{
    (void)state;
    struct books books = {0};
    struct eddy_allocator allocator = {books_allocate, books_release, &books};
    long before = memory_live_blocks();
    memory_use(&allocator);
    char *block = memory_copy_string("kept");
    books.full = true;
    assert_null(memory_alloc(1));
    assert_null(memory_alloc_zeroed(1));
    assert_null(memory_grow(block, 100));
    assert_string_equal(block, "kept");
    memory_use(NULL);
    memory_free(block);
    assert_int_equal(memory_live_blocks(), before);
}

/* Three requests of different kinds, released in any case. */
static bool use_three(void)
{
    void *a = memory_alloc(8);
    void *b = a == NULL ? NULL : memory_alloc_zeroed(8);
    void *c = b == NULL ? NULL : memory_grow(b, 800);
    memory_free(c != NULL ? c : b);
    memory_free(a);
    return c != NULL;
}

static void the_nth_request_fails_and_no_other(void **state)
{
    (void)state;
    long before = memory_live_blocks();
    for (long n = 1; n <= 3; n++) {
        memory_fail_after(n);
        assert_false(use_three());
        assert_true(use_three()); /* only the n-th */
    }
    memory_fail_after(4);
    assert_true(use_three());
    assert_true(memory_fault());
    assert_false(memory_fault());
    memory_fail_after(1);
    memory_fail_after(0); /* off */
    assert_true(use_three());
    assert_int_equal(memory_live_blocks(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_writable_in_full),
        cmocka_unit_test(zeroed_blocks_are_zero),
        cmocka_unit_test(growing_keeps_the_contents),
        cmocka_unit_test(every_block_is_counted),
        cmocka_unit_test(impossible_sizes_are_refused),
        cmocka_unit_test(a_block_goes_back_to_the_allocator_it_came_from),
        cmocka_unit_test(an_allocator_without_memory_is_an_error_value),
        cmocka_unit_test(the_nth_request_fails_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
