/* SPDX-License-Identifier: MIT */
/* managers.c - async_with: managers of a user's own, of a generator, of a lock. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

struct room {
    struct eddy_manager manager;
    const char *value;
    int refuse;  /* enter fails with this code */
    int replace; /* exit replaces a failure by this code */
    int seen;    /* what exit received */
};

static void room_enter(struct eddy_manager *manager, eddy_error *err)
{
    struct room *self = (struct room *)manager;
    eddy_await(eddy_sleep(0), err); /* may suspend */
    note("+");
    note(self->value);
    if (self->refuse)
        eddy_error_set(err, self->refuse, "%s is locked", self->value);
}

static void room_exit(struct eddy_manager *manager, eddy_error *err)
{
    struct room *self = (struct room *)manager;
    eddy_error own;
    eddy_await(eddy_sleep(0), &own);
    note("-");
    note(self->value);
    self->seen = err->code;
    if (self->replace)
        eddy_error_set(err, self->replace, "%s is on fire", self->value);
}

static struct room room(const char *name, int refuse, int replace)
{
    return (struct room){
        .manager = {.enter = room_enter, .exit = room_exit}, .value = name, .refuse = refuse, .replace = replace};
}

async(void, boom, (int, code))
{
    await(eddy_sleep(0));
    throw(code, "boom");
}

async(void, nested)
{
    async_with (a, room("a", 0, 0)) async_with (b, room("b", 0, 0)) {
        note(a);
        note(b);
    }
}

async(void, inner_refuses)
{
    async_with (a, room("a", 0, 0)) async_with (b, room("b", EACCES, 0))
        note("never");
}

async(void, fails_inside, (int, replace))
{
    async_with (a, room("a", 0, replace))
        await(boom(EIO));
}

async(void, exit_fails)
{
    async_with (a, room("a", 0, EBUSY))
        note("ok");
    note("never");
}

async(void, users)
{
    eddy_error err;
    await(nested()); /* B45: exits run in reverse order */
    CHECK_LOG("+a+bab-b-a");
    await(inner_refuses(), &err); /* B43: no exit for a manager that was not entered */
    CHECK(err.code == EACCES && !strcmp(err.message, "b is locked"));
    CHECK_LOG("+a+b-a");
    await(fails_inside(0), &err); /* B44: the failure is raised after the block */
    CHECK(err.code == EIO && !strcmp(err.message, "boom"));
    await(fails_inside(EPIPE), &err); /* B44: replaced; the first failure is the cause */
    CHECK(err.code == EPIPE && eddy_error_cause(&err).code == EIO);
    CHECK_LOG("+a-a+a-a");
    await(exit_fails(), &err);
    CHECK(err.code == EBUSY && !strcmp(err.message, "a is on fire"));
    CHECK_LOG("+aok-a");
}

async(void, waits_in_room)
{
    async_with (a, room("a", 0, 0))
        await(eddy_sleep(1000));
}

/* B46: cancelled inside the block, and inside enter. */
async(void, cancelled)
{
    eddy_error err;
    struct waits_in_room *t = spawn(waits_in_room());
    for (int pass = 0; pass < 5; pass++)
        await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    CHECK_LOG("+a-a");
    t = spawn(waits_in_room());
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    check_log[0] = '\0';
}

/* B52: a generator that yields once. */
generator(const char *, transaction, (const char *, name))
{
    note("begin ");
    eddy_error err;
    yield(name, &err);
    note(err.code ? "rollback " : "commit ");
    if (err.code)
        rethrow(&err);
}

generator(const char *, translates)
{
    eddy_error err;
    yield("x", &err);
    if (err.code == EIO)
        throw(EPROTO, "translated");
}

generator(const char *, yields_nothing)
{
    if (*check_log == 'z')
        yield("never");
}

generator(const char *, yields_twice)
{
    yield("once");
    yield("twice");
}

async(void, in_transaction, (int, code))
{
    async_with (name, eddy_manager_from_generator(transaction("t"))) {
        CHECK(!strcmp(name, "t"));
        if (code)
            throw(code);
    }
}

async(void, in_translation)
{
    async_with (x, eddy_manager_from_generator(translates()))
        await(boom(EIO));
}

async(void, with_nothing)
{
    async_with (x, eddy_manager_from_generator(yields_nothing()))
        note("never");
}

async(void, with_two)
{
    async_with (x, eddy_manager_from_generator(yields_twice()))
        note("body ");
}

async(void, of_generators)
{
    eddy_error err;
    await(in_transaction(0));
    CHECK_LOG("begin commit ");
    await(in_transaction(EDOM), &err);
    CHECK(err.code == EDOM);
    CHECK_LOG("begin rollback ");
    await(in_translation(), &err);
    CHECK(err.code == EPROTO && !strcmp(err.message, "translated"));
    await(with_nothing(), &err);
    CHECK(err.code == EDDY_GENERATOR_YIELDS);
    await(with_two(), &err);
    CHECK(err.code == EDDY_GENERATOR_YIELDS);
    CHECK_LOG("body ");
}

async(int, main_task)
{
    await(users());
    await(cancelled());
    await(of_generators());
    eddy_lock lock = EDDY_LOCK_INIT;
    async_with (held, eddy_lock_hold(&lock)) {
        CHECK(held == &lock && eddy_lock_locked(held));
    }
    CHECK(!eddy_lock_locked(&lock));
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
