/* SPDX-License-Identifier: MIT */
/* call.c - the pages that contain calls; see call.h. */
#include "core/call.h"

#include "os/memory.h"

enum {
    PAGES_KEPT = 64,     /* this number of pages is never given back */
    SERIALS_AT_ONCE = 1 << 12
};

/* Serial numbers are unique in the process, so that a handle of a loop that has ended has no meaning for the next
 * one. */
void calls_reserve_serials(struct calls *calls)
{
    static uintptr_t reserved; /* atomic */
    calls->last_serial = __atomic_add_fetch(&reserved, SERIALS_AT_ONCE, __ATOMIC_RELAXED);
    calls->serial = calls->last_serial - SERIALS_AT_ONCE + 1; /* never 0 */
}

static bool grow_list(struct calls *calls)
{
    uint32_t capacity = calls->capacity ? calls->capacity * 2 : 8;
    struct call_page **pages = memory_grow(calls->pages, capacity * sizeof(struct call_page *));
    if (!pages)
        return false;
    calls->pages = pages;
    calls->capacity = capacity;
    return true;
}

/* The number of a page that was given back, or otherwise the next one; false: no memory, or too many pages. */
static bool free_number(struct calls *calls, uint32_t *number)
{
    *number = 0;
    if (calls->full_pages < calls->page_count)
        while (calls->pages[*number])
            ++*number;
    else
        *number = calls->page_count;
    return *number < (1u << CALL_PLACE_BITS) / CALLS_PER_PAGE && (*number < calls->capacity || grow_list(calls));
}

bool calls_grow(struct calls *calls)
{
    uint32_t number;
    struct call_page *page = free_number(calls, &number) ? memory_alloc(sizeof *page) : NULL;
    if (!page)
        return false;
    calls->pages[number] = page;
    if (number == calls->page_count)
        calls->page_count++;
    calls->full_pages++;
    if (calls->full_pages > PAGES_KEPT)
        calls->slack = calls->full_pages * (CALLS_PER_PAGE / 2);
    for (uint32_t i = CALLS_PER_PAGE; i-- > 0;) {
        struct loop_call *call = &page->calls[i];
        call->name = number * CALLS_PER_PAGE + i;
        call->ready.next = (struct ready *)calls->free;
        calls->free = call;
    }
    return true;
}

static bool page_is_free(const struct call_page *page)
{
    for (size_t i = 0; i < CALLS_PER_PAGE; i++)
        if (!call_is_free(&page->calls[i]))
            return false;
    return true;
}

/* Removes the free calls of empty pages from the chain. */
static void unchain(struct calls *calls, const bool *empty)
{
    struct loop_call **link = &calls->free;
    for (struct loop_call *call; (call = *link);) {
        if (empty[call_place(call) / CALLS_PER_PAGE])
            *link = (struct loop_call *)call->ready.next;
        else
            link = (struct loop_call **)(void *)&call->ready.next;
    }
}

void calls_trim(struct calls *calls)
{
    bool *empty = memory_alloc(calls->page_count);
    calls->slack = calls->used / 2; /* the next time only when twice as many are free */
    if (!empty)
        return;
    for (uint32_t i = 0; i < calls->page_count; i++)
        empty[i] = calls->pages[i] && page_is_free(calls->pages[i]);
    unchain(calls, empty);
    for (uint32_t i = 0; i < calls->page_count; i++)
        if (empty[i]) {
            memory_free(calls->pages[i]);
            calls->pages[i] = NULL;
            calls->full_pages--;
        }
    memory_free(empty);
}

void calls_free(struct calls *calls)
{
    for (uint32_t i = 0; i < calls->page_count; i++)
        memory_free(calls->pages[i]);
    memory_free(calls->pages);
    *calls = (struct calls){0};
}
