/* SPDX-License-Identifier: MIT */
/* test_gate.c - rules of names that lead to an owner until it has ended, and to nothing afterwards. */
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <time.h>

#include <cmocka.h>

#include "../account/account.h"
#include "os/gate.h"

static void a_name_finds_its_owner_until_the_owner_ends(void **state)
{
    (void)state;
    int owner;
    uintptr_t name = gate_open(&owner);
    assert_int_not_equal(name, 0);
    assert_ptr_equal(gate_enter(name), &owner);
    gate_leave(name);
    gate_close(name);
    assert_null(gate_enter(name));
}

static void an_unknown_name_finds_no_owner(void **state)
{
    (void)state;
    const uintptr_t others[] = {0, 1, 77777, UINTPTR_MAX, (uintptr_t)&others};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(gate_enter(others[i]));
        assert_false(gate_ref(others[i]));
        assert_false(gate_unref(others[i]));
    }
}

/* Many one after the other, and then many at a time, so that gates are used again and new ones are made. */
static void no_two_owners_have_the_same_name(void **state)
{
    (void)state;
    enum { OWNERS = 500 };
    static uintptr_t old[OWNERS], names[OWNERS];
    for (int i = 0; i < OWNERS; i++) {
        old[i] = gate_open(&old[i]);
        gate_close(old[i]);
    }
    for (int i = 0; i < OWNERS; i++)
        names[i] = gate_open(&names[i]);
    for (int i = 0; i < OWNERS; i++) {
        assert_null(gate_enter(old[i]));
        assert_ptr_equal(gate_enter(names[i]), &names[i]);
        gate_leave(names[i]);
    }
    for (int i = 0; i < OWNERS; i++)
        gate_close(names[i]);
    for (int i = 0; i < OWNERS; i++)
        assert_null(gate_enter(names[i]));
}

static void a_referenced_name_stays_known_and_its_gate_is_not_used_again(void **state)
{
    (void)state;
    int owner, later;
    uintptr_t name = gate_open(&owner);
    assert_true(gate_ref(name));
    gate_close(name);
    assert_true(gate_ref(name));
    uintptr_t next = gate_open(&later);
    assert_null(gate_enter(name));
    assert_true(gate_unref(name));
    assert_true(gate_unref(name));
    assert_false(gate_unref(name));
    assert_false(gate_ref(name));
    assert_ptr_equal(gate_enter(next), &later);
    gate_leave(next);
    gate_close(next);
}

struct visitor {
    uintptr_t name;
    int closed; /* atomic */
};

static void *close_it(void *argument)
{
    struct visitor *visitor = argument;
    gate_close(visitor->name);
    __atomic_store_n(&visitor->closed, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* While the gate closes, no other thread enters. Waiting shows only by the thread's not having gone on. */
static void an_owner_does_not_end_while_a_thread_is_inside(void **state)
{
    (void)state;
    struct visitor visitor = {.name = gate_open(&visitor)};
    pthread_t thread;
    assert_ptr_equal(gate_enter(visitor.name), &visitor);
    assert_int_equal(pthread_create(&thread, NULL, close_it, &visitor), 0);
    for (void *owner; (owner = gate_enter(visitor.name));)
        gate_leave(visitor.name);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    assert_false(__atomic_load_n(&visitor.closed, __ATOMIC_SEQ_CST));
    gate_leave(visitor.name);
    pthread_join(thread, NULL);
    assert_true(__atomic_load_n(&visitor.closed, __ATOMIC_SEQ_CST));
}

int main(void)
{
    if (account_allow_blocks)
        account_allow_blocks(5); /* names are known for good */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_finds_its_owner_until_the_owner_ends),
        cmocka_unit_test(an_unknown_name_finds_no_owner),
        cmocka_unit_test(no_two_owners_have_the_same_name),
        cmocka_unit_test(a_referenced_name_stays_known_and_its_gate_is_not_used_again),
        cmocka_unit_test(an_owner_does_not_end_while_a_thread_is_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
