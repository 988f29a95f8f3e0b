/* SPDX-License-Identifier: MIT */
/*
 * list.h - doubly linked lists whose links lie in their items, and how an item is found by its link.
 *
 * Invariants: a list is empty if and only if both its ends are NULL; the first link has no previous one, the last no
 * next one. A list of zeros is empty, and a list may be copied to another place, since no link leads to it. The
 * contents of a link after its removal are meaningless: an item that must know whether it is in a list needs a
 * separate mark.
 */
#ifndef EDDY_BASE_LIST_H
#define EDDY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

/* The struct of `type` whose `member` lies at `pointer`, which must point to the type of that member. */
#define container_of(pointer, type, member)                                                                            \
    ((type *)((uintptr_t)(pointer) - offsetof(type, member) + 0 * sizeof(0 ? (pointer) : &((type *)0)->member)))

struct list_link {
    struct list_link *next, *previous; /* NULL: there is none */
};

/* Public structs hold one as two pointers to void, see core/waiters.h: hence the attribute. */
struct __attribute__((may_alias)) list {
    struct list_link *first, *last; /* NULL, both: it is empty */
};

/* The item that holds the first link, or NULL. */
#define LIST_FIRST(list, type, member) ((list)->first ? container_of((list)->first, type, member) : NULL)
/* The item after `item`, or NULL. */
#define LIST_NEXT(item, type, member) ((item)->member.next ? container_of((item)->member.next, type, member) : NULL)
/* Heads a loop over all items.  The body must not remove `item`. */
#define LIST_EACH(type, item, list, member)                                                                            \
    for (type *item = LIST_FIRST(list, type, member); item; item = LIST_NEXT(item, type, member))

static inline bool list_is_empty(const struct list *list)
{
    return !list->first;
}

/* Walks the list. */
static inline size_t list_count(const struct list *list)
{
    size_t count = 0;
    for (const struct list_link *at = list->first; at; at = at->next)
        count++;
    return count;
}

/* Walks the list: the link is in it. */
static inline bool list_contains(const struct list *list, const struct list_link *link)
{
    const struct list_link *at = list->first;
    while (at && at != link)
        at = at->next;
    return at;
}

/* Walks the list: each link is the previous one of its next one. */
static inline bool list_is_whole(const struct list *list)
{
    const struct list_link *before = NULL;
    for (const struct list_link *at = list->first; at; before = at, at = at->next)
        if (at->previous != before)
            return false;
    return list->last == before;
}

/* Looks only at the neighbours, so that it costs next to nothing: false for most links that are not in the list. */
static inline bool list_holds(const struct list *list, const struct list_link *link)
{
    return (link->previous ? link->previous->next : list->first) == link &&
           (link->next ? link->next->previous : list->last) == link;
}

static inline void list_add_first(struct list *list, struct list_link *link)
{
    *link = (struct list_link){.next = list->first};
    if (list->first)
        list->first->previous = link;
    else
        list->last = link;
    list->first = link;
}

static inline void list_add_last(struct list *list, struct list_link *link)
{
    struct list_link *last = list->last;
    link->next = NULL;
    link->previous = last;
    list->last = link;
    if (last)
        last->next = link;
    else
        list->first = link;
}

static inline void list_remove(struct list *list, struct list_link *link)
{
    EDDY_INVARIANT(list_holds(list, link));
    if (link->previous)
        link->previous->next = link->next;
    else
        list->first = link->next;
    if (link->next)
        link->next->previous = link->previous;
    else
        list->last = link->previous;
}

/* Removes the first link and gives it; NULL: the list is empty. */
static inline struct list_link *list_take_first(struct list *list)
{
    struct list_link *first = list->first;
    if (!first)
        return NULL;
    list->first = first->next;
    if (first->next)
        first->next->previous = NULL;
    else
        list->last = NULL;
    return first;
}

/* Empties the list and returns its former contents. */
static inline struct list list_take_all(struct list *list)
{
    struct list all = *list;
    *list = (struct list){.first = NULL};
    return all;
}

/* Appends the links of `more`, which is empty afterwards, to `list`. */
static inline void list_append_all(struct list *list, struct list *more)
{
    for (struct list_link *link; (link = list_take_first(more));)
        list_add_last(list, link);
}

#endif
