/* SPDX-License-Identifier: MIT */
/*
 * account.c - linked into the programs of make test: a program that ends by exit must have given back what the
 * library took.
 *
 * When the first thread ends, there must be no block of memory.h, no stack and no descriptor that was not there when
 * it began. There must be no child and no ring of io_uring. No signal may be blocked or handled that was not so
 * before, apart from the handler of stack overflows, which is installed for good. So a test fails if a release is
 * missing, whatever the test itself checks. A thread that has been told to end may need a moment, so the account
 * waits a while before it complains.
 */
#define _GNU_SOURCE
#include "account.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/memory.h"
#include "os/stack.h"
#include "os/thread.h"

/* Milliseconds of patience. Valgrind's own descriptors have numbers above the largest of a program. */
enum { PATIENCE = 5000, LARGEST_DESCRIPTOR = 1000, ACCOUNT_FAILED = 99 };

/* The resources that are counted. */
struct state {
    bool open[LARGEST_DESCRIPTOR + 1];
    sigset_t mask;
    void *handlers[32]; /* indexed by the signal's number */
};

static struct state beginning;
static pid_t process;
static long blocks_allowed;

void account_allow_blocks(long count)
{
    blocks_allowed = count;
}

/* Needs neither /proc nor memory, which a test may have disabled before the program began. */
static void look_at_descriptors(bool *open)
{
    for (int number = 0; number <= LARGEST_DESCRIPTOR; number++)
        open[number] = fcntl(number, F_GETFD) >= 0;
}

static void look(struct state *state)
{
    look_at_descriptors(state->open);
    pthread_sigmask(SIG_BLOCK, NULL, &state->mask);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        state->handlers[number] = sigaction(number, NULL, &action) == 0 ? (void *)action.sa_handler : NULL;
    }
}

__attribute__((constructor(101))) static void begin(void)
{
    process = getpid();
    look(&beginning);
}

/* ==== what is left: each function returns true if all is well, and writes to `words` otherwise ==== */

static bool memory_is_given_back(FILE *words)
{
    long blocks = memory_live_blocks(), stacks = stack_live();
    if (blocks > blocks_allowed)
        fprintf(words, "%ld blocks of memory are left\n", blocks - blocks_allowed);
    if (stacks)
        fprintf(words, "%ld stacks are in use\n", stacks);
    return blocks <= blocks_allowed && !stacks;
}

static bool descriptors_are_closed(FILE *words)
{
    static bool open[LARGEST_DESCRIPTOR + 1];
    bool fine = true;
    look_at_descriptors(open);
    for (int number = 0; number <= LARGEST_DESCRIPTOR; number++) {
        char path[64], target[256] = "";
        if (!open[number] || beginning.open[number])
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        if (readlink(path, target, sizeof target - 1) < 0)
            continue; /* closed in the meantime */
        fprintf(words, "descriptor %d is open: %s\n", number, target);
        fine = false;
    }
    return fine;
}

static bool rings_are_gone(FILE *words)
{
    char line[512];
    bool fine = true;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "[io_uring]"))
            fine = false;
    if (maps)
        fclose(maps);
    if (!fine)
        fprintf(words, "a ring of io_uring is still mapped\n");
    return fine;
}

static bool children_are_reaped(FILE *words)
{
    siginfo_t child = {.si_pid = 0};
    if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0)
        return true;
    fprintf(words, child.si_pid ? "child %d was not reaped\n" : "a child is alive\n", (int)child.si_pid);
    return false;
}

static bool signals_are_as_before(FILE *words)
{
    static struct state now;
    bool fine = true;
    look(&now);
    for (int number = 1; number < 32; number++) {
        bool overflow = number == SIGSEGV || number == SIGBUS;
        bool handled = now.handlers[number] != (void *)SIG_DFL && now.handlers[number] != (void *)SIG_IGN;
        if (sigismember(&now.mask, number) && !sigismember(&beginning.mask, number)) {
            fprintf(words, "signal %d is blocked\n", number);
            fine = false;
        }
        if (handled && !overflow && now.handlers[number] != beginning.handlers[number]) {
            fprintf(words, "signal %d has a handler\n", number);
            fine = false;
        }
    }
    return fine;
}

static bool all_is_well(FILE *words)
{
    bool (*const parts[])(FILE *) = {memory_is_given_back, descriptors_are_closed, rings_are_gone, children_are_reaped,
                                     signals_are_as_before};
    bool fine = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        fine &= parts[i](words);
    return fine;
}

/* Prints what is wrong, and ends the process. */
static void complain(const char *words)
{
    fprintf(stderr, "account: at the end of the program\n%s", words);
    fflush(NULL);
    _exit(ACCOUNT_FAILED);
}

__attribute__((destructor)) static void account(void)
{
    static char words[4096];
    bool fine = false;
    if (getpid() != process)
        return;
    thread_leave();
    for (int i = 0; i < PATIENCE && !fine; i++) {
        FILE *text = fmemopen(words, sizeof words, "w");
        if (!text)
            return;
        fine = all_is_well(text);
        fclose(text);
        if (!fine)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (!fine)
        complain(words);
}
