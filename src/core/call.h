/* SPDX-License-Identifier: MIT */
/*
 * call.h - calls that the loop makes: their memory, and the names by which programs cancel them.
 *
 * An `eddy_handle *` of a program is not an address but the name of a call: a serial number and its place in the
 * loop's pages. Invariant: no two calls of the process have the same name. So a name that is kept after its call was
 * made refers to no other call, although the memory is used again.
 */
#ifndef EDDY_CORE_CALL_H
#define EDDY_CORE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/task.h"
#include "core/timer.h"

struct eddy_loop;
struct context_value;

/* A call of the loop: eddy_call_soon and its relatives. A program may have a million of them: no member that another
 * one tells. Its timer lies in that part of its ready link that is only used while it is queued. */
struct loop_call {
    union {
        struct ready ready;        /* `queued` and `on_loop` are valid also while the timer is set */
        struct timer timer;        /* for call_later and call_at, until it fires */
    };
    void (*function)(void *);      /* NULL: cancelled */
    void *argument;
    struct context_value *context; /* the context variables of the code that asked for the call */
    uintptr_t name;                /* serial number 0: it is free. 0 while in use: part of another struct */
};

_Static_assert(sizeof(struct timer) <= offsetof(struct ready, queued), "a set timer leaves `queued` as it is");

/* In a name, the lower bits are the place: the number of the page, and the index there. The upper ones are the serial
 * number. */
#define CALL_PLACE_BITS (sizeof(uintptr_t) == 8 ? 26 : 20)
enum { CALLS_PER_PAGE = 64 }; /* a power of two */

struct call_page {
    struct loop_call calls[CALLS_PER_PAGE];
};

/* The calls of a loop: pages of many, handed out last in, first out. */
struct calls {
    struct call_page **pages;      /* pages by number; NULL: given back */
    uint32_t page_count;           /* number of entries in `pages` */
    uint32_t capacity;             /* of `pages` */
    uint32_t full_pages;           /* number of pages that are not given back */
    uint32_t used;                 /* number of calls in use */
    uint32_t slack;                /* if fewer calls are used, pages may be given back */
    struct loop_call *free;             /* the free calls, chained by ready.next */
    uintptr_t serial, last_serial; /* the next serial number, and the first that is not reserved for this loop */
};

/* NULL: no memory, or no loop on this thread. */
struct loop_call *call_new(void (*function)(void *), void *argument);
/* A call that is part of another struct, whose owner frees the call's contents by call_free. */
void call_init(struct loop_call *call, void (*function)(void *), void *argument);
/* NULL is allowed. */
void call_free(struct loop_call *call);
/* Makes the call: the `begin` of its ready link. */
struct task *call_begin(struct ready *ready);
/* The same for a call that another thread has posted; the link is the beginning of a block of memory.h. */
struct task *posted_begin(struct ready *ready);

static inline bool call_is_free(const struct loop_call *call)
{
    return call->name >> CALL_PLACE_BITS == 0;
}
static inline uint32_t call_place(const struct loop_call *call)
{
    return (uint32_t)call->name & (((uint32_t)1 << CALL_PLACE_BITS) - 1);
}
/* A call that is in use is part of another struct. */
static inline bool call_is_embedded(const struct loop_call *call)
{
    return call->name == 0;
}

/* The call of that name; NULL: it was made or cancelled, or belongs to another loop. */
static inline struct loop_call *call_find(const struct calls *calls, uintptr_t name)
{
    uint32_t place = (uint32_t)name & (((uint32_t)1 << CALL_PLACE_BITS) - 1), number = place / CALLS_PER_PAGE;
    if (number >= calls->page_count || !calls->pages[number])
        return NULL;
    struct loop_call *call = &calls->pages[number]->calls[place % CALLS_PER_PAGE];
    return call->name == name && !call_is_free(call) ? call : NULL;
}

/* Reserves the next serial numbers of the process. */
void calls_reserve_serials(struct calls *calls);
/* Adds a page; false: no memory. */
bool calls_grow(struct calls *calls);
/* True: there are many pages, and most calls in them are free. */
static inline bool calls_are_slack(const struct calls *calls)
{
    return calls->used < calls->slack;
}
/* Gives back the pages in which no call is used. */
void calls_trim(struct calls *calls);
/* Frees all pages and their contents. */
void calls_free(struct calls *calls);

#endif
