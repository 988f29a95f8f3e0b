/* SPDX-License-Identifier: MIT */
/* loop_slot.c - the data of bridges to other libraries for each loop: a pointer, and calls at the loop's end. */
#include <errno.h>

#include "core/current.h"
#include "core/loop.h"
#include "os/memory.h"

struct slot {
    struct loop_closer closer; /* first: it is freed together with the loop */
    struct slot *next;         /* of the loop */
    const void *key;
    void *value;
};

struct end_call {
    struct loop_closer closer; /* first */
    void (*function)(void *);
    void *argument;
};

static void make_end_call(struct loop_closer *closer)
{
    struct end_call call = *container_of(closer, struct end_call, closer);
    list_remove(&current.loop->closers, &closer->link);
    memory_free(closer);
    call.function(call.argument);
}

int eddy_at_loop_end(void (*function)(void *), void *argument)
{
    struct eddy_loop *loop = current.loop;
    struct end_call *call = loop ? memory_alloc(sizeof *call) : NULL;
    if (!call)
        return loop ? ENOMEM : EDDY_NO_LOOP;
    *call = (struct end_call){.closer = {.close = make_end_call}, .function = function, .argument = argument};
    list_add_first(&loop->closers, &call->closer.link);
    return 0;
}

static void free_slot(struct loop_closer *closer)
{
    struct slot *slot = container_of(closer, struct slot, closer);
    struct slot **link = &current.loop->slots;
    while (*link != slot)
        link = &(*link)->next;
    *link = slot->next;
    list_remove(&current.loop->closers, &closer->link);
    memory_free(slot);
}

void **eddy_loop_slot(const void *key)
{
    struct eddy_loop *loop = current.loop;
    struct slot *slot = loop ? loop->slots : NULL;
    while (slot && slot->key != key)
        slot = slot->next;
    if (slot || !loop)
        return slot ? &slot->value : NULL;
    slot = memory_alloc(sizeof *slot);
    if (!slot)
        return NULL;
    *slot = (struct slot){.closer = {.close = free_slot}, .next = loop->slots, .key = key};
    loop->slots = slot;
    list_add_first(&loop->closers, &slot->closer.link);
    return &slot->value;
}
