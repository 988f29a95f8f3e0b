/* SPDX-License-Identifier: MIT */
/* hibernate_fault.c - accesses: by the program, which a fault reports, and by the kernel, which must be foreseen. */
#define _GNU_SOURCE
#include "os/hibernate_table.h"

#include "base/tls_model.h"

/* The same fault again, with no change in between, is not caused by a sleeping stack. */
struct fault {
    uintptr_t address, pointer;
    uint64_t changes;
};
static __thread TLS_INITIAL_EXEC struct fault last;

static bool is_new(uintptr_t address, uintptr_t pointer)
{
    struct fault fault = {address, pointer, hibernate_changes()};
    bool new = last.address != address || last.pointer != pointer || last.changes != fault.changes;
    last = fault;
    return new;
}

/* Called under the lock. */
static bool wake_at(uintptr_t address, uintptr_t pointer)
{
    struct stack_slab *slab = hibernate_find(address);
    if (slab == NULL || (address - (uintptr_t)slab->stacks) % slab->stride < stack_guard_size())
        return false;
    size_t index = hibernate_index(slab, (void *)address);
    if (!stack_sleeps(slab, index))
        return is_new(address, pointer); /* it was woken, or put to sleep and woken, meanwhile */
    hibernate_restore(slab, index);
    return true;
}

bool hibernate_fault(uintptr_t address, uintptr_t pointer)
{
    if (!__atomic_load_n(&hibernation_on, __ATOMIC_ACQUIRE) || hibernate_held())
        return false;
    struct hibernate_lock lock = hibernate_lock();
    bool ours = wake_at(address, pointer);
    hibernate_unlock(&lock);
    return ours;
}

/* ---- the kernel ---- */

static bool change_lent(const void *memory, uint32_t change)
{
    if (!hibernate_may_know((uintptr_t)memory))
        return false;
    struct hibernate_lock lock = hibernate_lock();
    struct stack_slab *slab = hibernate_find((uintptr_t)memory);
    if (slab != NULL) {
        size_t index = hibernate_index(slab, memory);
        if (stack_sleeps(slab, index))
            hibernate_restore(slab, index);
        slab->beds[index].lent += change;
    }
    hibernate_unlock(&lock);
    return slab != NULL;
}

bool hibernate_lend(const void *memory)
{
    return change_lent(memory, 1);
}

void hibernate_take_back(const void *memory)
{
    change_lent(memory, UINT32_MAX);
}
