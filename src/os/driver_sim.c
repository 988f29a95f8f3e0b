/* SPDX-License-Identifier: MIT */
/*
 * driver_sim.c - the simulation: a virtual clock that jumps when nothing is ready.
 *
 * It is the epoll driver with another wait.  Invariant: the clock moves only in wait, only to the
 * deadline that the loop has given, and only when nothing of this process is on its way: so a run
 * without descriptors and threads is the same each time.  With operations in flight the real world
 * is asked first.
 */
#define _GNU_SOURCE
#include "os/clock.h"
#include "os/driver_epoll.h"
#include "os/file_op.h"
#include "os/memory.h"
#include "os/net.h"

#include <errno.h>
#include <stdlib.h>

/* Not 0, which means "not at all" as a deadline. */
#define START (1000 * CLOCK_SECOND)
/* How long the real world may take before virtual time goes on: loopback answers within
 * microseconds. */
#define PATIENCE (2 * (CLOCK_SECOND / 1000))

struct sim {
    struct epoll epoll;
    int64_t now; /* the virtual clock */
};

static bool alone(const struct sim *sim)
{
    return sim->epoll.driver.in_flight == 0 &&
           !__atomic_load_n(&sim->epoll.woken, __ATOMIC_SEQ_CST);
}

/* Sleeps in real time for what only the real world can bring; *quiet: it brought nothing.  An event
 * that lets no operation go on (a new socket is writable) is not news, and the rest of the patience
 * is kept. */
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

static int wait_until(struct driver *driver, int64_t deadline)
{
    struct sim *sim = (struct sim *)driver;
    bool quiet = true, jump = deadline > sim->now && deadline != CLOCK_NEVER;
    int64_t patience = jump && driver->in_flight > 0 ? PATIENCE : 0;
    int error = 0;
    if (deadline == CLOCK_NEVER)
        patience = CLOCK_NEVER;
    if (deadline == CLOCK_NEVER || !alone(sim))
        error = ask_world(sim, patience, &quiet);
    if (jump && quiet)
        sim->now = deadline;
    epoll_deliver(&sim->epoll);
    return error;
}

/* Files are real ones, and at once: a thread would take real time, which has no place in virtual time. */
static bool submit(struct driver *driver, struct driver_op *op)
{
    if (!driver_kind_is_of_files(op->kind))
        return epoll_submit(driver, op);
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
    *error = sim == NULL ? ENOMEM : epoll_init(&sim->epoll, &driver_sim);
    if (*error != 0) {
        memory_free(sim);
        return NULL;
    }
    sim->now = START;
    sim->epoll.driver.virtual_time = true;
    sim->epoll.driver.seed = read_seed(options);
    return &sim->epoll.driver;
}

static void close_driver(struct driver *driver)
{
    epoll_finish(&((struct sim *)driver)->epoll);
    memory_free(driver);
}

static int64_t now(struct driver *driver)
{
    return ((struct sim *)driver)->now;
}

const struct driver_type driver_sim = {
    .name = "sim",
    .open = open_driver,
    .close = close_driver,
    .submit = submit,
    .cancel = epoll_cancel,
    .wait = wait_until,
    .wake = epoll_wake,
    .now = now,
    .adopt = epoll_adopt,
    .close_fd = epoll_close_fd,
    .give_back = epoll_give_back,
    .net = &net_kernel,
};
