/* SPDX-License-Identifier: MIT */
/*
 * world.h - what the tasks of a model program share, and the rules that must hold at any time and at the end.
 *
 * A broken rule ends the process with a sentence: see world_fail.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include <eddy/keywords.h>

#include "program.h"

enum { MOST_ITEMS = 20000, PERMITS = 3 };

typedef queue_of(int) int_queue;

/* States of an item: the putter does not yet know whether it is in the queue; it is in; it was refused; it was taken
 * out. */
enum item_state { ITEM_OFFERED, ITEM_IN, ITEM_REFUSED, ITEM_GOT };

struct world {
    uint8_t items[MOST_ITEMS];  /* values of enum item_state */
    int item_count;
    int_queue queues[QUEUES];   /* bounded, unbounded, last in first out, by priority */
    eddy_lock locks[LOCKS];
    int in_lock[LOCKS];         /* tasks inside */
    eddy_semaphore semaphore;
    int in_semaphore;
    eddy_condition condition;   /* of the last lock */
    eddy_event event;
    eddy_barrier barrier;
    eddy_server *server;        /* sends back what it gets */
    int port;
    int live;                   /* actors that have not ended, including their clean-up */
    long made, freed;           /* objects that are handed over */
    long bytes;                 /* bytes that came back in talks */
    bool rough;                 /* connections may break on their own */
};

extern struct world world;

/* Prints what is wrong and where, and ends the process. */
_Noreturn void world_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define FAIL(...)         world_fail(__FILE__, __LINE__, __VA_ARGS__)
#define MUST(condition, ...) ((condition) ? (void)0 : FAIL(__VA_ARGS__))

/* In a loop. */
void world_begin(void);
/* Nothing is in flight any more: items put equal items taken, locks are free, no task waits. */
void world_end(void);
void world_got(int item);

/* actor.c: runs the whole program, from the beginning of the world to its end. */
async_declare(int, model_main, (struct op *, program));

#endif
