/* SPDX-License-Identifier: MIT */
/* task_name.c - what a task is called in tracebacks and messages. */
#include <stdio.h>
#include <string.h>

#include "core/task.h"
#include "os/memory.h"

enum { NAME_MAX_BYTES = 63 };

const char *task_name(struct task *task)
{
    if (!task->name) {
        char name[64];
        snprintf(name, sizeof name, "%.48s-%u", task_core(task)->type->name, task->id);
        task->name = memory_copy_string(name);
    }
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
