/* SPDX-License-Identifier: MIT */
/* chains.c - tasks that wait for each other: in long chains, in circles, and in crowds. */
#include <errno.h>
#include <eddy/keywords.h>
#include "check.h"

/* A request that recursed from frame to frame would need about 80 bytes of stack for each: more than the requester
 * has here. */
enum { LINKS = 5000, NATIVE_LINKS = 100000, REQUESTS = 70000 };

async_declare_static(int, link_of, (int, below), (eddy_event *, at_the_end));

async_define_static(int, link_of, (int, below), (eddy_event *, at_the_end))
{
    eddy_error err;
    if (below) {
        int length = await(spawn(link_of(below - 1, at_the_end)), &err);
        eddy_event_set(at_the_end); /* without memory the chain ends here */
        if (err.code)
            rethrow(&err);
        return length + 1;
    }
    eddy_event_set(at_the_end);
    await_always(eddy_sleep(1000), &err);
    CHECK(err.code == ECANCELED && !strcmp(err.message, "enough"));
    rethrow(&err);
}

async(void, asks, (struct link_of *, t))
{
    eddy_cancel(t, "enough");
}

/* Rule: a request reaches the end of a chain of any length. */
async(void, long_chain)
{
    eddy_error err;
    eddy_event at_the_end = EDDY_EVENT_INIT;
    struct link_of *t = spawn(link_of(LINKS, &at_the_end));
    while (!eddy_event_is_set(&at_the_end) && !eddy_done(t)) /* without memory the chain may end earlier */
        await(eddy_sleep(0));
    await(spawn(asks(t)));
    await(t, &err);
    CHECK(err.code == ECANCELED && eddy_all_tasks(NULL, NULL) == 1);
}

/* The same through gathers, which are separate operations. */
async(void, chain_of_gathers)
{
    eddy_error err;
    eddy_task **tasks = malloc((NATIVE_LINKS + 1) * sizeof *tasks);
    defer(free, tasks);
    tasks[0] = eddy_task_of(spawn(eddy_sleep(1000)));
    for (int i = 1; i <= NATIVE_LINKS; i++)
        tasks[i] = eddy_task_of(spawn(eddy_gather_array(&tasks[i - 1], 1)));
    await(eddy_sleep(0));
    eddy_cancel(tasks[NATIVE_LINKS], "enough");
    await(eddy_wait(tasks, NATIVE_LINKS + 1, EDDY_ALL_COMPLETED));
    for (int i = 0; i <= NATIVE_LINKS; i++) {
        CHECK(eddy_cancelled(tasks[i]));
        await(tasks[i], &err);
    }
}

/* Was cancelled once, went on, and awaits the one below by an operation. */
async(void, stubborn, (eddy_task **, below))
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    eddy_error_free(&err);
    await(eddy_gather_array(below, 1));
}

/* The same if each task was cancelled before: its second request is passed on by another way than its first. */
async(void, chain_of_the_cancelled)
{
    eddy_error err;
    eddy_task **tasks = malloc((LINKS + 1) * sizeof *tasks);
    defer(free, tasks);
    tasks[0] = eddy_task_of(spawn(eddy_sleep(1000)));
    for (int i = 1; i <= LINKS; i++)
        tasks[i] = eddy_task_of(spawn(stubborn(&tasks[i - 1])));
    await(eddy_sleep(0));
    for (int i = 1; i <= LINKS; i++)
        eddy_cancel(tasks[i]);
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    CHECK(!eddy_done(tasks[LINKS]) && !eddy_done(tasks[0]));
    eddy_cancel(tasks[LINKS]);
    await(eddy_wait(tasks, LINKS + 1, EDDY_ALL_COMPLETED));
    for (int i = 0; i <= LINKS; i++) {
        CHECK(eddy_cancelled(tasks[i]));
        await(tasks[i], &err);
        eddy_error_free(&err);
    }
}

/* Rule: requests are counted, up to any number. */
async(void, many_requests)
{
    eddy_error err;
    eddy_task *t = eddy_task_of(spawn(eddy_sleep(1000)));
    for (int i = 0; i < REQUESTS; i++)
        eddy_cancel(t);
    CHECK(eddy_cancelling(t) == REQUESTS);
    for (int i = 0; i < REQUESTS; i++)
        CHECK(eddy_uncancel(t) == REQUESTS - 1 - i);
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
}

/* ---- circles ---- */

enum { MEMBERS = 3, MANY_MEMBERS = 1000 };

async(void, member, (struct member **, next))
{
    await(eddy_sleep(0));
    await(*next);
}

static int failed_by_circle;

static void count_circle(const eddy_error *err, void *argument)
{
    (void)argument;
    failed_by_circle += err->code == EDDY_WAITS_FOR_ITSELF;
}

/* Rule: the await that would close a circle fails; the error names every member and where it was spawned. */
async(void, circle)
{
    eddy_error err;
    struct member *members[MEMBERS];
    char names[MEMBERS][80];
    for (int i = 0; i < MEMBERS; i++) {
        members[i] = spawn(member(&members[(i + 1) % MEMBERS]));
        snprintf(names[i], sizeof names[i], "\"%s\" (spawned at ", eddy_task_name(members[i]));
    }
    await(members[0], &err);
    CHECK(err.code == EDDY_WAITS_FOR_ITSELF && strstr(err.message, "chains.c:"));
    for (int i = 0; i < MEMBERS; i++)
        CHECK(strstr(err.message, names[i]));
}

/* The same if no frame has the tasks in its list, and no task waits for them. */
async(void, circle_of_many)
{
    static struct member *members[MANY_MEMBERS];
    failed_by_circle = 0;
    eddy_set_exception_handler(count_circle, NULL);
    for (int i = 0; i < MANY_MEMBERS; i++)
        members[i] = eddy_keep(spawn(member(&members[(i + 1) % MANY_MEMBERS])));
    while (eddy_all_tasks(NULL, NULL) > 1)
        await(eddy_sleep(0));
    CHECK(failed_by_circle == 1); /* the others passed it on, one to the next */
    eddy_set_exception_handler(NULL, NULL);
}

async_declare_static(void, child_of, (struct parent **, parent));

async(void, parent, (struct parent **, self), (bool, awaits))
{
    struct child_of *child = spawn(child_of(self));
    await(eddy_sleep(0));
    await(eddy_sleep(0));
    if (awaits)
        await(child);
}

async_define_static(void, child_of, (struct parent **, parent))
{
    eddy_error err;
    await(*parent, &err);
    CHECK(err.code == EDDY_WAITS_FOR_ITSELF);
    CHECK(strstr(err.message, "\"parent-") && strstr(err.message, "\"child_of-"));
    note("refused ");
}

/* Rule: a frame ends although a task that it spawned waits for the frame's task. */
async(void, child_awaits_its_parent, (bool, parent_awaits_too))
{
    eddy_error err;
    struct parent *t = spawn(parent(&t, parent_awaits_too));
    while (eddy_all_tasks(NULL, NULL) > 1)
        await(eddy_sleep(0));
    CHECK_LOG("refused ");
    await(t, &err);
    CHECK(err.code == (parent_awaits_too ? EDDY_WAITS_FOR_ITSELF : 0));
}

/* ---- circles through waits for several ---- */

/* The operation by which a task waits for the next one in the circle. */
enum link { BY_AWAIT, BY_SHIELD, BY_GATHER, BY_SETTLED, BY_ARRAY, BY_WAIT, BY_FIRST, BY_ORDER, BY_GROUP, LINKS_IN_ALL };

async(void, sleeps, (double, seconds))
{
    await(eddy_sleep(seconds));
}

async(void, awaits, (eddy_task **, other))
{
    await_shielded(*other);
}

async(void, waits_by, (enum link, link), (eddy_task **, other))
{
    await(eddy_sleep(0));
    switch (link) {
    case BY_AWAIT:
        await(*other);
        break;
    case BY_SHIELD:
        await_shielded(*other);
        break;
    case BY_GATHER:
        await(eddy_gather(sleeps(0.001), *other));
        break;
    case BY_SETTLED:
        await(eddy_gather_settled(*other));
        break;
    case BY_ARRAY:
        await(spawn(eddy_gather_array(other, 1)));
        break;
    case BY_WAIT:
        await(eddy_wait(other, 1, EDDY_ALL_COMPLETED));
        break;
    case BY_FIRST:
        await(eddy_wait(other, 1, EDDY_FIRST_COMPLETED));
        break;
    case BY_ORDER:
        async_for (t, eddy_as_completed(other, 1))
            (void)t;
        break;
    default:
        async_with (group, eddy_task_group()) {
            eddy_group_spawn(group, awaits(other));
            if (!eddy_done(*other)) /* the other task goes first: so both orders of closing the circle are tested */
                await(eddy_sleep(0));
            await(eddy_sleep(0));
        }
    }
}

static char circle_told[1024];

static void keep_circle(const eddy_error *err, void *argument)
{
    (void)argument;
    if (err->code == EDDY_WAITS_FOR_ITSELF)
        snprintf(circle_told, sizeof circle_told, "%s", err->message);
}

async(void, ends_alone)
{
    while (eddy_all_tasks(NULL, NULL) > 1)
        await(eddy_sleep(0.001));
}

/* Rule: a circle is reported with its members, by whatever operation its tasks wait, and none of them hangs. */
async(void, circle_by, (enum link, one), (enum link, two))
{
    eddy_error err;
    enum link links[2] = {one, two};
    eddy_task *tasks[2];
    char names[2][80];
    circle_told[0] = '\0';
    eddy_set_exception_handler(keep_circle, NULL); /* awaits the task whose handle the other one had */
    for (int i = 0; i < 2; i++) {
        tasks[i] = eddy_task_of(eddy_keep(spawn(waits_by(links[i], &tasks[!i]))));
        snprintf(names[i], sizeof names[i], "\"%s\" (spawned at ", eddy_task_name(tasks[i]));
    }
    await(ends_alone());
    for (int i = 0; i < 2; i++)
        if (links[!i] != BY_AWAIT) {
            await_shielded(tasks[i], &err);
            keep_circle(&err, NULL);
            eddy_detach(tasks[i]);
        }
    eddy_set_exception_handler(NULL, NULL);
    for (int i = 0; i < 2; i++)
        CHECK(strstr(circle_told, names[i]));
}

async(void, waits_for_itself_by, (enum link, link), (eddy_task **, self))
{
    eddy_error err;
    await(waits_by(link, self), &err);
    CHECK(err.code == EDDY_WAITS_FOR_ITSELF && strstr(err.message, "\"waits_for_itself_by-"));
    note("refused ");
}

/* Rule: a task that waits for itself is a circle of one. */
async(void, circle_of_one, (enum link, link))
{
    eddy_task *t = eddy_task_of(eddy_keep(spawn(waits_for_itself_by(link, &t))));
    await(ends_alone());
    await(t);
    CHECK_LOG("refused ");
}

async(void, waits_for_first, (eddy_task **, others), (size_t, count), (bool, in_order))
{
    await(eddy_sleep(0));
    if (!in_order) {
        await(eddy_wait(others, count, EDDY_FIRST_COMPLETED));
        return;
    }
    async_for (t, eddy_as_completed(others, count)) {
        (void)t;
        break;
    }
}

/* Rule: a task that waits for the first of several is stuck when all of them are stuck, and not before. */
async(void, circle_of_all_that_may_be_first, (bool, one_is_free), (bool, in_order))
{
    eddy_error err;
    int refused = 0;
    eddy_task *waiter = NULL, *others[3];
    others[0] = eddy_task_of(eddy_keep(spawn(awaits(&waiter))));
    others[1] = one_is_free ? eddy_task_of(eddy_keep(spawn(sleeps(0.01))))
                            : eddy_task_of(eddy_keep(spawn(awaits(&waiter))));
    others[2] = eddy_task_of(eddy_keep(spawn(awaits(&waiter))));
    waiter = eddy_task_of(eddy_keep(spawn(waits_for_first(others, 3, in_order))));
    await(ends_alone());
    for (int i = 0; i < 3; i++) {
        await(others[i], &err);
        refused += err.code == EDDY_WAITS_FOR_ITSELF;
    }
    await(waiter, &err);
    refused += err.code == EDDY_WAITS_FOR_ITSELF;
    CHECK(one_is_free ? refused == 0 : refused > 0); /* the error goes on to the task that awaits the one that has it */
}

async_declare_static(void, waits_for_block, (eddy_task **, block));

async(void, block_of, (eddy_task **, self), (bool, fails))
{
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, waits_for_block(self));
        await(eddy_sleep(0.001));
        if (fails)
            throw(EDOM);
    }
}

async_define_static(void, waits_for_block, (eddy_task **, block))
{
    eddy_error err;
    eddy_task *both[] = {*block, *block};
    await(eddy_gather_array(both, 2), &err);
    CHECK(err.code == EDDY_WAITS_FOR_ITSELF && strstr(err.message, "\"block_of-"));
    note("refused ");
}

/* Rule: a block ends although a task of its group waits for the block's task: that wait fails. */
async(void, member_waits_for_its_block, (bool, fails))
{
    eddy_error err;
    eddy_task *t = eddy_task_of(spawn(block_of(&t, fails)));
    await(t, &err);
    CHECK(err.code == (fails ? EDOM : 0));
    CHECK_LOG("refused ");
}

/* Rule: a wait that is over does not count: tasks may wait for each other by turns. */
async(void, waits_by_turns)
{
    eddy_task *waiter = NULL;
    eddy_task *t = eddy_task_of(spawn(sleeps(0.001)));
    waiter = eddy_task_of(spawn(awaits(&t)));
    await(eddy_sleep(0));
    await(eddy_gather(t, waiter));
    eddy_task *late = eddy_task_of(spawn(awaits(&waiter)));
    await(late);
}

/* ---- errors upon errors ---- */

enum { LEVELS = 2000 };

async_declare_static(void, fails_upon, (int, below), (eddy_event *, at_the_end));

async(void, fails_when_cancelled, (int, level))
{
    eddy_error err;
    await_always(eddy_sleep(1000), &err);
    throw(EIO, "at level %d", level);
}

async_define_static(void, fails_upon, (int, level), (eddy_event *, at_the_end))
{
    defer(eddy_event_set, at_the_end); /* without memory it ends here */
    async_with (group, eddy_task_group()) {
        eddy_group_spawn(group, fails_when_cancelled(level));
        if (level)
            eddy_group_spawn(group, fails_upon(level - 1, at_the_end));
        else
            eddy_event_set(at_the_end);
    }
}

/* Rule: nested errors of any depth are reported as far as they are read, and freed, on any stack. */
async(void, deep_errors)
{
    eddy_error err;
    static char text[100000];
    eddy_event at_the_end = EDDY_EVENT_INIT;
    struct fails_upon *t = spawn(fails_upon(LEVELS, &at_the_end));
    while (!eddy_event_is_set(&at_the_end) && !eddy_done(t))
        await(eddy_sleep(0));
    await(eddy_sleep(0));
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == EIO);
    CHECK(eddy_error_format(&err, text, sizeof text) < sizeof text);
    CHECK(strstr(text, "left out"));
}

async(int, main_task)
{
    await(long_chain());
    await(chain_of_gathers());
    await(chain_of_the_cancelled());
    await(many_requests());
    await(circle());
    await(circle_of_many());
    await(child_awaits_its_parent(false));
    await(child_awaits_its_parent(true));
    for (enum link one = BY_AWAIT; one < LINKS_IN_ALL; one++)
        for (enum link two = BY_AWAIT; two < LINKS_IN_ALL; two++)
            await(circle_by(one, two));
    for (enum link link = BY_SHIELD; link < LINKS_IN_ALL; link++)
        await(circle_of_one(link));
    for (int kind = 0; kind < 4; kind++)
        await(circle_of_all_that_may_be_first(kind & 1, kind & 2));
    await(member_waits_for_its_block(false));
    await(member_waits_for_its_block(true));
    await(waits_by_turns());
    await(deep_errors());
    struct link_of *t = spawn(link_of(LINKS, &(eddy_event)EDDY_EVENT_INIT));
    await(eddy_sleep(0));
    eddy_detach(t); /* one is left for the end of the run */
    return 0;
}

int main(void)
{
    return eddy_run(main_task());
}
