/* SPDX-License-Identifier: MIT */
/*
 * child.h - other programs: started, asked whether they have ended, sent signals.
 *
 * Invariants: a child is reaped by child_reap, or after child_abandon, and by nothing else; no signal is sent to a
 * number whose process was reaped. Except for child_reap_killed, no call waits for a child's end.
 */
#ifndef EDDY_OS_CHILD_H
#define EDDY_OS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The program to start, and its surroundings. */
struct child_plan {
    const char *const *arguments;    /* the command, then NULL; PATH is searched unless its first word has a slash */
    const char *const *environment;  /* NULL: this program's */
    const char *directory;           /* NULL: this program's */
    int descriptors[3];              /* the descriptors for its 0, 1 and 2; open, and this program must close them */
    const int *keep;                 /* other descriptors that it receives, under the same numbers, which are above 2 */
    size_t keep_count;
    bool new_session, new_group;     /* it becomes the leader of a process group */
};

/* The step that failed. */
enum child_step { CHILD_MAKE, CHILD_DIRECTORY, CHILD_GROUP, CHILD_DESCRIPTOR, CHILD_EXECUTE };

struct child {
    pid_t id;
    int descriptor; /* a pidfd, readable when the child has ended; -1: none, so child_reap must be polled */
};

/* How a child has ended. */
struct child_end {
    int code;    /* the status that it gave to exit; -1: a signal ended it */
    int signal;  /* 0: none did */
    bool dumped; /* and left a core file */
};

/* Returns 0, or an errno value and *step. No memory of the program is copied: a big program starts another as fast
 * as a small one. */
int child_start(const struct child_plan *plan, struct child *child, enum child_step *step);
/* Returns 0: it has ended and *end is set; EAGAIN: it runs; ECHILD: other code took its status. */
int child_reap(const struct child *child, struct child_end *end);
/* For a child that was not reaped. Returns 0 or an errno value. */
int child_signal(const struct child *child, int number);
/* For a child that was killed: waits a moment for its end, which is near. Otherwise like child_reap. */
int child_reap_killed(const struct child *child, struct child_end *end);
/* The child will not be waited for any more: it is reaped when another one is started or abandoned after its end. */
void child_abandon(const struct child *child);

/* For tests: as if the kernel had no pidfd. */
void child_refuse_descriptors(bool refuse);

#endif
