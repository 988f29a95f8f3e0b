/* SPDX-License-Identifier: MIT */
/*
 * core.h - Core, the base of eddyloop.Loop: the calls that are ready, timers, operations, readers and writers.
 *
 * Invariant: all functions here are called with the interpreter's lock, but for the wait in run.c, which is inside of
 * Eddy.  Python's code runs between two steps of Eddy's loop, never inside of one, and never on a stack of Eddy's.
 */
#ifndef EDDYLOOP_CORE_H
#define EDDYLOOP_CORE_H

#include "state.h"

#include <eddy.h>

struct datagram_room;
struct operation;
struct transport;
struct watch;

/* A ring of handles; count: in it; capacity: a power of two. */
struct ready {
    PyObject **handles;
    size_t head, count, capacity;
};

/* A heap; the earliest is first, and of two for one time the older one. */
struct timer {
    double when;
    uint64_t number;
    PyObject *handle;
};
struct timers {
    struct timer *heap;
    size_t count, capacity;
    uint64_t last_number;
};

/* Readers and writers by descriptor: watches[2 * fd], watches[2 * fd + 1]; NULL: none. */
struct watches {
    struct watch **watches;
    size_t count;
    bool working; /* Eddy has them, too */
};

/* Free large buffers of one size. */
enum { BULK_KINDS = 3, MOST_BULK = 4 };
struct bulk {
    PyObject *free[MOST_BULK];
    unsigned count;
};

typedef struct core Core;
struct core {
    PyObject_HEAD
    struct state *state;
    eddy_loop *loop;            /* NULL: not opened yet, or closed */
    unsigned long thread;       /* the thread that has entered it, or did so last; 0: none did */
    unsigned entered;           /* how often: see core_enter */
    Core *outer;                /* the one that its thread had entered before; borrowed, for it is running */
    PyThreadState *saved;       /* while it waits */
    struct ready ready;
    struct timers timers;
    struct watches watches;
    struct operation *live;     /* all that are not idle */
    struct operation *asked, **asked_end;         /* to be started or cancelled by the loop's thread */
    struct operation *completed, **completed_end; /* by Eddy, and not handled yet */
    struct bulk bulk[BULK_KINDS]; /* by size: see bulk.c */
    unsigned bulk_waiting;      /* receives that hold one before anything has come */
    struct datagram_room *datagrams; /* see datagram.c; NULL: none came so far */
    struct transport *corked;   /* transports from which the kernel keeps bytes: see cork.c; NULL: none */
    PyObject *driver_name;      /* the argument `driver` */
    PyObject *thread_id;        /* _thread_id of BaseEventLoop */
    PyObject *task_factory;     /* _task_factory of BaseEventLoop */
    PyObject *call_soon;        /* the bound method, while it runs; else NULL */
    PyObject *replaced_call_soon; /* what was assigned to the attribute; NULL: nothing was */
    double time_at_rest;        /* the virtual clock when the loop was left last */
    uint64_t random;            /* the state of the order of ready tasks; 0: first come, first served */
    uint64_t passes, waits;
    unsigned unlooked;          /* passes since the last step, see run.c */
    long process;               /* that has opened it */
    char stopping, debug, closed, virtual_time, is_ring;
    char stepping;              /* inside of a step: completions are called, and nothing of Python's */
    char waiting;               /* without the lock; see core_wake */
    char woken;                 /* the wait was ended already */
};

/* ---- engine.c: the loop of Eddy's ---- */

/* -1: an exception is set. */
int core_open(Core *core);
/* This thread runs the loop until core_leave, so that Eddy's calls work; may be nested. -1: an exception is set. */
int core_enter(Core *core);
void core_leave(Core *core);
/* This thread has entered it. */
bool core_is_here(const Core *core);
/* False: it is not open, or it is that of a parent process. */
bool core_is_usable(const Core *core);
void core_wake(Core *core);
double core_now(Core *core);
PyObject *core_shut_down(Core *core, PyObject *none);
/* Sets an exception for an errno value, or for a code of Eddy's. */
void raise_code(int code);

/* ---- ready.c ---- */

int ready_push(Core *core, PyObject *handle); /* takes a reference of its own. -1: an exception is set */
PyObject *ready_pop(Core *core);
/* The order of the tasks among the first n: the simulation's seed decides. */
void ready_shuffle(Core *core, size_t n);
int core_call_soon(Core *core, PyObject *callback);

/* ---- timers.c ---- */

/* Takes a reference of its own. -1: an exception is set. */
int timers_add(Core *core, PyObject *handle, double when);
/* Gives that reference back. */
void timers_remove(Core *core, PyObject *handle);
/* Those that are due become ready. -1: an exception is set. */
int timers_run(Core *core, double now);
PyObject *timers_pop(Core *core);

/* ---- calls.c ---- */

extern PyMethodDef call_methods[];
extern PyGetSetDef call_soon_attribute;
/* -1: an exception is set. */
int calls_begin_run(Core *core);
void calls_end_run(Core *core);

/* ---- watches.c ---- */

extern PyMethodDef watch_methods[];
void watches_free(Core *core);
int watches_traverse(Core *core, visitproc visit, void *arg);
/* Of a running loop. While they rest, another thread may run the loop. */
void watches_work(Core *core);
void watches_rest(Core *core);

/* ---- bulk.c ---- */

void bulk_free(Core *core);

/* ---- cork.c ---- */

/* What the kernel keeps is sent. */
void cork_end_pass(Core *core);

/* ---- stack.c ---- */

/* Ends the process with a sentence if this is not the thread's own stack, or a step of Eddy's is being made: Python's
 * code is about to run. */
void stack_check(const Core *core);
extern PyMethodDef stack_methods[];

/* ---- run.c ---- */

PyObject *core_run_once(Core *core, PyObject *none);

#endif
