/* SPDX-License-Identifier: MIT */
/*
 * sim_clock.c - the wait of the simulation: when its clock jumps, when it stops, when it runs.
 *
 * Invariant: the clock moves only in wait.
 *   - No task is ready and no work of this process is in flight: it jumps to the loop's deadline, or to the next
 *     event of the network.
 *   - Work is in flight: it stops. Calls on threads of the pool, and the work for which the program holds the clock,
 *     end as early as they would with infinitely fast threads.
 *   - Tasks are ready again and again: it runs, since the passes of a real loop take time, too. Each pass has a
 *     fixed price, and the first FREE are free of charge: only a program that keeps the loop turning for long sees
 *     it.
 * So a run without other processes is the same each time. Other processes know nothing of virtual time: a deadline
 * around one comes when as much real time has passed. The same holds for a call that works for longer than LONG:
 * perhaps it waits itself for an event that the clock must bring.
 */
#define _GNU_SOURCE
#include "base/assert.h"
#include "base/random.h"
#include "base/shuffle.h"
#include "os/clock.h"
#include "os/sim.h"

#define MICROSECOND (CLOCK_SECOND / 1000000)
#define MILLISECOND (CLOCK_SECOND / 1000)

/* How long the kernel may take before virtual time advances: loopback answers within microseconds. */
#define PATIENCE (2 * MILLISECOND)
#define LONG     CLOCK_SECOND
#define SLACK    (50 * MILLISECOND)

/* Prices: of a pass of the loop, and of a call of a thread that has ended. What is free of charge. */
#define TURN  (10 * MICROSECOND)
#define CALL  (100 * MICROSECOND)
#define FREE  (10 * MILLISECOND)

static size_t count_of(const size_t *atomic)
{
    return __atomic_load_n(atomic, __ATOMIC_SEQ_CST);
}

static bool others_work(const struct sim *sim)
{
    return sim->epoll.driver.real_time != 0 || count_of(&sim->epoll.driver.working) != 0;
}

/* ==== the real clock, while other processes or threads work ==== */

/* After news: work that is in progress now may have begun only now. */
static void begin_real_time(struct sim *sim)
{
    sim->real_begin = clock_monotonic();
    sim->real_from = sim->now;
}

/* How much further the real clock has advanced since then than the virtual one. */
static int64_t credit(const struct sim *sim)
{
    return clock_monotonic() - sim->real_begin - (sim->now - sim->real_from);
}

/* While other processes run, the clock follows the real one, with some slack: so a process that ends in a moment takes
 * no virtual time, and one that runs for long gets all the time that it needs. */
static void follow(struct sim *sim)
{
    const struct driver *driver = &sim->epoll.driver;
    if (!others_work(sim))
        sim->real_begin = 0;
    else if (sim->real_begin == 0 || count_of(&driver->held) != 0)
        begin_real_time(sim);
    else if (credit(sim) > (count_of(&driver->working) ? LONG : SLACK))
        sim->now += credit(sim);
}

/* How much real time must pass until the clock may reach `until`. */
static int64_t real_time_until(const struct sim *sim, int64_t until)
{
    int64_t span = until - sim->real_from;
    if (count_of(&sim->epoll.driver.working) != 0 && span < LONG)
        span = LONG;
    int64_t left = clock_add(sim->real_begin, span) - clock_monotonic();
    return left > 0 ? left : 0;
}

/* ==== asking the real world ==== */

/* Waits for the kernel. An event that lets no operation go on (a new socket is writable) is not news, and the rest
 * of the patience is kept. */
static int ask_world(struct sim *sim, int64_t patience, bool *woken, bool *news)
{
    int64_t end = clock_add(clock_monotonic(), patience);
    int error;
    do {
        error = epoll_gather(&sim->epoll, patience, woken);
        *news = error || *woken || !list_is_empty(&sim->epoll.done);
        if (patience != CLOCK_NEVER)
            patience = end - clock_monotonic();
    } while (!*news && patience > 0);
    return error;
}

static size_t calls_under_way(const struct sim *sim)
{
    return count_of(&sim->epoll.driver.working) - count_of(&sim->epoll.driver.ended);
}

/* Calls on threads are waited for before anything else goes on. So they take neither time nor passes, and end
 * together, whichever thread was faster. A call that posts to the loop, or takes long, may wait for the loop. */
static int await_calls(struct sim *sim, bool *woken)
{
    struct list done = list_take_all(&sim->epoll.done);
    int64_t left = LONG;
    int error = 0;
    bool now_woken = false, news;
    while (calls_under_way(sim) != 0 && count_of(&sim->epoll.driver.posted) == sim->posted && left > 0 && !error) {
        error = ask_world(sim, left, &now_woken, &news);
        list_append_all(&done, &sim->epoll.done);
        left = clock_add(sim->real_begin, LONG) - clock_monotonic();
        *woken |= now_woken;
    }
    sim->epoll.done = done;
    return error;
}

/* The loop will find calls of threads when it looks. A ring says less: a thread rings after it has posted its call,
 * perhaps only during a later wait, for which it must make no difference. */
static bool calls_have_come(const struct sim *sim)
{
    return count_of(&sim->epoll.driver.ended) != 0 || count_of(&sim->epoll.driver.posted) != sim->posted;
}

/* Operations of the kernel are in flight; an accept is a reason to look, but not to wait. */
static bool kernel_works(const struct sim *sim)
{
    return sim->epoll.driver.in_flight > sim->waiting;
}

/* How long the outside may take before the clock reaches `until`. */
static int64_t patience_for(const struct sim *sim, int64_t until)
{
    if (until <= sim->now)
        return 0;
    if (until == CLOCK_NEVER || count_of(&sim->epoll.driver.held) != 0)
        return CLOCK_NEVER;
    if (others_work(sim))
        return real_time_until(sim, until);
    return sim->epoll.driver.in_flight - sim->waiting > sim_listening(sim) ? PATIENCE : 0;
}

/* ==== moving the clock ==== */

/* The loop will come back at once. Beside foreign work only its results have a price. */
static void count_turn(struct sim *sim)
{
    if (calls_have_come(sim))
        sim->work += CALL;
    else if (!others_work(sim) && count_of(&sim->epoll.driver.held) == 0)
        sim->work += TURN;
}

/* The loop's work since the last wait takes its time, beyond what is free. */
static void pay(struct sim *sim)
{
    if (sim->work > FREE && count_of(&sim->epoll.driver.held) == 0) {
        sim->now += sim->work - FREE;
        sim->work = FREE;
    }
}

static void jump(struct sim *sim, int64_t until)
{
    EDDY_INVARIANT(until >= sim->now); /* the clock never goes back */
    sim->now = until;
    sim->work = 0;
}

/* The order that the seed chooses for completions of one wait. */
static void shuffle_done(struct sim *sim)
{
    _Static_assert(offsetof(struct list_link, next) == 0, "a list that can be shuffled");
    struct list *done = &sim->epoll.done;
    if (list_is_empty(done) || !random_chance(&sim->random, sim->weather.late))
        return;
    struct list_link *link = list_take_all(done).first, *next;
    for (link = (void *)shuffle((void *)link, &sim->random); link; link = next) {
        next = link->next;
        list_add_last(done, link);
    }
}

bool sim_would_progress(const struct sim *sim, int64_t deadline)
{
    if (!list_is_empty(&sim->epoll.done) || !list_is_empty(&sim->looks) || wakeup_is_rung(&sim->epoll.wakeup))
        return true;
    int64_t next = sim_next_event(sim), until = next < deadline ? next : deadline;
    if (until <= sim->now)
        return true;
    return until != CLOCK_NEVER && !others_work(sim) && count_of(&sim->epoll.driver.held) == 0;
}

int sim_wait(struct sim *sim, int64_t deadline)
{
    bool woken = false, later_woken = false, news = false;
    int error = 0;
    sim_beacon_light(sim, false);
    follow(sim);
    pay(sim);
    if (calls_under_way(sim) != 0 && real_time_until(sim, sim->real_from) != 0)
        error = await_calls(sim, &woken);
    sim_run_events(sim);
    int64_t next = sim_next_event(sim), until = next < deadline ? next : deadline;
    if (!list_is_empty(&sim->epoll.done) || woken || calls_have_come(sim))
        until = 0;
    int64_t patience = patience_for(sim, until);
    if (patience != 0 || kernel_works(sim) || wakeup_is_rung(&sim->epoll.wakeup))
        error = ask_world(sim, patience, &later_woken, &news);
    woken |= later_woken;
    if (until <= sim->now || calls_have_come(sim) || !list_is_empty(&sim->epoll.done))
        count_turn(sim);
    else if (!news)
        jump(sim, until);
    if ((woken || calls_have_come(sim)) && count_of(&sim->epoll.driver.working) != 0)
        begin_real_time(sim);
    sim_run_events(sim);
    shuffle_done(sim);
    sim->posted = count_of(&sim->epoll.driver.posted);
    epoll_deliver(&sim->epoll);
    return error;
}
