/* SPDX-License-Identifier: MIT */
/*
 * frame_x86_64.c - eddy_frame_end: goes on below the frame of a body that has just returned.
 *
 * That frame lies below the stack pointer, whole but without an owner. Its tasks may still read locals that they
 * were lent, until they have been joined. So nothing may be pushed over it: the old stack pointer is kept on the new
 * part of the stack, and the CFI finds it there.
 */
#ifdef __x86_64__

#include <stddef.h>

#include "core/frame_end.h"

_Static_assert(offsetof(struct task, spawn_frame) == TASK_SPAWN_FRAME, "frame_x86_64.c reads it");
_Static_assert(sizeof(struct task) % 16 == 0, "the coroutine after it is aligned");

/* rdi: struct task *, the first of the body's tasks; frame_end_below(tasks, the stack pointer of the caller). */
__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy_frame_end\n"
        ".type eddy_frame_end,@function\n"
        "eddy_frame_end:\n"
        ".cfi_startproc\n"
        "endbr64\n" /* it is also called through the PLT */
        "movq %rsp,%rsi\n"
        "movq " TASK_SPAWN_FRAME_TEXT "(%rdi),%rax\n"
        "subq $256,%rax\n"
        "cmpq %rsi,%rax\n"
        "cmovaq %rsi,%rax\n"
        "andq $-16,%rax\n"
        "leaq -16(%rax),%rsp\n" /* first, since a signal handler may overwrite memory below the stack pointer */
        "movq %rsi,(%rsp)\n"
        ".cfi_escape 0x0f,5,0x77,0,0x06,0x23,8\n" /* CFA = *(rsp) + 8 */
        "call frame_end_below\n"
        "movq (%rsp),%rsp\n"
        ".cfi_def_cfa rsp,8\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size eddy_frame_end,.-eddy_frame_end\n");

const char frame_end_file = 0;

#else
typedef int eddy_not_x86_64_frame;
#endif
