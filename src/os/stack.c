/* SPDX-License-Identifier: MIT */
/*
 * stack.c - taking stacks and giving them back, making slabs and removing them; see stack.h.
 *
 * Address space is cheap and memory is not: slabs double up to 64 MiB, and a stack is carved, which
 * touches its top page and installs its guard, when it is needed for the first time. A guard of
 * MADV_GUARD_INSTALL is a mark in the page table; one of mprotect cuts the mapping in two, and the
 * kernel limits the number of mappings: beyond half of the limit stacks have a canary instead.
 */
#define _GNU_SOURCE
#include "os/stack.h"

#include "base/assert.h"
#include "os/hibernate.h"
#include "os/memory.h"
#include "os/probe.h"
#include "os/stack_pool.h"
#include "os/thread.h"
#include "os/valgrind.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(STACK_ASAN)
void __asan_unpoison_memory_region(void const volatile *start, size_t size);
void __lsan_register_root_region(const void *start, size_t size);
void __lsan_unregister_root_region(const void *start, size_t size);
#else
#define __asan_unpoison_memory_region(start, size) ((void)(start), (void)(size))
#define __lsan_register_root_region(start, size)   ((void)(start), (void)(size))
#define __lsan_unregister_root_region(start, size) ((void)(start), (void)(size))
#endif

#if defined(STACK_BIG_FRAMES)
#define SIZE_FACTOR ((size_t)4)
#else
#define SIZE_FACTOR ((size_t)1)
#endif

#define DEFAULT_SIZE     (256 * 1024 * SIZE_FACTOR)
#define SMALLEST_SIZE    ((size_t)16 * 1024)
#define FIRST_SLAB_COUNT ((size_t)16)
#define LARGEST_SLAB     ((size_t)64 << 20)
#define SLACK            512 /* if fewer stacks than this are free, they are not given back while a loop runs */
/* Mappings that the guards leave to the rest of the program. */
#define MAP_RESERVE 1024

static long mapped_guards; /* number for the whole process */
static void (*warn)(const char *text);

static size_t round_up(size_t size, size_t step)
{
    return (size + step - 1) / step * step;
}

static size_t read_default_size(void)
{
    const char *text = getenv("EDDY_STACK_SIZE");
    unsigned long long asked = text ? strtoull(text, NULL, 0) : 0;
    if (asked == 0 || asked > SIZE_MAX / 4)
        return DEFAULT_SIZE;
    return round_up(asked < SMALLEST_SIZE ? SMALLEST_SIZE : (size_t)asked, stack_page_size());
}

size_t stack_default_size(void)
{
    static size_t size;
    size_t known = __atomic_load_n(&size, __ATOMIC_RELAXED);
    if (known == 0) {
        known = read_default_size();
        __atomic_store_n(&size, known, __ATOMIC_RELAXED);
    }
    return known;
}

void stack_set_warner(void (*warner)(const char *text))
{
    __atomic_store_n(&warn, warner, __ATOMIC_RELAXED);
}

/* ==== guards ==== */

static enum stack_guard choose_guard(void)
{
    static const char *const names[] = {"madvise", "mprotect", "canary", "none"};
    const char *forced = getenv("EDDY_STACK_GUARD");
    for (int i = 0; forced && i < 4; i++)
        if (strcmp(forced, names[i]) == 0)
            return (enum stack_guard)i;
    return probe_guard_install() == 0 ? STACK_GUARD_MADVISE : STACK_GUARD_MPROTECT;
}

/* Each guard costs two mappings: its own, and that of the stack it has cut off. */
static long choose_guard_limit(void)
{
    const char *forced = getenv("EDDY_MAP_LIMIT");
    if (forced)
        return strtol(forced, NULL, 10) / 2;
    long mappings = probe_map_limit();
    return mappings > 2 * MAP_RESERVE ? (mappings - MAP_RESERVE) / 2 : 0;
}

static pthread_once_t guard_once = PTHREAD_ONCE_INIT;
static enum stack_guard guard_method;

static void choose_guards(void)
{
    guard_method = choose_guard();
}

enum stack_guard stack_guard_method(void)
{
    pthread_once(&guard_once, choose_guards);
    return guard_method;
}

static void warn_unguarded(void)
{
    static bool warned;
    static const char text[] =
        "eddy: too many stacks for a guard page each (see vm.max_map_count): from here on"
        " an overflow is only found at the next switch";
    if (__atomic_exchange_n(&warned, true, __ATOMIC_RELAXED))
        return;
    void (*warner)(const char *) = __atomic_load_n(&warn, __ATOMIC_RELAXED);
    if (warner)
        warner(text);
    else
        fprintf(stderr, "%s\n", text);
}

/* Read when the first guard is made that costs mappings: a program on a newer kernel opens no file for it. */
static long guard_limit(void)
{
    static long limit = -1; /* atomic */
    long known = __atomic_load_n(&limit, __ATOMIC_RELAXED);
    if (known < 0) {
        known = choose_guard_limit();
        __atomic_store_n(&limit, known, __ATOMIC_RELAXED);
    }
    return known;
}

static bool protect(struct stack_slab *slab, char *bottom)
{
    bool room = __atomic_add_fetch(&mapped_guards, 1, __ATOMIC_RELAXED) <= guard_limit();
    if (!room || mprotect(bottom, stack_guard_size(), PROT_NONE) != 0) {
        __atomic_sub_fetch(&mapped_guards, 1, __ATOMIC_RELAXED);
        return false;
    }
    slab->guards++;
    return true;
}

static void fill_canary(char *floor)
{
    for (uint64_t *at = (void *)(floor - stack_page_size()); (char *)at < floor; at++)
        *at = STACK_CANARY;
}

/* Installs the guard of the next stack of the slab. */
static enum stack_guard install_guard(const struct stack_class *class, struct stack_slab *slab, char *bottom)
{
    enum stack_guard method = slab->guarded == SIZE_MAX ? guard_method : STACK_GUARD_CANARY;
    if (method == STACK_GUARD_MADVISE && slab->carved >= slab->ahead)
        stack_make_ahead(class, slab);
    if (method == STACK_GUARD_MADVISE && slab->carved < slab->ahead)
        return method;
    if (method == STACK_GUARD_MADVISE &&
        madvise(bottom, stack_guard_size(), PROBE_MADV_GUARD_INSTALL) != 0)
        method = STACK_GUARD_MPROTECT;
    if (method == STACK_GUARD_MPROTECT && !protect(slab, bottom)) {
        warn_unguarded();
        method = STACK_GUARD_CANARY;
    }
    if (method == STACK_GUARD_CANARY) {
        if (slab->guarded == SIZE_MAX)
            slab->guarded = slab->carved;
        fill_canary(bottom + stack_guard_size());
    }
    return method;
}

/* ==== slabs ==== */

static char *map_slab(size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    madvise(base, bytes, MADV_NOHUGEPAGE); /* otherwise the first byte of a stack would cost 2 MiB */
    return base;
}

static size_t next_slab_count(struct stack_class *class)
{
    size_t largest = LARGEST_SLAB / class->stride;
    size_t count = class->next_count != 0 ? class->next_count : FIRST_SLAB_COUNT;
    if (count > largest)
        count = largest > 0 ? largest : 1;
    class->next_count = count * 2;
    return count;
}

static __thread struct thread_exit exit_of_pool = {.leave = stack_pool_trim};

static struct stack_slab *add_slab(struct stack_class *class)
{
    thread_at_exit(&exit_of_pool);
    if (!stack_pool.left_alone)
        stack_watch_overflow(true);
    pthread_once(&guard_once, choose_guards);
    size_t count = next_slab_count(class), guard = stack_guard_size(), page = stack_page_size();
    char *base;
    while (!(base = map_slab(guard + count * class->stride + page)) && count > 1)
        count /= 2;
    if (!base)
        return NULL;
    mprotect(base, guard, PROT_NONE); /* an overflow through stacks without guards ends here */
    struct stack_slab *slab = (void *)(base + guard + count * class->stride);
    *slab = (struct stack_slab){.base = base,
                                .stacks = base + guard,
                                .bytes = guard + count * class->stride + page,
                                .count = count,
                                .guarded = SIZE_MAX,
                                .next = class->slabs};
    class->slabs = slab;
    if (stack_pool.sleeps)
        hibernate_add_slab(class, slab);
    return slab;
}

/* Tells debugging tools about the memory of a stack, without the guard. */
static void tell_tools(struct stack *stack)
{
    char *start = stack->floor;
    stack->valgrind_id = VALGRIND_STACK_REGISTER(start, (char *)stack);
    stack->checked = VALGRIND_MAKE_MEM_DEFINED(stack, sizeof *stack) != 0 || /* only Memcheck answers this */
                     stack->guard == STACK_GUARD_CANARY;
    __lsan_register_root_region(start, (size_t)((char *)stack - start));
}

static void untell_tools(struct stack *stack)
{
    char *start = stack->floor;
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
    __lsan_unregister_root_region(start, (size_t)((char *)stack - start));
}

static struct stack *carve(struct stack_class *class)
{
    struct stack_slab *slab = class->slabs;
    if (!slab || slab->carved == slab->count)
        slab = add_slab(class);
    if (!slab)
        return NULL;
    char *bottom = slab->stacks + slab->carved * class->stride;
    enum stack_guard guard = install_guard(class, slab, bottom);
    struct stack *stack = stack_at(class, slab, slab->carved);
    stack->bottom = bottom;
    stack->floor = bottom + stack_guard_size();
    stack->size = class->size;
    stack->class = class;
    stack->slab = slab;
    stack->guard = (uint8_t)guard;
    tell_tools(stack);
    slab->carved++;
    class->carved++;
    return stack;
}

struct stack *stack_around(const void *address)
{
    uintptr_t at = (uintptr_t)address;
    for (struct stack_class *class = &stack_pool.common; class; class = class->next) {
        for (struct stack_slab *slab = class->slabs; slab; slab = slab->next) {
            size_t index = (at - (uintptr_t)slab->stacks) / class->stride;
            if (at < (uintptr_t)slab->stacks || index >= slab->carved)
                continue;
            struct stack *stack = stack_at(class, slab, index);
            return stack->next == stack ? stack : NULL;
        }
    }
    return NULL;
}

/* ==== classes ==== */

/* Address space of a stack of that size: the guard is a part of a large stack, and is added to a small one, which
 * has no room to spare; but a page of the guard is a part of every stack. */
static size_t stride_of(size_t size)
{
    size_t guard = stack_guard_size();
    return size >= 4 * guard ? size : size + guard - stack_page_size();
}

static struct stack_class *add_class(size_t size)
{
    /* The pool may outlive every loop, and therefore every allocator of a loop. */
    const struct eddy_allocator *before = memory_use(NULL);
    struct stack_class *class = memory_alloc_zeroed(sizeof *class);
    memory_use(before);
    if (!class)
        return NULL;
    class->size = size;
    class->stride = stride_of(size);
    class->next = stack_pool.common.next;
    stack_pool.common.next = class;
    return class;
}

static struct stack_class *find_class(size_t size)
{
    if (stack_pool.common.size == 0) {
        stack_pool.common.size = stack_default_size();
        stack_pool.common.stride = stride_of(stack_pool.common.size);
    }
    if (size == 0 || size == stack_pool.common.size)
        return &stack_pool.common;
    if (size > SIZE_MAX / 8)
        return NULL;
    size = round_up(size < SMALLEST_SIZE ? SMALLEST_SIZE : size, stack_page_size()) * SIZE_FACTOR;
    struct stack_class *class = &stack_pool.common;
    while (class && class->size != size)
        class = class->next;
    return class ? class : add_class(size);
}

/* ==== take and give ==== */

/* Valgrind regards the memory below the last frame of the stack's last user as out of bounds. */
static struct stack *taken(struct stack *stack)
{
    if (__builtin_expect(stack->checked, 0))
        (void)VALGRIND_MAKE_MEM_DEFINED(stack->floor, (size_t)((char *)stack - stack->floor));
    stack->generator = NULL;
    stack->next = stack;
    return stack;
}

static __attribute__((noinline)) struct stack *take_slowly(size_t size)
{
    struct stack_class *class = find_class(size);
    if (!class)
        return NULL;
    struct stack *stack = class->free;
    if (!stack)
        stack = carve(class);
    else
        class->free = stack->next;
    if (!stack)
        return NULL;
    class->live++;
    return taken(stack);
}

struct stack *stack_take(size_t size)
{
    if (memory_fault())
        return NULL;
    struct stack *stack = stack_pool.common.free;
    if (size != 0 || !stack)
        return take_slowly(size);
    stack_pool.common.free = stack->next;
    stack_pool.common.live++;
    return taken(stack);
}

void stack_give(struct stack *stack)
{
    EDDY_ASSERT(stack->next == stack, "a stack is given back that is not in use");
    if (__builtin_expect(!stack_intact(stack), 0))
        stack_report_overflow(stack);
    /* The next owner must find no poison of old frames. */
    __asan_unpoison_memory_region(stack->floor, (size_t)((char *)stack - stack->floor));
    struct stack_class *class = stack->class;
    stack->next = class->free;
    class->free = stack;
    class->live--;
}

long stack_live(void)
{
    long live = 0;
    for (struct stack_class *class = &stack_pool.common; class; class = class->next)
        live += class->live;
    return live;
}

/* ==== trimming ==== */

static void remove_slab(struct stack_class *class, struct stack_slab *slab)
{
    for (size_t i = 0; i < slab->carved; i++)
        untell_tools(stack_at(class, slab, i));
    __atomic_sub_fetch(&mapped_guards, (long)slab->guards, __ATOMIC_RELAXED);
    class->carved -= (long)slab->carved;
    hibernate_remove_slab(slab);
    if (stack_pool.hand.slab == slab)
        stack_pool.hand = (struct stack_hand){0};
    munmap(slab->base, slab->bytes);
}

static void count_free(struct stack_class *class)
{
    for (struct stack_slab *slab = class->slabs; slab; slab = slab->next)
        slab->free = 0;
    for (struct stack *stack = class->free; stack; stack = stack->next)
        stack->slab->free++;
}

/* The free stacks of the remaining slabs keep their order. */
static void forget_doomed_stacks(struct stack_class *class)
{
    struct stack **link = &class->free;
    for (struct stack *stack = class->free; stack; stack = stack->next) {
        if (stack->slab->free == stack->slab->carved)
            continue;
        *link = stack;
        link = &stack->next;
    }
    *link = NULL;
}

static void trim_class(struct stack_class *class)
{
    if (class->live == 0) {
        class->free = NULL;
    } else {
        count_free(class);
        forget_doomed_stacks(class);
    }
    struct stack_slab **link = &class->slabs;
    while (*link) {
        struct stack_slab *slab = *link;
        if (class->live != 0 && slab->free != slab->carved) {
            link = &slab->next;
            continue;
        }
        *link = slab->next;
        remove_slab(class, slab);
    }
    if (!class->slabs)
        class->next_count = 0;
}

bool stack_pool_is_slack(void)
{
    const struct stack_class *class = &stack_pool.common;
    return class->carved > SLACK && class->live > 0 && class->live < class->carved / 8;
}

void stack_pool_trim(void)
{
    struct stack_class **link = &stack_pool.common.next;
    trim_class(&stack_pool.common);
    while (*link) {
        struct stack_class *class = *link;
        trim_class(class);
        if (class->slabs) {
            link = &class->next;
            continue;
        }
        *link = class->next;
        memory_free(class);
    }
    if (!stack_pool.common.slabs && !stack_pool.common.next)
        stack_overflow_forget();
}
