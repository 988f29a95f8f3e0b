/* SPDX-License-Identifier: MIT */
/* hibernate_begin.c - whether stacks can sleep here, and beginning to let them. */
#include "os/hibernate_table.h"
#include "os/valgrind.h"

/* Nothing sleeps if a tool watches the memory. */
static bool is_watched(void)
{
#if defined(STACK_WATCHED)
    return true;
#else
    return RUNNING_ON_VALGRIND != 0;
#endif
}

const char *hibernate_refusal(void)
{
    if (is_watched())
        return NULL;
    if (stack_guard_method() != STACK_GUARD_MADVISE)
        return "it needs MADV_GUARD_INSTALL (Linux 6.13), and stacks are guarded in another way here";
    if (!stack_catches_faults())
        return "it needs the library's handler of SIGSEGV, which is not installed (no_signals, eddy_no_fault_handler, "
               "EDDY_NO_FAULT_HANDLER)";
    return NULL;
}

bool hibernate_begin(void)
{
    if (is_watched() || stack_pool.sleeps)
        return true;
    if (!hibernate_prepare())
        return false;
    stack_pool.sleeps = true;
    for (struct stack_class *class = &stack_pool.common; class != NULL; class = class->next)
        for (struct stack_slab *slab = class->slabs; slab != NULL; slab = slab->next)
            hibernate_add_slab(class, slab);
    __atomic_store_n(&hibernation_on, true, __ATOMIC_RELEASE);
    return true;
}
