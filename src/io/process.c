/* SPDX-License-Identifier: MIT */
/* process.c - the life of a process: started, watched, reaped, given up.  The rules stand in process.h. */
#define _GNU_SOURCE /* pipe2 */
#define EDDY_LIBRARY
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "core/impl.h"
#include "io/socket.h"
#include "io/transport.h"
#include "io/turn.h"
#include "os/clock.h"
#include "os/memory.h"

/* Without a pidfd a timer asks for the status of the process: soon at first, then less and less often. */
#define FIRST_PAUSE (CLOCK_SECOND / 1000)
#define LAST_PAUSE (CLOCK_SECOND / 20)

/* ==== its end ==== */

static void free_if_over(struct eddy_process *process)
{
    if (process->running || process->watched || !process->given_up)
        return;
    EDDY_INVARIANT(process->child.descriptor < 0 && !timer_is_set(&process->timer));
    list_remove(&process->loop->closers, &process->closer.link);
    memory_free(process);
}

/* From now on its id may belong to another process. */
static void close_child(struct eddy_process *process)
{
    if (process->child.descriptor >= 0)
        driver_close_fd(process->loop->driver, process->child.descriptor);
    process->child.descriptor = -1;
    EDDY_INVARIANT(process->running && process->loop->driver->real_time > 0);
    process->running = false;
    process->loop->driver->real_time--;
}

static void tell_end(struct eddy_process *process)
{
    eddy_event_set(&process->ended);
    if (process->on_end)
        process->on_end(process);
}

static bool reap(struct eddy_process *process)
{
    int error = child_reap(&process->child, &process->end);
    if (error == EAGAIN)
        return false;
    process->lost = error;
    close_child(process);
    tell_end(process);
    return true;
}

static void watch(struct eddy_process *process);

static void completed(struct driver_op *op)
{
    struct eddy_process *process = container_of(op, struct eddy_process, op);
    process->watched = false;
    if (process->left)
        return;
    if (process->running && !reap(process))
        watch(process);
    free_if_over(process);
}

static void ask(struct timer *timer)
{
    struct eddy_process *process = container_of(timer, struct eddy_process, timer);
    if (!reap(process))
        watch(process);
    free_if_over(process);
}

/* The process can no longer be watched, for this reason. */
static void lose(struct eddy_process *process, int error)
{
    child_abandon(&process->child);
    process->lost = error;
    close_child(process);
    tell_end(process);
}

static void ask_later(struct eddy_process *process)
{
    int64_t when = clock_add(driver_now(process->loop->driver), process->pause);
    process->pause = process->pause * 2 < LAST_PAUSE ? process->pause * 2 : LAST_PAUSE;
    if (!timer_set(&process->loop->timers, &process->timer, when, ask))
        lose(process, ENOMEM);
}

static void watch(struct eddy_process *process)
{
    EDDY_INVARIANT(!process->watched);
    process->op = (struct driver_op){.kind = DRIVER_POLL, .fd = process->child.descriptor, .complete = completed};
    process->op.u.poll.events = POLLIN;
    if (process->op.fd < 0)
        ask_later(process);
    else if (!driver_submit(process->loop->driver, &process->op))
        process->watched = true;
    else if (!reap(process)) { /* it could not be watched */
        driver_close_fd(process->loop->driver, process->child.descriptor);
        process->child.descriptor = -1;
        ask_later(process);
    }
}

static void close_streams(struct eddy_process *process)
{
    eddy_stream_abort(process->in);
    eddy_stream_abort(process->out);
    eddy_stream_abort(process->err);
    process->in = process->out = process->err = NULL;
}

/* The loop ends: a running process goes on, unless it was killed. */
static void leave_alone(struct loop_closer *closer)
{
    struct eddy_process *process = container_of(closer, struct eddy_process, closer);
    list_remove(&process->loop->closers, &closer->link);
    timer_cancel(&process->loop->timers, &process->timer);
    process->left = true;
    close_streams(process);
    if (process->watched)
        driver_cancel(process->loop->driver, &process->op);
    while (process->watched)
        driver_wait(process->loop->driver, 0);
    if (process->running) {
        if (!process->killed || child_reap_killed(&process->child, &process->end) == EAGAIN)
            child_abandon(&process->child);
        close_child(process);
    }
    memory_free(process);
}

/* ==== starting ==== */

/* Descriptors that are closed when the scope is left: those given to the child, and the parent's ends unless they
 * were passed on. */
struct ends {
    struct eddy_loop *loop;
    int child[3], own[3]; /* -1: none */
};

static void close_ends(struct ends *ends)
{
    for (int i = 0; i < 3; i++) {
        if (ends->child[i] >= 0)
            close(ends->child[i]);
        if (ends->own[i] >= 0)
            close(ends->own[i]);
    }
}

/* Returns the descriptor of this program that becomes the child's i-th, or a negative errno value. */
static int open_end(struct ends *ends, int i, int wish)
{
    int pipe_ends[2];
    if (wish >= 0)
        return wish ? wish : i;
    if (wish == EDDY_NULL)
        return (ends->child[i] = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 ? -errno : ends->child[i];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return -errno;
    int own = i == 0;
    ends->own[i] = pipe_ends[own];
    ends->child[i] = pipe_ends[!own];
    return fcntl(ends->own[i], F_SETFL, O_NONBLOCK) < 0 ? -errno : ends->child[i];
}

/* 0, or an errno value. */
static int open_ends(struct ends *ends, const eddy_process_options *options, int descriptors[3])
{
    const int wishes[3] = {options->in, options->out, options->err};
    for (int i = 0; i < 3; i++) {
        if (i == 2 && wishes[i] == EDDY_SAME_AS_OUTPUT)
            descriptors[i] = descriptors[1];
        else if ((descriptors[i] = open_end(ends, i, wishes[i])) < 0)
            return -descriptors[i];
    }
    return 0;
}

static eddy_stream *stream_of_end(struct ends *ends, int i)
{
    int fd = ends->own[i];
    struct transport *t = i == 0 ? descriptor_transport(ends->loop, -1, fd) : descriptor_transport(ends->loop, fd, -1);
    eddy_stream *s = t ? stream_new(t) : NULL;
    if (!s) {
        memory_free(t);
        return NULL;
    }
    ends->own[i] = -1;
    driver_adopt(ends->loop->driver, fd);
    return s;
}

/* False: no memory. */
static bool open_streams(struct eddy_process *process, struct ends *ends)
{
    eddy_stream **streams[3] = {&process->in, &process->out, &process->err};
    for (int i = 0; i < 3; i++)
        if (ends->own[i] >= 0 && !(*streams[i] = stream_of_end(ends, i)))
            return false;
    return true;
}

static struct eddy_process *process_new(struct eddy_loop *loop, const char *name)
{
    size_t size = strlen(name) + 1;
    struct eddy_process *process = memory_alloc_zeroed(sizeof *process + size);
    if (!process)
        return NULL;
    process->loop = loop;
    process->pause = FIRST_PAUSE;
    memcpy(process->name, name, size);
    return process;
}

static void begin_watching(struct eddy_process *process)
{
    process->closer.close = leave_alone;
    list_add_first(&process->loop->closers, &process->closer.link);
    process->running = true;
    process->loop->driver->real_time++;
    if (process->child.descriptor >= 0)
        driver_adopt(process->loop->driver, process->child.descriptor);
    watch(process);
}

static bool is_wish(int wish)
{
    return wish >= 0 || wish == EDDY_NULL || wish == EDDY_PIPE;
}

/* Of copied options. NULL: nothing. */
static const char *what_is_wrong(const eddy_process_options *options)
{
    if (!is_wish(options->in) || !is_wish(options->out) ||
        (!is_wish(options->err) && options->err != EDDY_SAME_AS_OUTPUT))
        return "in, out and err are 0, a descriptor, EDDY_PIPE or EDDY_NULL (err also EDDY_SAME_AS_OUTPUT)";
    if (options->keep_count && !options->keep)
        return "keep is NULL, and keep_count is not 0";
    for (size_t i = 0; i < options->keep_count; i++)
        if (options->keep[i] < 3)
            return "a descriptor of keep is less than 3: in, out and err are those";
    return NULL;
}

/* NULL, or what is wrong with the options. */
static const char *copy_options(eddy_process_options *copy, const eddy_process_options *options)
{
    *copy = (eddy_process_options){0};
    if (options && (options->size == 0 || options->size > sizeof *options))
        return "eddy_process_options.size must be sizeof(eddy_process_options)";
    if (options)
        memcpy(copy, options, options->size);
    return what_is_wrong(copy);
}

static void hand_over(struct ends *ends, int own[3])
{
    for (int i = 0; i < 3; i++) {
        own[i] = ends->own[i];
        ends->own[i] = -1;
    }
}

/* Starts the child of a process that is not watched yet. Returns 0, or an errno value and *step. */
static int start_child(struct eddy_process *process, const char *const *arguments, const eddy_process_options *options,
                       int own[3], enum child_step *step)
{
    struct ends ends = {process->loop, {-1, -1, -1}, {-1, -1, -1}};
    struct child_plan plan = {.arguments = arguments,
                              .environment = options->environment,
                              .directory = options->directory,
                              .keep = options->keep,
                              .keep_count = options->keep_count,
                              .new_session = options->new_session,
                              .new_group = options->new_group};
    process->leads = plan.new_session || plan.new_group;
    int error = open_ends(&ends, options, plan.descriptors);
    if (!error && !own && !open_streams(process, &ends))
        error = ENOMEM;
    if (!error)
        error = child_start(&plan, &process->child, step);
    if (!error && own)
        hand_over(&ends, own);
    close_ends(&ends);
    return error;
}

struct eddy_process *process_begin(const char *const *arguments, const eddy_process_options *options, int own[3],
                                   struct process_problem *problem)
{
    eddy_process_options wanted;
    const char *name = arguments && arguments[0] ? arguments[0] : "";
    const char *wrong = copy_options(&wanted, options);
    int error = !*name ? ENOENT : wrong ? EINVAL : 0;
    struct eddy_process *process = error ? NULL : process_new(current.loop, name);
    *problem = (struct process_problem){.step = CHILD_MAKE, .wrong = wrong};
    if (!error)
        error = process ? start_child(process, arguments, &wanted, own, &problem->step) : ENOMEM;
    if (!error) {
        begin_watching(process);
        return process;
    }
    problem->code = error;
    if (process)
        close_streams(process);
    memory_free(process);
    return NULL;
}

eddy_async_define(eddy_process *, eddy_process_start, (const char *const *, arguments),
                  (const eddy_process_options *, options))
{
    eddy_await(turn());
    static const char *const steps[] = {[CHILD_GROUP] = ": setsid, setpgid", [CHILD_DESCRIPTOR] = ": its descriptors"};
    struct process_problem problem;
    struct eddy_process *process = process_begin(arguments, options, NULL, &problem);
    if (process)
        return process;
    const char *name = arguments && arguments[0] ? arguments[0] : "";
    if (problem.code == EINVAL && problem.wrong)
        eddy_raise(EINVAL, "eddy_process_start(\"%s\"): %s", name, problem.wrong);
    if (problem.step == CHILD_DIRECTORY)
        eddy_raise(problem.code, "eddy_process_start(\"%s\"): directory \"%s\"", name, options->directory);
    if (problem.step < sizeof steps / sizeof steps[0] && steps[problem.step])
        eddy_raise(problem.code, "eddy_process_start(\"%s\")%s", name, steps[problem.step]);
    eddy_raise(problem.code, "eddy_process_start(\"%s\")", name);
}

eddy_async_free(eddy_process_start, eddy_process_free); /* the process runs on, and is reaped */

/* ==== waiting, signals, giving up ==== */

eddy_async_define(eddy_exit_status, eddy_process_wait, (eddy_process *, process))
{
    if (process->running && process->loop != current.loop)
        eddy_raise(EDDY_WRONG_LOOP, "eddy_process_wait(\"%s\")", process->name);
    eddy_await(eddy_event_wait(&process->ended));
    if (process->lost)
        eddy_raise(process->lost, "eddy_process_wait(\"%s\"): the status of process %d is lost", process->name,
                   (int)process->child.id);
    return (eddy_exit_status){process->end.code, process->end.signal, process->end.dumped};
}

bool eddy_process_ended(const eddy_process *process)
{
    return !process->running;
}

int eddy_process_id(const eddy_process *process)
{
    return (int)process->child.id;
}

eddy_stream *eddy_process_in(const eddy_process *process)
{
    return process->in;
}

eddy_stream *eddy_process_out(const eddy_process *process)
{
    return process->out;
}

eddy_stream *eddy_process_err(const eddy_process *process)
{
    return process->err;
}

/* After it was reaped, its id may belong to another process. Only the loop's thread knows that. */
static bool check_ours(const eddy_process *process, const char *call)
{
    return loop_check_ours(process->loop, call, "process");
}

int eddy_process_signal(eddy_process *process, int number)
{
    if (!check_ours(process, "eddy_process_signal"))
        return EDDY_WRONG_LOOP;
    return process->running ? child_signal(&process->child, number) : ESRCH;
}

int eddy_process_signal_group(eddy_process *process, int number)
{
    if (!check_ours(process, "eddy_process_signal_group"))
        return EDDY_WRONG_LOOP;
    if (!process->leads)
        return EINVAL;
    if (!process->running)
        return ESRCH;
    return kill(-process->child.id, number) == 0 ? 0 : errno;
}

int eddy_process_terminate(eddy_process *process)
{
    return eddy_process_signal(process, SIGTERM);
}

int eddy_process_kill(eddy_process *process)
{
    return eddy_process_signal(process, SIGKILL);
}

void eddy_process_free(eddy_process *process)
{
    if (!process || !check_ours(process, "eddy_process_free"))
        return;
    EDDY_ASSERT(!process->ended.waiters.first, "the process \"%s\" is freed while a task waits for it", process->name);
    close_streams(process);
    process->given_up = true;
    free_if_over(process);
}

void eddy_process_abort(eddy_process *process)
{
    int saved = errno;
    if (!process || !check_ours(process, "eddy_process_abort"))
        return;
    if (process->leads)
        eddy_process_signal_group(process, SIGKILL);
    process->killed = eddy_process_kill(process) == 0;
    errno = saved;
    eddy_process_free(process);
}

size_t eddy_exit_status_describe(eddy_exit_status status, char *buffer, size_t size)
{
    int length = status.signal ? snprintf(buffer, size, "signal %d (%s)", status.signal, strsignal(status.signal))
                               : snprintf(buffer, size, "exit status %d", status.code);
    return length < 0 ? 0 : (size_t)length;
}
