/* SPDX-License-Identifier: MIT */
/*
 * switch_x86_64.c - the switch by the System V rules: rbx, rbp, r12 to r15 survive a call, all others are clobbered.
 *
 * Both stacks have the same layout at the moment the stack pointer changes, so one set of CFI is right before and
 * after it; the entry's return address is undefined, which is where a backtrace ends. Shadow stacks are not
 * switched: Meson compiles this file such that programs linked with it do not claim them.
 */
#include "core/switch.h"

#if defined __x86_64__ && !defined EDDY_SWITCH_IS_GENERIC

#include <stdint.h>

#include "base/assert.h"

/* Indirect branch tracking: there is no endbr64 after a call, so the jump back to that place is not tracked. */
#if defined __CET__ && (__CET__ & 1)
#define JUMP "notrack jmp"
#else
#define JUMP "jmp"
#endif

/* Stores what survives a call, and goes from the stack whose point is at rdi to the one at rsi. */
#define PUSH(register) "pushq %" register "\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset " register ",0\n"
#define LEAVE_STACK                                                                                                    \
    PUSH("rbp") PUSH("rbx") PUSH("r12") PUSH("r13") PUSH("r14") PUSH("r15")                                            \
    "movq %rsp,(%rdi)\n"                                                                                               \
    "movq %rsi,%rsp\n"

__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy_switch\n"
        ".hidden eddy_switch\n"
        ".type eddy_switch,@function\n"
        "eddy_switch:\n"
        ".globl eddy_switch_bool\n"
        ".hidden eddy_switch_bool\n"
        ".type eddy_switch_bool,@function\n"
        "eddy_switch_bool:\n"
        ".cfi_startproc\n"
        LEAVE_STACK
        "movq %rdx,%rax\n"
        "popq %r15\n.cfi_adjust_cfa_offset -8\n.cfi_restore r15\n"
        "popq %r14\n.cfi_adjust_cfa_offset -8\n.cfi_restore r14\n"
        "popq %r13\n.cfi_adjust_cfa_offset -8\n.cfi_restore r13\n"
        "popq %r12\n.cfi_adjust_cfa_offset -8\n.cfi_restore r12\n"
        "popq %rbx\n.cfi_adjust_cfa_offset -8\n.cfi_restore rbx\n"
        "popq %rbp\n.cfi_adjust_cfa_offset -8\n.cfi_restore rbp\n"
        "popq %rcx\n.cfi_adjust_cfa_offset -8\n.cfi_register rip,rcx\n"
        JUMP " *%rcx\n"
        ".cfi_endproc\n"
        ".size eddy_switch,.-eddy_switch\n"
        ".p2align 4\n"
        ".globl eddy_switch_away\n"
        ".hidden eddy_switch_away\n"
        ".type eddy_switch_away,@function\n"
        "eddy_switch_away:\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n" /* there is no caller to go back to, and the target's is not known so far */
        "movq %rdi,%rsp\n"
        "movq %rsi,%rax\n"
        "popq %r15\n"
        "popq %r14\n"
        "popq %r13\n"
        "popq %r12\n"
        "popq %rbx\n"
        "popq %rbp\n"
        "popq %rcx\n"
        JUMP " *%rcx\n"
        ".cfi_endproc\n"
        ".size eddy_switch_away,.-eddy_switch_away\n"
        ".p2align 4\n"
        ".globl eddy_switch_begin\n"
        ".hidden eddy_switch_begin\n"
        ".type eddy_switch_begin,@function\n"
        "eddy_switch_begin:\n"
        ".cfi_startproc\n"
        LEAVE_STACK
        ".cfi_undefined rip\n"
        "pushq $0\n" /* as switch_first_frame lays it out */
        "pushq $0\n"
        "movq %rdx,%r13\n"
        "movq %rcx,%r12\n"
        "xorl %ebp,%ebp\n"
        "jmp eddy_switch_entry\n"
        ".cfi_endproc\n"
        ".size eddy_switch_begin,.-eddy_switch_begin\n"
        ".p2align 4\n"
        ".globl eddy_switch_entry\n"
        ".hidden eddy_switch_entry\n"
        ".type eddy_switch_entry,@function\n"
        "eddy_switch_entry:\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n"
        "movq %r12,%rdi\n"
        "call *%r13\n"
        "ud2\n"
        ".cfi_endproc\n"
        ".size eddy_switch_entry,.-eddy_switch_entry\n");

void eddy_switch_entry(void);

/* Only in builds without Meson's flags: if a shadow stack is in force, the first switch is a fault. */
static void refuse_shadow_stack(void)
{
#if defined __CET__ && (__CET__ & 2)
    uint64_t shadow = 0; /* the instruction does not change it if there is no shadow stack */
    __asm__ volatile("rdsspq %0" : "+r"(shadow));
    EDDY_ASSERT(shadow == 0, "the switch does not follow shadow stacks: compile with -fcf-protection=branch");
#endif
}

void *switch_first_frame(void *top, void (*entry)(void *), void *argument)
{
    refuse_shadow_stack();
    void **sp = top;
    *--sp = 0; /* the place of the entry's return address */
    *--sp = 0; /* keeps the stack 16-aligned at the entry's call */
    *--sp = (void *)(uintptr_t)eddy_switch_entry;
    *--sp = 0;                        /* rbp: ends a walk by frame pointers */
    *--sp = 0;                        /* rbx */
    *--sp = argument;                 /* r12 */
    *--sp = (void *)(uintptr_t)entry; /* r13 */
    *--sp = 0;                        /* r14 */
    *--sp = 0;                        /* r15 */
    return sp;
}

#else
typedef int eddy_not_x86_64;
#endif
