/* SPDX-License-Identifier: MIT */
/* switch.c - the part of a switch that is the same on every machine: first entry, and reports to sanitizers. */
#include "core/switch.h"

#include <stdint.h>
#include <string.h>

#include "os/valgrind.h"

#ifdef EDDY_SANITIZED
#if defined __SANITIZE_ADDRESS__
#define TELL_ASAN 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define TELL_ASAN 1
#endif
#endif
#ifdef TELL_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#include <sanitizer/tsan_interface.h>
#endif
#endif

/* While stacks are switched no function may use a place for its locals off the stack. */
#define UNWATCHED __attribute__((no_sanitize_address))

#ifndef EDDY_SANITIZED

void switch_forget(struct switch_point *point)
{
    (void)point;
}

void switch_unpoison(const void *low, size_t size)
{
#ifdef VALGRIND_MAKE_MEM_DEFINED
    (void)VALGRIND_MAKE_MEM_DEFINED(low, size);
#else
    (void)low, (void)size;
#endif
}

#else

struct start {
    void (*entry)(void *);
    void *argument;
};

#ifdef TELL_ASAN
/* The point that was left last: on arrival ASan reports which stack that was. */
static __thread struct switch_point *left;
#endif

static UNWATCHED void arrived(struct switch_point *at)
{
#ifdef TELL_ASAN
    const void *bottom = NULL;
    size_t size = 0;
    __sanitizer_finish_switch_fiber(at ? at->fake_stack : NULL, &bottom, &size);
    if (left) { /* a task may be left while it runs on a generator's stack */
        left->bottom = bottom;
        left->size = size;
    }
#else
    (void)at;
#endif
}

static UNWATCHED void begin(void *argument)
{
    struct start start = *(struct start *)argument;
    arrived(NULL);
    start.entry(start.argument);
}

void switch_prepare(struct switch_point *point, void *bottom, void *top, void (*entry)(void *), void *argument)
{
    struct start *start = (struct start *)top - 1;
    *start = (struct start){entry, argument};
    memset(point, 0, sizeof *point);
    point->bottom = bottom;
    point->size = (size_t)((char *)top - (char *)bottom);
#ifndef TELL_ASAN
    point->fiber = __tsan_create_fiber(0);
#endif
    point->sp = switch_first_frame((void *)((uintptr_t)start & ~(uintptr_t)15), begin, start);
}

UNWATCHED void switch_forget(struct switch_point *point)
{
#ifdef TELL_ASAN
    /* ASan frees its data for a stack when that is left for ever: this is done by switching to it and leaving it. */
    void *own;
    const void *bottom;
    size_t size;
    __sanitizer_start_switch_fiber(&own, point->bottom, point->size);
    __sanitizer_finish_switch_fiber(point->fake_stack, &bottom, &size);
    __sanitizer_start_switch_fiber(NULL, bottom, size);
    __sanitizer_finish_switch_fiber(own, NULL, NULL);
    point->fake_stack = NULL;
#else
    if (point->fiber)
        __tsan_destroy_fiber(point->fiber);
    point->fiber = NULL;
#endif
}

void switch_unpoison(const void *low, size_t size)
{
#ifdef TELL_ASAN
    __asan_unpoison_memory_region(low, size);
#else
    (void)low, (void)size;
#endif
}

void switch_retire(void)
{
#ifndef TELL_ASAN
    static __thread void *retired; /* a fiber must not be destroyed while it runs */
    if (retired)
        __tsan_destroy_fiber(retired);
    retired = __tsan_get_current_fiber();
#endif
}

static UNWATCHED void *leave(struct switch_point *from, const struct switch_point *to, void **fake_stack, void *value)
{
    void **kept = &from->sp, *target = to->sp;
#ifdef TELL_ASAN
    /* When a stack is left for ever ASan frees its frames at once, and both points may lie in them. */
    static __thread void *nowhere;
    if (!fake_stack)
        kept = &nowhere;
    left = fake_stack ? from : NULL;
    __sanitizer_start_switch_fiber(fake_stack, to->bottom, to->size);
#else
    (void)fake_stack;
    from->fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
    return eddy_switch(kept, target, value);
}

UNWATCHED void *switch_with(struct switch_point *from, const struct switch_point *to, void *value)
{
    void *result = leave(from, to, &from->fake_stack, value);
    arrived(from);
    return result;
}

UNWATCHED bool switch_for_bool(struct switch_point *from, const struct switch_point *to, void *value)
{
    return switch_with(from, to, value) != NULL;
}

UNWATCHED void switch_away(struct switch_point *from, const struct switch_point *to, void *value)
{
    leave(from, to, NULL, value);
}

#endif
