/* SPDX-License-Identifier: MIT */
/*
 * child.c - other programs: see child.h.
 *
 * A child begins by vfork: it borrows this process's memory and the caller's stack until it has called exec, so that
 * nothing is copied. Until then it makes system calls only, and no signal handler of this program may run in it. An
 * error comes back through a pipe that exec closes; this works even if vfork is a fork (ThreadSanitizer, Valgrind,
 * qemu).
 */
#define _GNU_SOURCE
#include "os/child.h"

#include "base/list.h"
#include "os/hibernate.h"
#include "os/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The number is the same on every architecture, like that of all calls since Linux 5.1. */
#if !defined(SYS_pidfd_send_signal)
#define SYS_pidfd_send_signal 424
#endif
#if !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434
#endif
#if !defined(SYS_close_range)
#define SYS_close_range 436
#endif

enum { CLOSE_ON_EXEC = 4 }; /* CLOSE_RANGE_CLOEXEC */

/* What the child writes to the pipe if it could not become the other program. */
struct report {
    int error;
    enum child_step step;
};

static bool refuse_descriptors;

void child_refuse_descriptors(bool refuse)
{
    refuse_descriptors = refuse;
}

/* ==== in the child ==== */

static _Noreturn void give_up(int pipe_end, enum child_step step)
{
    struct report report = {.error = errno, .step = step};
    while (write(pipe_end, &report, sizeof report) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

/* Handlers of this program must not run in the shared memory. Signals that this program ignores are reset, too, so
 * that they can end the other program. */
static void reset_dispositions(void)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) != 0 || (!(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_DFL))
            continue;
        action = (struct sigaction){.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);
    }
}

/* Resets the signal mask, which is the mask of the starting thread. */
static void unblock_all(void)
{
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
}

/* Sets up 0, 1 and 2 according to the plan. Descriptors that would be overwritten before their turn are moved first. */
static bool place_descriptors(const struct child_plan *plan)
{
    int from[3];
    for (int i = 0; i < 3; i++) {
        from[i] = plan->descriptors[i];
        if (from[i] < 3 && from[i] != i && (from[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 3)) < 0)
            return false;
    }
    for (int i = 0; i < 3; i++)
        if (from[i] == i ? fcntl(i, F_SETFD, 0) < 0 : dup2(from[i], i) < 0)
            return false;
    return true;
}

/* exec closes all others, even those that the program has opened without O_CLOEXEC (Linux 5.11 and later). */
static bool keep_descriptors(const struct child_plan *plan)
{
    syscall(SYS_close_range, 3u, ~0u, CLOSE_ON_EXEC);
    for (size_t i = 0; i < plan->keep_count; i++)
        if (fcntl(plan->keep[i], F_SETFD, 0) < 0)
            return false;
    return true;
}

/* The environment is set after the search, which uses the PATH of this program. */
static void execute(const struct child_plan *plan)
{
    char *const *arguments = (char *const *)(uintptr_t)plan->arguments;
    if (plan->environment)
        execvpe(arguments[0], arguments, (char *const *)(uintptr_t)plan->environment);
    else
        execvp(arguments[0], arguments);
}

static _Noreturn void become(const struct child_plan *plan, int pipe_end)
{
    reset_dispositions();
    if (plan->directory && chdir(plan->directory) != 0)
        give_up(pipe_end, CHILD_DIRECTORY);
    if (plan->new_session ? setsid() < 0 : plan->new_group && setpgid(0, 0) != 0)
        give_up(pipe_end, CHILD_GROUP);
    if (!place_descriptors(plan) || !keep_descriptors(plan))
        give_up(pipe_end, CHILD_DESCRIPTOR);
    unblock_all();
    execute(plan);
    give_up(pipe_end, CHILD_EXECUTE);
}

/* ==== starting ==== */

/* A separate function, so that the child's writes to this frame do not change the caller's. */
static __attribute__((noinline)) pid_t split(const struct child_plan *plan, int pipe_end)
{
    pid_t id = vfork();
    if (id == 0)
        become(plan, pipe_end);
    return id;
}

/* The child's end of a pipe lies above the descriptors that the child replaces. */
static int open_report(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        return errno;
    if (ends[1] > 2)
        return 0;
    int moved = fcntl(ends[1], F_DUPFD_CLOEXEC, 3), error = moved < 0 ? errno : 0;
    close(ends[1]);
    ends[1] = moved;
    if (error)
        close(ends[0]);
    return error;
}

/* Returns 0 when the child has become the other program. */
static int read_report(int pipe_end, enum child_step *step)
{
    struct report report;
    ssize_t got;
    do
        got = read(pipe_end, &report, sizeof report);
    while (got < 0 && errno == EINTR);
    if (got != sizeof report)
        return 0;
    *step = report.step;
    return report.error;
}

static void wake(const char *const *strings)
{
    hibernate_touch(strings);
    for (; strings && *strings; strings++)
        hibernate_touch(*strings);
}

/* Memory that the child, which has no handler of faults, and the kernel read may lie on stacks that sleep. */
static void wake_what_is_read(const struct child_plan *plan)
{
    wake(plan->arguments);
    wake(plan->environment);
    hibernate_touch(plan->directory);
    hibernate_touch(plan->keep);
}

static pid_t split_quietly(const struct child_plan *plan, int pipe_end)
{
    sigset_t all, before;
    wake_what_is_read(plan); /* while faults are not blocked */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t id = split(plan, pipe_end);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return id;
}

static void reap_abandoned(void);

static int open_descriptor(pid_t id)
{
    int fd = refuse_descriptors ? -1 : (int)syscall(SYS_pidfd_open, id, 0); /* already close-on-exec */
    return fd;
}

int child_start(const struct child_plan *plan, struct child *child, enum child_step *step)
{
    int ends[2];
    *step = CHILD_MAKE;
    reap_abandoned();
    int error = open_report(ends);
    if (error)
        return error;
    child->id = split_quietly(plan, ends[1]);
    error = child->id < 0 ? errno : 0;
    close(ends[1]);
    if (!error)
        error = read_report(ends[0], step);
    close(ends[0]);
    if (error && child->id > 0)
        while (waitpid(child->id, NULL, 0) < 0 && errno == EINTR)
            continue;
    child->descriptor = error ? -1 : open_descriptor(child->id);
    return error;
}

/* ==== the end ==== */

int child_reap(const struct child *child, struct child_end *end)
{
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)child->id, &info, WEXITED | WNOHANG) != 0)
        if (errno != EINTR)
            return errno;
    if (info.si_pid == 0)
        return EAGAIN;
    bool exited = info.si_code == CLD_EXITED;
    *end = (struct child_end){.code = exited ? info.si_status : -1,
                              .signal = exited ? 0 : info.si_status,
                              .dumped = info.si_code == CLD_DUMPED};
    return 0;
}

/* On a busy machine the child may have to wait for a processor before it can die: 0.1 s was too short at a load of 16.
 * A process inside an uninterruptible system call may take very long: it is not waited for. */
enum { MILLISECONDS_TO_DIE = 1000 };

int child_reap_killed(const struct child *child, struct child_end *end)
{
    int error = child_reap(child, end);
    for (int i = 0; i < MILLISECONDS_TO_DIE && error == EAGAIN; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        error = child_reap(child, end);
    }
    return error;
}

int child_signal(const struct child *child, int number)
{
    if (child->descriptor >= 0 && syscall(SYS_pidfd_send_signal, child->descriptor, number, NULL, 0) == 0)
        return 0;
    if (child->descriptor >= 0 && errno != ENOSYS)
        return errno;
    return kill(child->id, number) == 0 ? 0 : errno;
}

/* ==== the abandoned ==== */

struct abandoned {
    struct child child;
    struct list_link link;
};

static pthread_mutex_t abandoned_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list abandoned; /* accessed under the lock */

static void reap_abandoned(void)
{
    struct child_end end;
    pthread_mutex_lock(&abandoned_lock);
    for (struct abandoned *one = LIST_FIRST(&abandoned, struct abandoned, link), *next; one; one = next) {
        next = LIST_NEXT(one, struct abandoned, link);
        if (child_reap(&one->child, &end) == EAGAIN)
            continue;
        list_remove(&abandoned, &one->link);
        memory_free(one);
    }
    pthread_mutex_unlock(&abandoned_lock);
}

/* Without memory for it one zombie may remain until this program ends. */
void child_abandon(const struct child *child)
{
    const struct eddy_allocator *before = memory_use(NULL); /* the entry outlives the loop */
    struct abandoned *one = memory_alloc(sizeof *one);
    memory_use(before);
    if (one) {
        one->child = (struct child){.id = child->id, .descriptor = -1};
        pthread_mutex_lock(&abandoned_lock);
        list_add_first(&abandoned, &one->link);
        pthread_mutex_unlock(&abandoned_lock);
    }
    reap_abandoned();
}
