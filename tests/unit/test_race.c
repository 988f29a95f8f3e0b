/* SPDX-License-Identifier: MIT */
/* test_race.c - rules of io/race.h: when each attempt begins, which one wins, and that nothing of the others is
 * left. */
#include "io/race.h"

#include <math.h>

#include "run_clean.h"

/* What each attempt does: it sleeps, then returns its number or fails. */
struct script {
    double seconds;
    int code; /* 0: it succeeds */
};

static struct {
    const struct script *script;
    double start, begun[RACE_MOST];
    int began, cancelled, brought, discarded;
} course;

static void note_cancelled(bool *through)
{
    course.cancelled += !*through;
}

async(int64_t, run_script, (void *, argument), (size_t, i))
{
    bool through = false;
    (void)argument;
    course.begun[i] = eddy_time() - course.start;
    course.began++;
    defer(note_cancelled, &through);
    await(eddy_sleep(course.script[i].seconds));
    through = true;
    if (course.script[i].code)
        return -course.script[i].code;
    course.brought++;
    return (int64_t)i;
}

static void discard(int64_t brought)
{
    (void)brought;
    course.discarded++;
}

async(double, run_race, (const struct script *, script), (size_t, count), (double, stagger), (struct race *, race))
{
    memset(&course, 0, sizeof course);
    course.script = script;
    course.start = eddy_time();
    *race = (struct race){
        .attempt = race_attempt_of(run_script), .count = count, .stagger = stagger, .discard = discard};
    await(race_run(race));
    return eddy_time() - course.start;
}

#define NEAR(a, b) (fabs((a) - (b)) < 1e-6)

/* Exact times in the simulation; the order of times on every driver. */
static bool at(double measured, double expected)
{
    const char *driver = getenv("EDDY_DRIVER");
    return !driver || strcmp(driver, "sim") != 0 ? measured >= expected - 1e-9 : NEAR(measured, expected);
}

#define RACE(stagger, race, ...)                                                                                       \
    await(run_race((const struct script[]){__VA_ARGS__},                                                               \
                   sizeof((const struct script[]){__VA_ARGS__}) / sizeof(struct script), stagger, race))

async(void, first_is_quick)
{
    struct race race;
    CHECK(at(RACE(1000, &race, {0.1, 0}, {0.1, 0}), 0.1));
    CHECK(race.winner == 0 && course.began == 1 && course.discarded == 0);
}

async(void, first_is_slow)
{
    struct race race;
    CHECK(at(RACE(0.025, &race, {10, 0}, {10, 0}, {0.01, 0}, {0.01, 0}), 0.06));
    CHECK(race.winner >= 2 && at(course.began, 3)); /* if the clock is late, the fourth attempt may begin as well */
    CHECK(course.cancelled + course.discarded == course.began - 1);
    CHECK(at(course.begun[1], 0.025) && at(course.begun[2], 0.05));
}

async(void, failures_are_quick)
{
    struct race race;
    CHECK(at(RACE(10, &race, {0.01, ECONNREFUSED}, {0.02, ENETUNREACH}, {0.01, 0}), 0.04));
    CHECK(race.winner == 2 && race.results[0] == -ECONNREFUSED && race.results[1] == -ENETUNREACH);
    CHECK(at(course.begun[1], 0.01) && at(course.begun[2], 0.03));
}

/* An older attempt that fails does not begin the next one: the latest attempt has not had its time. */
async(void, an_older_one_fails)
{
    struct race race;
    CHECK(at(RACE(0.02, &race, {0.03, EIO}, {10, 0}, {0.01, 0}), 0.05));
    CHECK(race.winner == 2 && at(course.begun[1], 0.02) && at(course.begun[2], 0.04));
}

async(void, all_fail)
{
    struct race race;
    CHECK(at(RACE(0.02, &race, {0.05, ECONNREFUSED}, {0.01, EACCES}, {0.01, ETIMEDOUT}), 0.05));
    CHECK(race.winner == -1 && race.results[0] == -ECONNREFUSED && race.results[2] == -ETIMEDOUT);
    CHECK(course.cancelled == 0);
}

async(void, one_after_the_other)
{
    struct race race;
    CHECK(at(RACE(INFINITY, &race, {0.1, EIO}, {0.1, 0}, {0.1, 0}), 0.2));
    CHECK(race.winner == 1 && course.began == 2);
}

/* Two succeed in the same pass: one wins, and the other's result is discarded. */
async(void, a_tie)
{
    struct race race;
    RACE(0.02, &race, {0.04, 0}, {0.02, 0});
    CHECK(race.winner >= 0 && course.discarded == course.brought - 1);
}

async(void, nobody_runs)
{
    struct race race;
    CHECK(at(await(run_race(NULL, 0, 0.25, &race)), 0) && race.winner == -1);
}

async(void, is_cancelled)
{
    struct race race;
    const struct script script[] = {{1000, 0}, {1000, 0}};
    eddy_error err;
    struct run_race *running = spawn(run_race(script, 2, 0.01, &race));
    while (course.began < 2)
        await(eddy_sleep(0.01));
    eddy_cancel(running);
    await(running, &err);
    CHECK(err.code == ECANCELED && course.cancelled == 2);
}

/* ---- a request in the same pass in which an attempt succeeds ---- */

static eddy_task *racer;

async(int64_t, succeed_and_cancel, (void *, argument), (size_t, i))
{
    (void)argument;
    await(eddy_sleep(0.001));
    eddy_cancel(racer, "too late");
    course.brought++;
    return (int64_t)i;
}

async(int64_t, succeed_although_cancelled, (void *, argument), (size_t, i))
{
    eddy_error err;
    (void)argument;
    course.began++;
    await_always(eddy_sleep(10), &err);
    course.cancelled += err.code == ECANCELED;
    course.brought++;
    return (int64_t)i;
}

async(int, win, (race_attempt, attempt), (int *, next))
{
    eddy_error err;
    struct race race = {.attempt = attempt, .count = 2, .stagger = INFINITY, .discard = discard};
    await(race_run(&race));
    await_always(eddy_sleep(1), &err);
    *next = err.code;
    return race.winner;
}

/* Rule: what has been won is handed over, and the request waits for the next await. */
async(void, a_success_wins_over_a_request)
{
    int next = 0;
    memset(&course, 0, sizeof course);
    struct win *t = spawn(win(race_attempt_of(succeed_and_cancel), &next));
    racer = eddy_task_of(t);
    CHECK(await(t) == 0 && next == ECANCELED);
    CHECK(course.brought == 1 && course.discarded == 0);
}

async(void, a_success_while_the_race_is_called_off_wins)
{
    int next = 0;
    memset(&course, 0, sizeof course);
    struct win *t = spawn(win(race_attempt_of(succeed_although_cancelled), &next));
    while (!course.began)
        await(eddy_sleep(0));
    eddy_cancel(t);
    CHECK(await(t) == 0 && next == ECANCELED);
    CHECK(course.cancelled == 1 && course.brought == 1 && course.discarded == 0);
}

/* An await that the scope ends leaves this function as well, without an error: the caller makes the checks. */
async(void, race_in_cancelled_scope, (int *, winner), (int *, next))
{
    async_with (scope, eddy_cancel_scope()) {
        struct win *t = spawn(win(race_attempt_of(succeed_although_cancelled), next));
        while (!course.began)
            await(eddy_sleep(0));
        eddy_scope_cancel(scope);
        *winner = await(t);
    }
}

/* The same in a scope of trio's kind, which cancels the attempts, too. */
async(void, a_success_wins_over_a_cancelled_scope)
{
    int next = 0, winner = -1;
    memset(&course, 0, sizeof course);
    await(race_in_cancelled_scope(&winner, &next));
    CHECK(winner == 0 && next == ECANCELED);
    CHECK(course.cancelled == 1 && course.brought == 1 && course.discarded == 0);
}

#define TEST(name)                                                                                                     \
    static void name##__test(void **state)                                                                             \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        RUN_CLEAN(name());                                                                                             \
    }
TEST(first_is_quick)
TEST(first_is_slow)
TEST(failures_are_quick)
TEST(an_older_one_fails)
TEST(all_fail)
TEST(one_after_the_other)
TEST(a_tie)
TEST(nobody_runs)
TEST(is_cancelled)
TEST(a_success_wins_over_a_request)
TEST(a_success_while_the_race_is_called_off_wins)
TEST(a_success_wins_over_a_cancelled_scope)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_is_quick__test),      cmocka_unit_test(first_is_slow__test),
        cmocka_unit_test(failures_are_quick__test),  cmocka_unit_test(an_older_one_fails__test),
        cmocka_unit_test(all_fail__test),            cmocka_unit_test(one_after_the_other__test),
        cmocka_unit_test(a_tie__test),               cmocka_unit_test(nobody_runs__test),
        cmocka_unit_test(is_cancelled__test),
        cmocka_unit_test(a_success_wins_over_a_request__test),
        cmocka_unit_test(a_success_while_the_race_is_called_off_wins__test),
        cmocka_unit_test(a_success_wins_over_a_cancelled_scope__test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
