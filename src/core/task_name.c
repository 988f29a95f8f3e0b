/* SPDX-License-Identifier: MIT */
/* task_name.c - the name of a task in tracebacks and messages. */
#include <string.h>

#include "core/task.h"
#include "os/memory.h"

enum { NAME_MAX_BYTES = 63, FUNCTION_MAX_BYTES = 48, DIGITS = 10 };

/* "function-7", without printf: a server asks for it for each peer that breaks its connection off. NULL: no memory. */
static char *new_name(const char *function, uint32_t id)
{
    char digits[DIGITS];
    size_t length = strnlen(function, FUNCTION_MAX_BYTES), first = DIGITS;
    do
        digits[--first] = (char)('0' + id % 10);
    while (id /= 10);
    char *name = memory_alloc(length + 1 + DIGITS - first + 1);
    if (!name)
        return NULL;
    memcpy(name, function, length);
    name[length] = '-';
    memcpy(name + length + 1, digits + first, DIGITS - first);
    name[length + 1 + DIGITS - first] = '\0';
    return name;
}

const char *task_name(struct task *task)
{
    if (!task->name)
        task->name = new_name(task_core(task)->type->name, task->id);
    return task->name ? task->name : task_core(task)->type->name;
}

void task_set_name(struct task *task, const char *name)
{
    size_t length = strlen(name);
    if (length > NAME_MAX_BYTES)
        length = NAME_MAX_BYTES;
    char *copy = memory_alloc(length + 1);
    if (!copy)
        return;
    memcpy(copy, name, length);
    copy[length] = '\0';
    memory_free(task->name);
    task->name = copy;
}
