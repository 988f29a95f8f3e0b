/* SPDX-License-Identifier: MIT */
/* test_queue_items.c - rules of the order of items: rings that wrap around and grow, stacks, heaps with ties. */
#include <eddy.h>

#include "transcript.h"

typedef eddy_queue_of(int) int_queue;

static uint32_t random_state = 1;

static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    return random_state ^= random_state << 5;
}

static void note_all(int_queue *queue)
{
    int item;
    while (eddy_queue_try_get(queue, &item))
        note("%d", item);
}

static void first_in_first_out(void **state)
{
    (void)state;
    int_queue queue;
    eddy_queue_init(&queue, 0);
    for (int i = 0; i < 5; i++)
        assert_true(eddy_queue_try_put(&queue, i));
    note_all(&queue);
    told("0 1 2 3 4");
    eddy_queue_free(&queue);
}

static void last_in_first_out(void **state)
{
    (void)state;
    int_queue queue;
    eddy_lifo_init(&queue, 0);
    for (int i = 0; i < 5; i++)
        assert_true(eddy_queue_try_put(&queue, i));
    note_all(&queue);
    told("4 3 2 1 0");
    eddy_queue_free(&queue);
}

/* Compared with a counter: items come out in the order in which they went in, wherever the ring begins when it
 * grows. */
static void a_ring_keeps_its_order_while_it_wraps_and_grows(void **state)
{
    (void)state;
    static const size_t limits[] = {0, 1, 3, 8, 13, 100};
    for (size_t k = 0; k < sizeof limits / sizeof *limits; k++) {
        int_queue queue;
        int in = 0, out = 0, item;
        eddy_queue_init(&queue, limits[k]);
        for (int i = 0; i < 3000; i++) {
            if (next_random() % 100 < (i < 1500 ? 60 : 40)) {
                bool full = limits[k] && eddy_queue_size(&queue) == limits[k];
                assert_int_equal(eddy_queue_try_put(&queue, in), !full);
                in += !full;
            } else if (eddy_queue_try_get(&queue, &item)) {
                assert_int_equal(item, out++);
            } else {
                assert_int_equal(in, out);
            }
            assert_int_equal(eddy_queue_size(&queue), in - out);
        }
        eddy_queue_free(&queue);
    }
}

struct job {
    int priority, number;
    char payload[5]; /* an odd size: the heap keeps a sequence number after it */
};
typedef eddy_queue_of(struct job) job_queue;

static int by_priority(const struct job *a, const struct job *b)
{
    return (a->priority > b->priority) - (a->priority < b->priority);
}

static void smallest_first_and_ties_in_the_order_of_putting(void **state)
{
    (void)state;
    job_queue queue;
    struct job job, last = {-1, -1, ""};
    eddy_priority_init(&queue, 0, by_priority);
    for (int i = 0; i < 1000; i++) {
        job = (struct job){(int)(next_random() % 10), i, "abcd"};
        assert_true(eddy_queue_try_put(&queue, job));
    }
    for (int i = 0; i < 1000; i++) {
        assert_true(eddy_queue_try_get(&queue, &job));
        assert_string_equal(job.payload, "abcd");
        assert_true(last.priority < job.priority ||
                    (last.priority == job.priority && last.number < job.number));
        last = job;
    }
    assert_true(eddy_queue_empty(&queue));
    eddy_queue_free(&queue);
}

/* Puts and gets mixed, compared with a search through all items. */
static void a_heap_gives_its_smallest_item_first(void **state)
{
    (void)state;
    job_queue queue;
    struct job in[64], job;
    size_t count = 0;
    eddy_priority_init(&queue, 64, by_priority);
    for (int i = 0; i < 5000; i++) {
        if (next_random() % 2 && count < 64) {
            in[count] = (struct job){(int)(next_random() % 8), i, ""};
            assert_true(eddy_queue_try_put(&queue, in[count++]));
        } else if (eddy_queue_try_get(&queue, &job)) {
            size_t least = 0;
            for (size_t k = 1; k < count; k++)
                if (in[k].priority < in[least].priority)
                    least = k;
            assert_int_equal(job.number, in[least].number);
            memmove(in + least, in + least + 1, (--count - least) * sizeof *in);
        }
        assert_int_equal(eddy_queue_size(&queue), count);
    }
    eddy_queue_free(&queue);
}

struct wide {
    long double key; /* aligned to 16 */
    int number;
};
typedef eddy_queue_of(struct wide) wide_queue;

static int by_key(const struct wide *a, const struct wide *b)
{
    return ((uintptr_t)a % _Alignof(struct wide) || (uintptr_t)b % _Alignof(struct wide))
               ? 0
               : (a->key > b->key) - (a->key < b->key);
}

static void items_are_aligned_for_the_comparison(void **state)
{
    (void)state;
    wide_queue queue;
    struct wide item;
    eddy_priority_init(&queue, 0, by_key);
    for (int i = 0; i < 20; i++) {
        item = (struct wide){(i * 7) % 20, i};
        assert_true(eddy_queue_try_put(&queue, item));
    }
    for (int i = 0; i < 20; i++) {
        assert_true(eddy_queue_try_get(&queue, &item));
        assert_true(item.key == i);
    }
    eddy_queue_free(&queue);
}

static void a_freed_queue_holds_nothing_and_takes_nothing(void **state)
{
    (void)state;
    int_queue queue;
    long blocks = memory_live_blocks();
    int item;
    eddy_queue_init(&queue, 0);
    assert_int_equal(memory_live_blocks(), blocks);
    assert_true(eddy_queue_try_put(&queue, 1));
    assert_int_equal(memory_live_blocks(), blocks + 1);
    eddy_queue_free(&queue);
    eddy_queue_free(&queue);
    assert_int_equal(memory_live_blocks(), blocks);
    assert_false(eddy_queue_try_put(&queue, 1));
    assert_false(eddy_queue_try_get(&queue, &item));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_first_out),
        cmocka_unit_test(last_in_first_out),
        cmocka_unit_test(a_ring_keeps_its_order_while_it_wraps_and_grows),
        cmocka_unit_test(smallest_first_and_ties_in_the_order_of_putting),
        cmocka_unit_test(a_heap_gives_its_smallest_item_first),
        cmocka_unit_test(items_are_aligned_for_the_comparison),
        cmocka_unit_test(a_freed_queue_holds_nothing_and_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
