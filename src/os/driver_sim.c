/* SPDX-License-Identifier: MIT */
/*
 * driver_sim.c - the simulation: a virtual clock that jumps when no task is ready, and a simulated network.
 *
 * It is the epoll driver with another wait (sim_clock.c), and with sockets that meet in memory (sim_net.c).
 */
#define _GNU_SOURCE
#include "os/sim.h"

#include "os/clock.h"
#include "os/memory.h"

#include <errno.h>
#include <stdlib.h>

/* Not 0, since a deadline of 0 means "not at all". */
#define START (1000 * CLOCK_SECOND)

static int wait_until(struct driver *driver, int64_t deadline)
{
    return sim_wait(sim_of(driver), deadline);
}

static bool submit(struct driver *driver, struct driver_op *op)
{
    return driver_kind_is_of_files(op->kind) ? sim_submit_file(sim_of(driver), op) : sim_submit(driver, op);
}

/* False: EDDY_SEED is no number. Another seed in its place would be another run than the one to repeat. */
static bool read_seed(const struct driver_options *options, uint64_t *seed)
{
    const char *text = options->seed == 0 ? getenv("EDDY_SEED") : NULL;
    char *end;
    *seed = options->seed;
    if (!text || !text[0])
        return true;
    errno = 0;
    *seed = strtoull(text, &end, 0);
    return errno == 0 && !*end && text[0] >= '0' && text[0] <= '9';
}

static struct driver *open_driver(const struct driver_options *options, int *error)
{
    struct sim *sim = memory_alloc_zeroed(sizeof *sim);
    uint64_t seed;
    *error = sim ? 0 : ENOMEM;
    if (!read_seed(options, &seed))
        *error = EINVAL;
    if (!*error && !sim_weather_read(&sim->weather, seed, getenv("EDDY_SIM_WEATHER")))
        *error = EINVAL;
    if (!*error)
        *error = epoll_init(&sim->epoll, &driver_sim);
    if (*error) {
        memory_free(sim);
        return NULL;
    }
    sim->now = START;
    sim->beacon = -1;
    sim->random = seed;
    sim->random_of_world = ~seed;
    sim->epoll.driver.virtual_time = true;
    sim->epoll.driver.seed = seed;
    return &sim->epoll.driver;
}

static void close_driver(struct driver *driver)
{
    sim_finish(sim_of(driver));
    sim_beacon_close(sim_of(driver));
    epoll_finish(&sim_of(driver)->epoll);
    memory_free(driver);
}

static int64_t now(struct driver *driver)
{
    return sim_of(driver)->now;
}

/* The eventfd is among the descriptors that epoll watches, so a wake-up is an event like any other. */
static int descriptor(struct driver *driver)
{
    return sim_beacon_open(sim_of(driver)) ? epoll_descriptor(driver) : -ENOMEM;
}

static bool host_waits(struct driver *driver, int64_t deadline)
{
    bool progress = sim_would_progress(sim_of(driver), deadline);
    sim_beacon_light(sim_of(driver), progress);
    return progress;
}

const struct driver_type driver_sim = {
    .name = "sim",
    .open = open_driver,
    .close = close_driver,
    .submit = submit,
    .cancel = sim_cancel,
    .wait = wait_until,
    .wake = epoll_wake,
    .descriptor = descriptor,
    .host_waits = host_waits,
    .now = now,
    .adopt = sim_adopt,
    .release = sim_release,
    .is_busy = sim_is_busy,
    .close_fd = sim_close_fd,
    .end_polls = epoll_end_polls,
    .give_back = epoll_give_back,
    .net = &net_sim,
};
