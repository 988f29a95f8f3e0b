/* SPDX-License-Identifier: MIT */
/* unclaimed.h - results that nobody takes: see unclaimed.c. */
#ifndef EDDY_CORE_UNCLAIMED_H
#define EDDY_CORE_UNCLAIMED_H

#include "core/task.h"

/* Nobody will take it any more: it goes to the type's `undo`, unless it was taken.  Not where its stack is left. */
void task_give_up_result(struct task *task);

#endif
