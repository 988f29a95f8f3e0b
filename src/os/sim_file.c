/* SPDX-License-Identifier: MIT */
/*
 * sim_file.c - operations on files in the simulation.
 *
 * Files are real, and an operation on one is executed in one piece: a thread would take real time. The weather
 * decides when: at once, or late, after other operations, when the clock may have moved. Invariant: until then it
 * has done nothing, and can be taken back.
 */
#include "os/sim.h"

#include "base/random.h"
#include "os/clock.h"
#include "os/file_op.h"

#include <errno.h>

/* What an operation adds to the clock: see sim_clock.c. */
static int64_t price(const struct driver_op *op)
{
    return op->kind == DRIVER_FSYNC ? CLOCK_SECOND / 1000 : CLOCK_SECOND / 100000;
}

static void carry_out(struct sim *sim, struct driver_op *op)
{
    op->result = file_op_run(op);
    sim->work += price(op);
}

bool sim_submit_file(struct sim *sim, struct driver_op *op)
{
    op->state = 0;
    if (random_chance(&sim->random, sim->weather.late) &&
        sim_later(sim, sim->now + sim_delay(sim), SIM_FILE, NULL, op)) {
        op->state = SIM_ON_FILE;
        sim->waiting++;
        return false;
    }
    carry_out(sim, op);
    return true;
}

/* The operation has its result. */
static void finish(struct sim *sim, struct driver_op *op)
{
    sim->waiting--;
    sim_forget(sim, NULL, op);
    epoll_finish_op(&sim->epoll, op);
}

void sim_run_file(struct sim *sim, struct driver_op *op)
{
    carry_out(sim, op);
    finish(sim, op);
}

/* A deaf operation goes on, and is executed at its time. */
void sim_cancel_file(struct sim *sim, struct driver_op *op)
{
    bool again = op->cancelled;
    op->cancelled = true;
    if (again || random_chance(&sim->random, sim->weather.deaf_cancel))
        return;
    op->result = -ECANCELED;
    finish(sim, op);
}
