/* SPDX-License-Identifier: MIT */
/* test_shuffle.c - rules of shuffling a list: nothing is lost, all orders are equally frequent, a seed repeats its
 * order. */
#include "base/shuffle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 100000 };

struct item {
    struct shuffle_link link; /* first */
    unsigned number;
};

static struct item items[MOST];

static struct shuffle_link *make_list(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        items[i] = (struct item){{i + 1 < count ? &items[i + 1].link : NULL}, i};
    return count ? &items[0].link : NULL;
}

static unsigned number_of(const struct shuffle_link *link)
{
    return ((const struct item *)(const void *)link)->number;
}

static void nothing_is_lost(void **state)
{
    (void)state;
    static const unsigned counts[] = {0, 1, 2, 3, 64, 65, MOST};
    static uint8_t seen[MOST];
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        unsigned count = 0;
        memset(seen, 0, sizeof seen);
        for (struct shuffle_link *one = shuffle(make_list(counts[i]), &random); one; one = one->next) {
            assert_int_equal(seen[number_of(one)]++, 0);
            count++;
        }
        assert_int_equal(count, counts[i]);
    }
}

static void every_order_is_equally_likely(void **state)
{
    (void)state;
    enum { TIMES = 24000 };
    unsigned counts[4 * 4 * 4 * 4] = {0}, orders = 0;
    uint64_t random = 7;
    for (int i = 0; i < TIMES; i++) {
        unsigned order = 0;
        for (struct shuffle_link *one = shuffle(make_list(4), &random); one; one = one->next)
            order = order * 4 + number_of(one);
        counts[order]++;
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        orders += counts[i] > 0;
        assert_true(counts[i] == 0 || (counts[i] > TIMES / 24 / 2 && counts[i] < TIMES / 24 * 2));
    }
    assert_int_equal(orders, 24);
}

static void a_seed_repeats_it(void **state)
{
    (void)state;
    unsigned orders[2][50];
    for (int i = 0; i < 2; i++) {
        uint64_t random = 3;
        unsigned *next = orders[i];
        for (struct shuffle_link *one = shuffle(make_list(50), &random); one; one = one->next)
            *next++ = number_of(one);
    }
    assert_memory_equal(orders[0], orders[1], sizeof orders[0]);
}

int main(void)
{
    const struct CMUnitTest rules[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(every_order_is_equally_likely),
        cmocka_unit_test(a_seed_repeats_it),
    };
    return cmocka_run_group_tests(rules, NULL, NULL);
}
