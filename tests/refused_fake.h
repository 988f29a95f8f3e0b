/* SPDX-License-Identifier: MIT */
/*
 * refused_fake.h - the rest of a test of refused allocations, of a client that speaks to a server in its own program.
 * It is included last: it needs struct fake and fake_stop (the module's fake.h), refused.h, and of the test
 * `begins(struct fake *)`, which starts the server and uses the client, and `is_expected(code)`.
 */
#ifndef EDDY_TESTS_REFUSED_FAKE_H
#define EDDY_TESTS_REFUSED_FAKE_H

async(void, runs, (int *, code))
{
    struct fake *fake = calloc(1, sizeof *fake);
    eddy_error err;
    if (!fake)
        throw(ENOMEM);
    defer(free, fake);
    await(begins(fake), &err);
    *code = err.code;
    if (fake->server)
        await(fake_stop(fake), &err);
}

static void a_refused_allocation_is_an_error(void **state)
{
    long n = 0;
    (void)state;
    while (refuse_next(&n)) {
        int code = 0;
        eddy_error err;
        eddy_loop_options options = {.size = sizeof options, .log = say_nothing};
        eddy_run_with(&options, runs(&code), &err);
        refuse_no_more();
        if (!is_expected(code) || !is_expected(err.code))
            fail_msg("allocation %ld: %s, %s", n, eddy_error_name(code), eddy_error_name(err.code));
    }
    assert_true(n > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
