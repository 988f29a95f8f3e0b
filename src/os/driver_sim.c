/* SPDX-License-Identifier: MIT */
/*
 * driver_sim.c - the simulation: a virtual clock that jumps when nothing is ready, and a network of its own.
 *
 * It is the epoll driver with another wait, and with sockets that meet in memory (sim_net.c).  Invariant: the clock
 * moves only in wait, only to the deadline that the loop has given or to what is due in the network, and only when
 * nothing of this process is on its way: so a run without real descriptors and threads is the same each time.  With
 * real operations in flight the real world is asked first.  Other programs know nothing of virtual time: while one runs
 * the clock goes as fast as theirs (`real_time`), so that a deadline around one means what it says.
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include "base/random.h"
#include "os/clock.h"
#include "os/file_op.h"
#include "os/memory.h"

#include <errno.h>
#include <stdlib.h>

/* Not 0, which means "not at all" as a deadline. */
#define START (1000 * CLOCK_SECOND)
/* How long the real world may take before virtual time goes on: loopback answers within microseconds. */
#define PATIENCE (2 * (CLOCK_SECOND / 1000))

/* Sleeps in real time for what only the real world can bring; *quiet: it brought nothing.  An event that lets no
 * operation go on (a new socket is writable) is not news, and the rest of the patience is kept. */
static int ask_world(struct sim *sim, int64_t patience, bool *quiet)
{
    int64_t end = clock_add(clock_monotonic(), patience);
    int error;
    do {
        bool woken;
        error = epoll_gather(&sim->epoll, patience, &woken);
        *quiet = error == 0 && !woken && sim->epoll.done.first == NULL;
        if (patience != CLOCK_NEVER)
            patience = end - clock_monotonic();
    } while (*quiet && patience > 0 && patience != CLOCK_NEVER);
    return error;
}

/* How long the world may take: it is waited for only if something is under way there. */
static int64_t patience_for(const struct sim *sim, int64_t until)
{
    size_t real = sim->epoll.driver.in_flight - sim->waiting;
    if (until == CLOCK_NEVER)
        return CLOCK_NEVER;
    if (until <= sim->now)
        return 0;
    if (sim->epoll.driver.real_time)
        return until - sim->now;
    if (real == 0)
        return 0;
    return real > sim_listening(sim) ? PATIENCE : 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool outside(const struct sim *sim)
{
    return sim->epoll.driver.in_flight > sim->waiting || sim->epoll.driver.real_time ||
           __atomic_load_n(&sim->epoll.woken, __ATOMIC_SEQ_CST);
}

/* The seed's order for completions of one wait. */
static void shuffle_done(struct sim *sim)
{
    struct driver_queue *done = &sim->epoll.done, shuffled = {NULL, NULL};
    size_t count = 0;
    if (!random_chance(&sim->random, sim->weather.late))
        return;
    for (const struct driver_op *op = done->first; op; op = op->next)
        count++;
    for (; count; count--) {
        struct driver_op *op = done->first;
        for (uint64_t skip = random_below(&sim->random, count); skip; skip--)
            op = op->next;
        queue_remove(done, op);
        queue_append(&shuffled, op);
    }
    *done = shuffled;
}

static int wait_until(struct driver *driver, int64_t deadline)
{
    struct sim *sim = sim_of(driver);
    bool quiet = true;
    int error = 0;
    sim_run_events(sim);
    int64_t next = sim_next_event(sim), until = next < deadline ? next : deadline;
    if (sim->epoll.done.first)
        until = 0;
    int64_t begin = sim->epoll.driver.real_time ? clock_monotonic() : CLOCK_NEVER;
    if (until == CLOCK_NEVER || outside(sim))
        error = ask_world(sim, patience_for(sim, until), &quiet);
    if (!quiet && begin != CLOCK_NEVER)
        until = earlier(until, clock_add(sim->now, clock_monotonic() - begin));
    if ((quiet || begin != CLOCK_NEVER) && until > sim->now && until != CLOCK_NEVER) {
        sim->now = until;
        sim_run_events(sim);
    }
    shuffle_done(sim);
    epoll_deliver(&sim->epoll);
    return error;
}

/* Files are real ones, and at once: a thread would take real time, which has no place in virtual time. */
static bool submit(struct driver *driver, struct driver_op *op)
{
    if (!driver_kind_is_of_files(op->kind))
        return sim_submit(driver, op);
    op->result = file_op_run(op);
    return true;
}

static uint64_t read_seed(const struct driver_options *options)
{
    const char *text = options->seed == 0 ? getenv("EDDY_SEED") : NULL;
    return text != NULL ? strtoull(text, NULL, 0) : options->seed;
}

static struct driver *open_driver(const struct driver_options *options, int *error)
{
    struct sim *sim = memory_alloc_zeroed(sizeof *sim);
    uint64_t seed = read_seed(options);
    *error = sim == NULL ? ENOMEM : 0;
    if (*error == 0 && !sim_weather_read(&sim->weather, seed, getenv("EDDY_SIM_WEATHER")))
        *error = EINVAL;
    if (*error == 0)
        *error = epoll_init(&sim->epoll, &driver_sim);
    if (*error != 0) {
        memory_free(sim);
        return NULL;
    }
    sim->now = START;
    sim->random = seed;
    sim->epoll.driver.virtual_time = true;
    sim->epoll.driver.seed = seed;
    return &sim->epoll.driver;
}

static void close_driver(struct driver *driver)
{
    sim_finish(sim_of(driver));
    epoll_finish(&sim_of(driver)->epoll);
    memory_free(driver);
}

static int64_t now(struct driver *driver)
{
    return sim_of(driver)->now;
}

const struct driver_type driver_sim = {
    .name = "sim",
    .open = open_driver,
    .close = close_driver,
    .submit = submit,
    .cancel = sim_cancel,
    .wait = wait_until,
    .wake = epoll_wake,
    .now = now,
    .adopt = sim_adopt,
    .release = sim_release,
    .close_fd = sim_close_fd,
    .give_back = epoll_give_back,
    .net = &net_sim,
};
