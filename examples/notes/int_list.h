/* SPDX-License-Identifier: MIT */
/* int_list.h - a list of int as the programs of the notes collect and print it: [1, 2, 3]. */
#ifndef INT_LIST_H
#define INT_LIST_H

#include <eddy/keywords.h>
#include <stdio.h>

typedef list_of(int) int_list;

static inline void int_list_print(const int_list *list)
{
    putchar('[');
    for (size_t i = 0; i < list->count; i++)
        printf(i ? ", %d" : "%d", list->items[i]);
    puts("]");
}

#endif
