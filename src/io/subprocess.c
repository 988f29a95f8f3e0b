/* SPDX-License-Identifier: MIT */
/*
 * subprocess.c - processes that call the functions of a protocol; their pipes are transports.
 *
 * Invariant: the functions of the protocol are called by turns, and by the transports of the pipes. `lost` is the last
 * of them: it is called from a turn when all pipes are lost and the process has been reaped, or the loop ends.
 */
#define EDDY_LIBRARY
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "io/process.h"
#include "io/protocol.h"
#include "os/memory.h"

struct pipe_end {
    struct eddy_subprocess *subprocess;
    struct eddy_transport *transport; /* NULL: there is none, or it is lost */
    int fd;                           /* its number in the process */
};

struct eddy_subprocess {
    const struct eddy_subprocess_protocol *protocol;
    struct eddy_subprocess_protocol only_lost; /* instead, of a process that cannot be served */
    void *argument;               /* the program's */
    struct eddy_loop *loop;
    struct eddy_process *process; /* NULL: the loop has ended before it */
    struct pipe_end ends[3];
    bool is_made;                 /* `made` was called */
    bool owes_pause;              /* its input was paused before `made` was called */
    bool has_told_exit;           /* `exited` was called */
    bool closing;                 /* eddy_subprocess_close was called */
    bool is_lost;
    int error;                    /* for `lost` */
    struct loop_call turn;        /* queued: something is to be called in the next pass */
    struct loop_closer closer;
};

static void take_turn_later(struct eddy_subprocess *p)
{
    if (!p->turn.ready.queued && !p->is_lost)
        sched_add(&p->loop->ready, &p->turn.ready);
}

/* Whichever has its turn first: the process or a pipe. */
static void make(struct eddy_subprocess *p)
{
    if (p->is_made)
        return;
    p->is_made = true;
    if (p->protocol->made)
        p->protocol->made(p);
    if (p->owes_pause && p->protocol->paused)
        p->protocol->paused(p);
}

/* ==== its pipes ==== */

static struct pipe_end *end_of(struct eddy_transport *t)
{
    return eddy_transport_argument(t);
}

static void pipe_made(struct eddy_transport *t)
{
    make(end_of(t)->subprocess);
}

static void pipe_received(struct eddy_transport *t, const char *data, size_t size)
{
    struct eddy_subprocess *p = end_of(t)->subprocess;
    if (p->protocol->received)
        p->protocol->received(p, end_of(t)->fd, data, size);
}

static void pipe_paused(struct eddy_transport *t)
{
    struct eddy_subprocess *p = end_of(t)->subprocess;
    if (!p->is_made)
        p->owes_pause = true;
    else if (p->protocol->paused)
        p->protocol->paused(p);
}

static void pipe_resumed(struct eddy_transport *t)
{
    struct eddy_subprocess *p = end_of(t)->subprocess;
    if (p->protocol->resumed)
        p->protocol->resumed(p);
}

static void pipe_lost(struct eddy_transport *t, int error)
{
    struct pipe_end *end = end_of(t);
    struct eddy_subprocess *p = end->subprocess;
    if (p->protocol->pipe_lost)
        p->protocol->pipe_lost(p, end->fd, error);
    end->transport = NULL;
    take_turn_later(p);
}

static const struct eddy_protocol pipe_protocol = {.made = pipe_made,
                                                   .received = pipe_received,
                                                   .paused = pipe_paused,
                                                   .resumed = pipe_resumed,
                                                   .lost = pipe_lost};

static bool has_pipe(const struct eddy_subprocess *p)
{
    return p->ends[0].transport || p->ends[1].transport || p->ends[2].transport;
}

static void abort_pipes(struct eddy_subprocess *p)
{
    for (int i = 0; i < 3; i++)
        if (p->ends[i].transport)
            eddy_transport_abort(p->ends[i].transport);
}

/* Those that cannot be served, for lack of memory, are closed. Returns 0, or an errno value. */
static int open_pipes(struct eddy_subprocess *p, const int fds[3])
{
    int first = 0;
    for (int i = 0; i < 3; i++) {
        p->ends[i] = (struct pipe_end){.subprocess = p, .fd = i};
        int error = fds[i] < 0 ? 0 : eddy_transport_open(&p->ends[i].transport, fds[i], &pipe_protocol, &p->ends[i]);
        if (error)
            close(fds[i]);
        first = first ? first : error;
    }
    return first;
}

/* ==== its end ==== */

static void tell_exit(struct eddy_subprocess *p)
{
    const struct child_end *end = &p->process->end;
    const eddy_exit_status status = {end->code, end->signal, end->dumped};
    p->has_told_exit = true;
    if (p->protocol->exited)
        p->protocol->exited(p, p->process->lost ? (eddy_exit_status){.code = 0} : status, p->process->lost);
}

static void end(struct eddy_subprocess *p)
{
    list_remove(&p->loop->enders, &p->closer.link);
    p->is_lost = true;
    if (p->protocol->lost)
        p->protocol->lost(p, p->error);
    eddy_process_free(p->process);
    call_free(&p->turn);
    memory_free(p);
}

static void take_turn(void *subprocess)
{
    struct eddy_subprocess *p = subprocess;
    make(p);
    if (p->process && !p->has_told_exit && eddy_process_ended(p->process))
        tell_exit(p);
    if (!has_pipe(p) && (p->has_told_exit || !p->process))
        end(p);
}

static void process_ended(struct eddy_process *process)
{
    take_turn_later(process->owner);
}

void eddy_subprocess_close(struct eddy_subprocess *p)
{
    if (p->closing || p->is_lost)
        return;
    p->closing = true;
    abort_pipes(p);
    if (p->process && p->process->leads)
        eddy_process_signal_group(p->process, SIGKILL);
    if (eddy_subprocess_signal(p, SIGKILL) == 0)
        p->process->killed = true;
}

/* A process that runs goes on: it is not waited for. */
static void end_with_loop(struct loop_closer *closer)
{
    struct eddy_subprocess *p = container_of(closer, struct eddy_subprocess, closer);
    struct eddy_process *process = p->process;
    if (process && !p->has_told_exit) {
        p->error = p->error ? p->error : ECANCELED;
        process->on_end = NULL;
        p->process = NULL;
        eddy_process_free(process);
    }
    abort_pipes(p);
    take_turn_later(p);
}

/* ==== starting ==== */

static struct eddy_subprocess *new_subprocess(struct eddy_loop *loop, const struct eddy_subprocess_protocol *protocol,
                                              void *argument)
{
    struct eddy_subprocess *p = memory_alloc_zeroed(sizeof *p);
    if (!p)
        return NULL;
    p->protocol = protocol;
    p->argument = argument;
    p->loop = loop;
    p->closer.close = end_with_loop;
    return p;
}

/* A pipe is missing, which `made` would count on: `lost` alone is called. */
static void give_up(struct eddy_subprocess *p)
{
    p->only_lost.lost = p->protocol->lost;
    p->protocol = &p->only_lost;
    eddy_subprocess_close(p);
}

static void begin(struct eddy_subprocess *p, struct eddy_process *process, const int fds[3])
{
    p->process = process;
    process->owner = p;
    process->on_end = process_ended;
    call_init(&p->turn, take_turn, p);
    list_add_last(&p->loop->enders, &p->closer.link);
    p->error = open_pipes(p, fds);
    if (p->error)
        give_up(p);
    take_turn_later(p);
}

int(eddy_subprocess_start)(struct eddy_subprocess **subprocess, const char *const *arguments,
                           const eddy_process_options *options, const struct eddy_subprocess_protocol *protocol,
                           void *argument)
{
    struct process_problem problem;
    int fds[3], error = protocol_refusal(current.loop, "eddy_subprocess_start");
    if (error)
        return error;
    struct eddy_subprocess *p = new_subprocess(current.loop, protocol, argument);
    if (!p)
        return ENOMEM;
    struct eddy_process *process = process_begin(arguments, options, fds, &problem);
    if (!process) {
        memory_free(p);
        return problem.code;
    }
    begin(p, process, fds);
    if (subprocess)
        *subprocess = p;
    return 0;
}

/* ==== what is known of it ==== */

struct eddy_transport *eddy_subprocess_pipe(const struct eddy_subprocess *p, int fd)
{
    return fd >= 0 && fd < 3 ? p->ends[fd].transport : NULL;
}

int eddy_subprocess_id(const struct eddy_subprocess *p)
{
    return p->process ? eddy_process_id(p->process) : -1;
}

bool eddy_subprocess_status(const struct eddy_subprocess *p, eddy_exit_status *status)
{
    if (!p->process || !eddy_process_ended(p->process) || p->process->lost)
        return false;
    *status = (eddy_exit_status){p->process->end.code, p->process->end.signal, p->process->end.dumped};
    return true;
}

int eddy_subprocess_signal(struct eddy_subprocess *p, int number)
{
    return p->process ? eddy_process_signal(p->process, number) : ESRCH;
}

void *eddy_subprocess_argument(const struct eddy_subprocess *p)
{
    return p->argument;
}
