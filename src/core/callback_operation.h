/* SPDX-License-Identifier: MIT */
/* callback_operation.h - operations without a task, at the end of their loop. */
#ifndef EDDY_CORE_CALLBACK_OPERATION_H
#define EDDY_CORE_CALLBACK_OPERATION_H

struct eddy_loop;

/* 0, or the code for why no operation can be started on the loop (NULL: there is none on this thread). */
int callback_operations_refusal(const struct eddy_loop *loop);
/* Cancels all operations in flight, cancels the objects that use them (loop->enders), and waits for both. No other
 * can be started from now on. */
void callback_operations_end(struct eddy_loop *loop);

#endif
