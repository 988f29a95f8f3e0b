/* SPDX-License-Identifier: MIT */
/* tasks.c - tasks, futures, waiting for several, context variables, awaitables of your own */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

async(int, work, (double, seconds), (int, value))
{
    await(eddy_sleep(seconds));
    if (value < 0)
        throw(EDOM, "%d is negative", value);
    return value;
}

// [spawn]
async(int, at_the_same_time)
{
    struct work *a = spawn(work(1, 2)); /* begins in the next pass of the loop */
    struct work *b = spawn_eager(work(1, 3)); /* runs at once, until it first waits */
    int sum = await(a);
    return sum + await(b);
}
// [spawn]

// [with]
async(void, named)
{
    eddy_spawn_options options = {.size = sizeof options, .name = "heavy", .stack_size = 1 << 20};
    struct work *t = spawn_with(work(1, 1), &options);
    printf("%s\n", eddy_task_name(t));
    await(t);
}
// [with]

// [facts]
static void print_task(eddy_task *task, void *argument)
{
    const struct eddy_site *site = eddy_task_site(task);
    (void)argument;
    printf("%s, %s\n", eddy_task_name(task), site && site->line > 0 ? "spawned by a line of ours" : "the library's");
}

async(void, facts)
{
    struct work *t = spawn(work(1, 1));
    eddy_task_set_name(t, "worker");
    printf("%zu tasks\n", eddy_all_tasks(print_task, NULL));
    printf("%d\n", eddy_task_of(t) == eddy_current_task());
    await(eddy_sleep(2));
    printf("%d %d\n", eddy_done(t), eddy_cancelled(t));
    await(t);
}
// [facts]

// [callback]
static void ended(const char *name)
{
    printf("%s has ended\n", name);
}

async(void, with_callback)
{
    struct work *t = spawn(work(1, 1));
    if (eddy_add_done_callback(t, ended, "work") != 0)
        throw(ENOMEM, "a callback");
    await(eddy_sleep(2));
    await(t);
}
// [callback]

// [detach]
async(void, background)
{
    eddy_detach(spawn(work(1, 1))); /* the result is not awaited; an error goes to the exception handler */
}

async(struct work *, begin)
{
    return eddy_keep(spawn(work(1, 7))); /* may outlive this function: the caller awaits it */
}
// [detach]

// [future]
typedef future_of(int) int_future;

static void answer(int_future *f)
{
    eddy_set_result(f, 42);
}

async(int, ask)
{
    int_future *f = eddy_future_new(int_future);
    defer(eddy_future_free, f);
    eddy_call_later(1, answer, f);
    return await(f);
}
// [future]

// [gather]
async(int, all_of_them)
{
    struct work *a = spawn(work(1, 10)), *b = spawn(work(2, 20));
    await(eddy_gather(a, b)); /* fails with the first failure */
    int sum = await(a);       /* has ended: the await returns at once */
    return sum + await(b);
}

async(int, failures_of_many)
{
    int failures = 0;
    struct work *tasks[10];
    for (int i = 0; i < 10; i++)
        tasks[i] = spawn(work(1, i % 3 - 1));
    await(eddy_gather_array_settled(tasks, 10)); /* waits for all, whether they succeed or fail */
    for (int i = 0; i < 10; i++) {
        eddy_error err;
        await(tasks[i], &err);
        failures += err.code != 0;
    }
    return failures;
}
// [gather]

// [wait]
async(int, fastest)
{
    struct work *tasks[] = {spawn(work(3, 3)), spawn(work(1, 1)), spawn(work(2, 2))};
    await(eddy_wait(tasks, 3, EDDY_FIRST_COMPLETED));
    for (int i = 0; i < 3; i++)
        if (eddy_done(tasks[i]))
            return await(tasks[i]); /* the others are cancelled and joined when this function ends */
    return -1;
}
// [wait]

// [shield]
async(int, within_a_second, (struct work *, t))
{
    async_with (scope, eddy_move_on_after(1))
        return await_shielded(t); /* after a second the wait ends, and the task goes on */
    return 0;
}

async(int, impatient)
{
    struct work *t = spawn(work(3, 5));
    int early = await(within_a_second(t));
    return early ? early : await(t); /* finally it is awaited */
}
// [shield]

// [awaitable]
struct alarm {
    struct eddy_awaitable awaitable; /* first */
    int result;                      /* the result type of its await */
    double seconds;
    eddy_handle *handle;
};

static void ring(struct alarm *alarm)
{
    alarm->result = 7;
    eddy_complete(alarm);
}

static void alarm_start(struct eddy_awaitable *a)
{
    struct alarm *alarm = (struct alarm *)a;
    alarm->handle = eddy_call_later(alarm->seconds, ring, alarm);
    if (!alarm->handle)
        eddy_complete_error(a, ENOMEM, "an alarm in %g seconds", alarm->seconds);
}

static void alarm_cancel(struct eddy_awaitable *a)
{
    eddy_handle_cancel(((struct alarm *)a)->handle);
    eddy_complete_error(a, ECANCELED);
}

static const struct eddy_awaitable_type alarm_type = {.name = "alarm", .start = alarm_start, .cancel = alarm_cancel};

static struct alarm alarm_in(double seconds)
{
    return (struct alarm){EDDY_AWAITABLE_INIT(&alarm_type), .seconds = seconds};
}
// [awaitable]

// [context]
static eddy_context_var user = EDDY_CONTEXT_VAR_INIT("user", "nobody");

async(void, greet)
{
    await(eddy_sleep(1));
    printf("hello, %s\n", (const char *)eddy_context_get(&user));
}

async(void, serve, (const char *, name))
{
    if (eddy_context_set(&user, (void *)name) != 0) /* for this task, and for those that it calls and spawns */
        throw(ENOMEM, "the user %s", name);
    await(greet());
}
// [context]

// [describe]
async(void, describe)
{
    char text[100];
    struct work *t = spawn(work(1, 1));
    eddy_describe(t, text, sizeof text);
    printf("%.12s...\n", text); /* <task object work-17 at 0x55d0c8a3e2b0 (created)> */
    await(t);
}
// [describe]

async(void, main_task)
{
    printf("%d\n", await(at_the_same_time()));
    await(named());
    await(facts());
    await(with_callback());
    await(background());
    struct work *t = await(begin());
    printf("%d\n", await(t));
    printf("%d %d\n", await(ask()), await(all_of_them()));
    printf("%d %d\n", await(failures_of_many()), await(fastest()));
    printf("%d\n", await(alarm_in(1)));
    await(eddy_gather(serve("ann"), serve("bob"), greet()));
    await(describe());
    printf("%d\n", await(impatient()));
}

int main(void)
{
    return eddy_run(main_task());
}
