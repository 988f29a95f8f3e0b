/* SPDX-License-Identifier: MIT */
/* awaitables.c - awaitables of a user's own: start, cancel, and completion, at once or later. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

/* Completes at once, inside start. */
struct answer {
    struct eddy_awaitable awaitable;
    int result;
    int wanted;
};

static void answer_start(struct eddy_awaitable *a)
{
    struct answer *self = (struct answer *)a;
    self->result = self->wanted;
    eddy_complete(self);
}

static const struct eddy_awaitable_type answer_type = {.name = "answer", .start = answer_start};

static struct answer answer(int n)
{
    return (struct answer){EDDY_AWAITABLE_INIT(&answer_type), .wanted = n};
}

/* Fails at once; has no result. */
struct refusal {
    struct eddy_awaitable awaitable;
    eddy_void result;
};

static void refusal_start(struct eddy_awaitable *a)
{
    eddy_complete_error(a, EAGAIN, "refused %d times", 1);
}

static const struct eddy_awaitable_type refusal_type = {.name = "refusal", .start = refusal_start};

static struct refusal refusal(void)
{
    return (struct refusal){EDDY_AWAITABLE_INIT(&refusal_type)};
}

/* Completes later, from a callback. Can be cancelled, at once or after a while. */
struct alarm_clock {
    struct eddy_awaitable awaitable;
    const char *result;
    double seconds;
    bool slow_cancel;
    eddy_handle *timer;
};

static void ring(struct alarm_clock *self)
{
    self->result = "ring";
    eddy_complete(self);
}

static void stopped(struct alarm_clock *self)
{
    eddy_complete_error(self, ECANCELED);
}

static void alarm_start(struct eddy_awaitable *a)
{
    struct alarm_clock *self = (struct alarm_clock *)a;
    self->timer = eddy_call_later(self->seconds, ring, self);
    if (!self->timer)
        eddy_complete_error(self, ENOMEM);
}

static void alarm_cancel(struct eddy_awaitable *a)
{
    struct alarm_clock *self = (struct alarm_clock *)a;
    note("cancel ");
    eddy_handle_cancel(self->timer);
    if (!self->slow_cancel || !eddy_call_later(0.001, stopped, self))
        stopped(self);
}

static const struct eddy_awaitable_type alarm_type = {.name = "alarm", .start = alarm_start, .cancel = alarm_cancel};

static struct alarm_clock alarm_clock(double seconds, bool slow_cancel)
{
    return (struct alarm_clock){EDDY_AWAITABLE_INIT(&alarm_type), .seconds = seconds, .slow_cancel = slow_cancel};
}

/* Cannot be stopped: a request makes it succeed. */
struct hurried {
    struct eddy_awaitable awaitable;
    int result;
};

static void hurried_start(struct eddy_awaitable *a)
{
    (void)a;
}

static void hurried_cancel(struct eddy_awaitable *a)
{
    ((struct hurried *)a)->result = 7;
    eddy_complete(a);
}

static const struct eddy_awaitable_type hurried_type = {
    .name = "hurried", .start = hurried_start, .cancel = hurried_cancel};

static struct hurried hurried(void)
{
    return (struct hurried){EDDY_AWAITABLE_INIT(&hurried_type)};
}

async(int, is_hurried)
{
    eddy_error err;
    int result = await(hurried());
    await_always(eddy_sleep(1000), &err); /* the request is delivered here */
    return err.code == ECANCELED ? result : 0;
}

async(void, a_result_leaves_the_request)
{
    struct is_hurried *t = spawn(is_hurried());
    await(eddy_sleep(0));
    CHECK(eddy_cancel(t));
    CHECK(await(t) == 7);
}

async(void, at_once)
{
    eddy_error err;
    struct answer op = answer(4);
    CHECK(await(answer(3)) + await(&op) == 7); /* as a value, and through a pointer */
    await(refusal(), &err);
    CHECK(err.code == EAGAIN && !strcmp(err.message, "refused 1 times"));
    struct answer *t = spawn(answer(5)); /* spawn takes any awaitable */
    CHECK(await(t) == 5);
    struct refusal *r = spawn(refusal());
    await(r, &err);
    CHECK(err.code == EAGAIN);
    int slot = 0;
    async_with (group, eddy_task_group())
        eddy_group_spawn(group, answer(6), &slot);
    CHECK(slot == 6);
    await(eddy_gather(answer(1), answer(2)));
    CHECK(await_for(answer(8), 1000) == 8);
}

async(const char *, waits, (bool, slow_cancel))
{
    return await(alarm_clock(1000, slow_cancel));
}

async(void, later)
{
    eddy_error err;
    CHECK(!strcmp(await(alarm_clock(0.001, false)), "ring"));
    struct alarm_clock *a = spawn(alarm_clock(0.001, false)), *b = spawn(alarm_clock(0.002, false));
    CHECK(!strcmp(await(b), "ring") && eddy_done(a) && !strcmp(await(a), "ring"));
    for (int slow = 0; slow < 2; slow++) {
        struct waits *t = spawn(waits(slow)); /* the task that waits for it is cancelled */
        await(eddy_sleep(0));
        eddy_cancel(t);
        await(t, &err);
        CHECK(err.code == ECANCELED);
        struct alarm_clock *native = spawn(alarm_clock(1000, slow)); /* a task of the awaitable is cancelled */
        await(eddy_sleep(0));
        eddy_cancel(native);
        await(native, &err);
        CHECK(err.code == ECANCELED);
        await_for(alarm_clock(1000, slow), 0.001, &err);
        CHECK(err.code == ETIMEDOUT);
    }
    CHECK_LOG("cancel cancel cancel cancel cancel cancel ");
}

/* ---- completed twice ---- */

struct twice {
    struct eddy_awaitable awaitable;
    eddy_void result;
};
static struct eddy_awaitable *started;
static int ends, misuses;

static void start_twice(struct eddy_awaitable *a)
{
    started = a;
}

static const struct eddy_awaitable_type twice_type = {.name = "twice", .start = start_twice};

static void end_twice(void *nothing)
{
    (void)nothing;
    ends += eddy_complete(started);
    ends += eddy_complete(started);
    ends += eddy_complete_error(started, EIO, "late");
}

static void count_misuse(const eddy_error *err, void *nothing)
{
    (void)nothing;
    misuses += err->code == EDDY_INVALID_STATE && strstr(err->message, "\"twice\"");
}

async(void, ended_twice)
{
    struct twice twice = {EDDY_AWAITABLE_INIT(&twice_type)};
    (eddy_set_exception_handler)(count_misuse, NULL);
    CHECK(!eddy_complete(&twice)); /* the second one was not even started */
    if (!eddy_call_soon(end_twice, NULL))
        throw(ENOMEM);
    await(twice);
    CHECK(ends == 1 && misuses == 3);
    (eddy_set_exception_handler)(NULL, NULL);
}

async(int, main_task)
{
    await(ended_twice());
    await(at_once());
    await(later());
    await(a_result_leaves_the_request());
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
