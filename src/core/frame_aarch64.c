/* SPDX-License-Identifier: MIT */
/* frame_aarch64.c - eddy_frame_end, as explained in frame_x86_64.c. */
#ifdef __aarch64__

#include <stddef.h>

#include "core/frame_end.h"

_Static_assert(offsetof(struct task, spawn_frame) == TASK_SPAWN_FRAME, "the code below reads it");
_Static_assert(sizeof(struct task) % 16 == 0, "the coroutine after it is aligned");

__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy_frame_end\n"
        ".type eddy_frame_end,%function\n"
        "eddy_frame_end:\n"
        ".cfi_startproc\n"
        "hint #34\n" /* bti c: it is also called through the PLT */
        "mov x1,sp\n"
        "ldr x2,[x0,#" TASK_SPAWN_FRAME_TEXT "]\n"
        "sub x2,x2,#256\n"
        "cmp x2,x1\n"
        "csel x2,x1,x2,hi\n"
        "and x2,x2,#-16\n"
        "sub sp,x2,#16\n" /* first, since a signal handler may overwrite memory below the stack pointer */
        "stp x1,x30,[sp]\n"
        ".cfi_escape 0x0f,3,0x8f,0,0x06\n"        /* CFA = *(sp) */
        ".cfi_escape 0x10,30,4,0x8f,8,0x23,0\n"   /* x30 at sp + 8 */
        "bl frame_end_below\n"
        "ldp x1,x30,[sp]\n"
        "mov sp,x1\n"
        ".cfi_def_cfa sp,0\n"
        ".cfi_restore x30\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size eddy_frame_end,.-eddy_frame_end\n");

const char frame_end_file = 0;

#else
typedef int eddy_not_aarch64_frame;
#endif
