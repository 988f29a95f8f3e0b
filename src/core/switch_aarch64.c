/* SPDX-License-Identifier: MIT */
/*
 * switch_aarch64.c - the switch by the AAPCS64 rules: x19 to x30, d8 to d15 survive a call, all others are
 * clobbered.
 *
 * Both stacks have the same layout at the moment the stack pointer changes, so one set of CFI serves both.
 */
#include "core/switch.h"

#if defined __aarch64__ && !defined EDDY_SWITCH_IS_GENERIC

#include <stdint.h>
#include <string.h>

#define FRAME 176

/* Branch target identification: an indirect jump needs a landing pad, and there is none after a call; a ret does not
 * need one. */
#ifdef __ARM_FEATURE_BTI_DEFAULT
#define JUMP "ret x30"
#else
#define JUMP "br x30"
#endif

__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy_switch\n"
        ".hidden eddy_switch\n"
        ".type eddy_switch,%function\n"
        "eddy_switch:\n"
        ".globl eddy_switch_bool\n"
        ".hidden eddy_switch_bool\n"
        ".type eddy_switch_bool,%function\n"
        "eddy_switch_bool:\n"
        ".cfi_startproc\n"
        "sub sp,sp,#176\n.cfi_adjust_cfa_offset 176\n"
        "stp x29,x30,[sp,#0]\n.cfi_rel_offset x29,0\n.cfi_rel_offset x30,8\n"
        "stp x19,x20,[sp,#16]\n.cfi_rel_offset x19,16\n.cfi_rel_offset x20,24\n"
        "stp x21,x22,[sp,#32]\n.cfi_rel_offset x21,32\n.cfi_rel_offset x22,40\n"
        "stp x23,x24,[sp,#48]\n.cfi_rel_offset x23,48\n.cfi_rel_offset x24,56\n"
        "stp x25,x26,[sp,#64]\n.cfi_rel_offset x25,64\n.cfi_rel_offset x26,72\n"
        "stp x27,x28,[sp,#80]\n.cfi_rel_offset x27,80\n.cfi_rel_offset x28,88\n"
        "stp d8,d9,[sp,#96]\n"
        "stp d10,d11,[sp,#112]\n"
        "stp d12,d13,[sp,#128]\n"
        "stp d14,d15,[sp,#144]\n"
        "mov x9,sp\n"
        "str x9,[x0]\n"
        "mov sp,x1\n"
        "mov x0,x2\n"
        "ldp x29,x30,[sp,#0]\n"
        "ldp x19,x20,[sp,#16]\n"
        "ldp x21,x22,[sp,#32]\n"
        "ldp x23,x24,[sp,#48]\n"
        "ldp x25,x26,[sp,#64]\n"
        "ldp x27,x28,[sp,#80]\n"
        "ldp d8,d9,[sp,#96]\n"
        "ldp d10,d11,[sp,#112]\n"
        "ldp d12,d13,[sp,#128]\n"
        "ldp d14,d15,[sp,#144]\n"
        "add sp,sp,#176\n.cfi_adjust_cfa_offset -176\n"
        JUMP "\n"
        ".cfi_endproc\n"
        ".size eddy_switch,.-eddy_switch\n"
        ".p2align 4\n"
        ".globl eddy_switch_entry\n"
        ".hidden eddy_switch_entry\n"
        ".type eddy_switch_entry,%function\n"
        "eddy_switch_entry:\n"
        ".cfi_startproc\n"
        ".cfi_undefined x30\n"
        "mov x0,x19\n"
        "blr x20\n"
        "brk #1\n"
        ".cfi_endproc\n"
        ".size eddy_switch_entry,.-eddy_switch_entry\n");

void eddy_switch_entry(void);

void *switch_first_frame(void *top, void (*entry)(void *), void *argument)
{
    char *sp = (char *)top - FRAME;
    memset(sp, 0, FRAME);
    void **saved = (void **)(void *)sp;
    saved[1] = (void *)(uintptr_t)eddy_switch_entry; /* x30 */
    saved[2] = argument;                             /* x19 */
    saved[3] = (void *)(uintptr_t)entry;             /* x20 */
    return sp;
}

#else
typedef int eddy_not_aarch64;
#endif
