/* SPDX-License-Identifier: MIT */
/*
 * gate.c - see gate.h.
 *
 * The state of a gate is one word: the upper part of the name that leads through it now, and below that the number
 * of threads inside. So entering is one comparison and one addition in a single atomic step.
 */
#define _GNU_SOURCE
#include "os/gate.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <time.h>

#include "base/assert.h"
#include "os/memory.h"

/* In a name, the lower bits are the index; in a state, they are the count. */
#define LOW_BITS (sizeof(uintptr_t) == 8 ? 20 : 12)
#define NEXT     ((uintptr_t)1 << LOW_BITS)
#define LOW      (NEXT - 1)

enum { FIRST_GATES = 16, CHUNKS = 16 };

/* Each gate has its own cache line, so that busy loops do not slow each other down. */
struct gate {
    _Alignas(64) uintptr_t state; /* atomic */
    void *owner;                  /* the owner, while the gate is open */
    /* The members below are accessed under the mutex. */
    struct gate *next_free;
    uintptr_t index;
    uintptr_t held;               /* the upper part of the name that gate_ref was called with */
    unsigned references;          /* calls of gate_ref without a gate_unref */
    bool open;
};

/* Chunk k has 2 to the power k times as many gates as the first. Chunks are never freed: outdated names are looked
 * up there, too. */
static struct gate first_chunk[FIRST_GATES];
static struct gate *chunks[CHUNKS] = {first_chunk}; /* atomic */
static uintptr_t count;                             /* number of gates made; the rest is accessed under the mutex */
static struct gate *first_free;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* The chunk that contains an index; *place: the place within it. */
static unsigned chunk_of(uintptr_t index, uintptr_t *place)
{
    unsigned chunk = 0;
    uintptr_t size = FIRST_GATES;
    for (*place = index; *place >= size; size *= 2, chunk++)
        *place -= size;
    return chunk;
}

/* NULL: there is no gate with that index. */
static struct gate *gate_of(uintptr_t name)
{
    uintptr_t place;
    unsigned chunk = chunk_of(name & LOW, &place);
    struct gate *gates = chunk < CHUNKS ? __atomic_load_n(&chunks[chunk], __ATOMIC_ACQUIRE) : NULL;
    return gates ? &gates[place] : NULL;
}

/* ==== fork ==== */

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
}

/* ==== open, close ==== */

/* Allocated by malloc, independent of this thread's loop and its allocator, which the gate outlives. */
static struct gate *new_chunk(unsigned chunk)
{
    size_t size = sizeof(struct gate) * ((size_t)FIRST_GATES << chunk);
    const struct eddy_allocator *before = memory_use(NULL);
    char *memory = memory_alloc_zeroed(size + _Alignof(struct gate));
    memory_use(before);
    if (!memory)
        return NULL;
    memory += -(uintptr_t)memory & (_Alignof(struct gate) - 1);
    return (struct gate *)(void *)memory;
}

static struct gate *new_gate(void)
{
    uintptr_t place;
    unsigned chunk = chunk_of(count, &place);
    if (chunk >= CHUNKS || count > LOW)
        return NULL;
    if (!chunks[chunk]) {
        struct gate *gates = new_chunk(chunk);
        if (!gates)
            return NULL;
        __atomic_store_n(&chunks[chunk], gates, __ATOMIC_RELEASE);
    }
    struct gate *gate = &chunks[chunk][place];
    gate->index = count++;
    __atomic_store_n(&gate->state, NEXT, __ATOMIC_RELAXED);
    return gate;
}

static void free_if_unused(struct gate *gate)
{
    if (gate->open || gate->references)
        return;
    gate->next_free = first_free;
    first_free = gate;
}

uintptr_t gate_open(void *owner)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uintptr_t name = 0;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&mutex);
    struct gate *gate = first_free;
    if (gate)
        first_free = gate->next_free;
    else
        gate = new_gate();
    if (gate) {
        uintptr_t state = __atomic_load_n(&gate->state, __ATOMIC_RELAXED);
        gate->owner = owner;
        gate->open = true;
        __atomic_store_n(&gate->state, state, __ATOMIC_RELEASE); /* threads that enter see the owner */
        name = state | gate->index;
    }
    pthread_mutex_unlock(&mutex);
    return name;
}

/* Threads are inside only while they post a call; a preempted one may need longer. */
static void wait_until_empty(struct gate *gate)
{
    for (int round = 0; __atomic_load_n(&gate->state, __ATOMIC_ACQUIRE) & LOW; round++) {
        if (round < 10)
            sched_yield();
        else
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

void gate_close(uintptr_t name)
{
    struct gate *gate = gate_of(name);
    __atomic_fetch_add(&gate->state, NEXT, __ATOMIC_ACQ_REL);
    wait_until_empty(gate);
    pthread_mutex_lock(&mutex);
    gate->owner = NULL;
    gate->open = false;
    free_if_unused(gate);
    pthread_mutex_unlock(&mutex);
}

/* ==== entering and leaving ==== */

void *gate_enter(uintptr_t name)
{
    struct gate *gate = gate_of(name);
    if (!gate)
        return NULL;
    uintptr_t state = __atomic_load_n(&gate->state, __ATOMIC_RELAXED);
    do {
        if (((state ^ name) & ~LOW) != 0)
            return NULL;
    } while (!__atomic_compare_exchange_n(&gate->state, &state, state + 1, true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return gate->owner;
}

void gate_leave(uintptr_t name)
{
    uintptr_t before = __atomic_fetch_sub(&gate_of(name)->state, 1, __ATOMIC_RELEASE);
    EDDY_INVARIANT(before & LOW);
}

/* ==== references ==== */

bool gate_ref(uintptr_t name)
{
    struct gate *gate = gate_of(name);
    if (!gate)
        return false;
    pthread_mutex_lock(&mutex);
    uintptr_t now = __atomic_load_n(&gate->state, __ATOMIC_RELAXED);
    bool known = (gate->open && ((now ^ name) & ~LOW) == 0) || (gate->references && gate->held == (name & ~LOW));
    if (known) {
        gate->references++;
        gate->held = name & ~LOW;
    }
    pthread_mutex_unlock(&mutex);
    return known;
}

bool gate_unref(uintptr_t name)
{
    struct gate *gate = gate_of(name);
    if (!gate)
        return false;
    pthread_mutex_lock(&mutex);
    bool held = gate->references && gate->held == (name & ~LOW);
    if (held && --gate->references == 0)
        free_if_unused(gate);
    pthread_mutex_unlock(&mutex);
    return held;
}
