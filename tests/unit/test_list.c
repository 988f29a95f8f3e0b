/* SPDX-License-Identifier: MIT */
/* test_list.c - rules of lists: items keep their order, any of them can be removed, none is lost. */
#include "base/list.h"
#include "base/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { ITEMS = 12, STEPS = 20000 };

struct item {
    unsigned number;
    struct list_link link;
};

/* A copy of the list as an array. */
struct model {
    struct item *items[ITEMS];
    size_t count;
};

static void insert(struct model *model, size_t at, struct item *item)
{
    memmove(model->items + at + 1, model->items + at, (model->count++ - at) * sizeof model->items[0]);
    model->items[at] = item;
}

static void erase(struct model *model, size_t at)
{
    memmove(model->items + at, model->items + at + 1, (--model->count - at) * sizeof model->items[0]);
}

static void check_equal(const struct list *list, const struct model *model)
{
    size_t at = 0;
    LIST_EACH(const struct item, item, list, link) {
        assert_true(at < model->count);
        assert_ptr_equal(item, model->items[at++]);
    }
    assert_int_equal(at, model->count);
    assert_int_equal(list_count(list), model->count);
    assert_int_equal(list_is_empty(list), model->count == 0);
    assert_ptr_equal(LIST_FIRST(list, struct item, link), model->count ? model->items[0] : NULL);
    assert_true(list_is_whole(list));
}

static size_t find(const struct model *model, const struct item *item)
{
    size_t at = 0;
    while (at < model->count && model->items[at] != item)
        at++;
    return at;
}

static void a_list_is_what_an_array_would_be(void **state)
{
    (void)state;
    struct item items[ITEMS] = {{0}};
    struct list list = {0};
    struct model model = {.count = 0};
    uint64_t random = 1;
    for (int step = 0; step < STEPS; step++) {
        struct item *item = &items[random_below(&random, ITEMS)];
        size_t at = find(&model, item);
        assert_int_equal(list_contains(&list, &item->link), at < model.count);
        if (at < model.count) {
            list_remove(&list, &item->link);
            erase(&model, at);
        } else if (random_below(&random, 2)) {
            list_add_first(&list, &item->link);
            insert(&model, 0, item);
        } else {
            list_add_last(&list, &item->link);
            insert(&model, model.count, item);
        }
        check_equal(&list, &model);
    }
}

static void a_list_may_move(void **state)
{
    (void)state;
    struct item items[3] = {{1, {0}}, {2, {0}}, {3, {0}}};
    struct list old = {0}, more = {0};
    list_add_last(&old, &items[0].link);
    list_add_last(&old, &items[1].link);
    struct list moved = list_take_all(&old);
    assert_true(list_is_empty(&old));
    list_add_last(&more, &items[2].link);
    list_append_all(&moved, &more);
    assert_true(list_is_empty(&more));
    check_equal(&moved, &(struct model){.items = {&items[0], &items[1], &items[2]}, .count = 3});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_what_an_array_would_be),
        cmocka_unit_test(a_list_may_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
