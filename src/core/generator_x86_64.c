/* SPDX-License-Identifier: MIT */
/*
 * generator_x86_64.c - steps of generators by the rules of generator_switch.h.
 *
 * Programs jump here with the address to go on at in rcx, and their data may lie below the stack pointer. In a library
 * with the generic switch or a sanitizer these jumps become function calls: a program need not know how the library was
 * built.
 */
#include "core/generator.h"

#include <stddef.h>

#ifdef __x86_64__

#if defined __CET__ && (__CET__ & 1)
#define JUMP "notrack jmp"
#else
#define JUMP "jmp"
#endif

#define FUNCTION(name, visibility) \
    ".p2align 4\n.globl " name "\n" visibility ".type " name ",@function\n" name ":\n.cfi_startproc\n"
#define HIDDEN(name) FUNCTION(name, ".hidden " name "\n")
#define END(name) ".cfi_endproc\n.size " name ",.-" name "\n"
/* The caller has jumped here: its stack pointer is as it was. */
#define JUMPED_HERE ".cfi_def_cfa rsp,0\n.cfi_register rip,rcx\n"
/* Calls a function for the jump, on an aligned stack below the caller's data. Its caller goes on with the zero flag set
 * if the result is false. */
#define CALL(function)                                                                                                 \
    "movq %rsp,%rdi\n"                                                                                                 \
    "leaq -128(%rsp),%rsp\n"                                                                                           \
    "andq $-16,%rsp\n"                                                                                                 \
    "pushq %rdi\n"                                                                                                     \
    "pushq %rcx\n"                                                                                                     \
    ".cfi_escape 0x0f,0x03,0x77,0x08,0x06\n"     /* the caller's stack pointer is the word at rsp + 8 */             \
    ".cfi_escape 0x10,0x10,0x02,0x77,0x00\n"     /* it goes on at the address in the word at rsp */                  \
    "movq %rax,%rdi\n"                                                                                                 \
    "call " function "\n"                                                                                              \
    "testb %al,%al\n"                                                                                                  \
    "popq %rcx\n"                                                                                                      \
    "popq %rsp\n" JUMPED_HERE JUMP " *%rcx\n"

#ifdef EDDY_QUICK_STEPS

_Static_assert(offsetof(struct generator_stack, inside) == GENERATOR_INSIDE &&
               offsetof(struct generator_stack, outside) == GENERATOR_OUTSIDE &&
               offsetof(struct eddy_generator_control, sent_slot) == 8 &&
               offsetof(struct eddy_generator, self) == GENERATOR_SELF &&
               offsetof(struct eddy_generator, control) == GENERATOR_CONTROL &&
               offsetof(struct generator_point, pc) == 8 && offsetof(struct generator_point, bp) == 16 &&
               offsetof(struct generator_point, bx) == 24 && offsetof(struct generator_point, then) == 32,
               "the numbers below");

/* From here on: inside.sp is 16(%rax), its pc, bp, bx, then follow; outside.sp is 56(%rax). */
#define CHECK /* it was started, is no copy, and is suspended at r8 */                                                 \
    "cmpq %rdi,40(%rdi)\n"                                                                                             \
    "jne generator_enter_otherwise\n"                                                                                  \
    "movq 48(%rdi),%rax\n"                                                                                             \
    "movq 16(%rax),%r8\n"                                                                                              \
    "testq %r8,%r8\n"                                                                                                  \
    "je generator_enter_otherwise\n"
#define PUSH(register) "pushq %" register "\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset " register ",0\n"
#define POP(register) "popq %" register "\n.cfi_adjust_cfa_offset -8\n.cfi_restore " register "\n"
#define PUSH_ALL PUSH("rbx") PUSH("r12") PUSH("r13") PUSH("r14") PUSH("r15")
/* As in eddy_switch there is no ret. */
#define RETURN                                                                                                         \
    "movzbl %al,%eax\n" POP("r15") POP("r14") POP("r13") POP("r12") POP("rbx")                                         \
    "popq %rcx\n.cfi_adjust_cfa_offset -8\n.cfi_register rip,rcx\n" JUMP " *%rcx\n"
#define STORE(at) "movq %rsp," #at "(%rax)\nmovq %rcx," #at "+8(%rax)\nmovq %rbp," #at "+16(%rax)\n"
#define GO_IN "movq %r8,%rsp\nmovq 32(%rax),%rbp\n" JUMP " *24(%rax)\n"
#define GO_OUT "movq 56(%rax),%rsp\nmovq 72(%rax),%rbp\ntestq %rsp,%rsp\n" JUMP " *64(%rax)\n"

__asm__(".text\n"
        HIDDEN("generator_enter_otherwise")
        JUMPED_HERE
        "movq %rdi,%rax\n"
        CALL("generator_step_otherwise")
        END("generator_enter_otherwise")

        FUNCTION("eddy_generator_enter", "")
        JUMPED_HERE
        CHECK
        "generator_enter:\n"
        "movq %rsi,(%rax)\n"
        "movq %rdx,8(%rax)\n"
        "movq $0,16(%rax)\n"
        STORE(56)
        GO_IN
        END("eddy_generator_enter")

        FUNCTION("eddy_generator_enter_keeping", "")
        JUMPED_HERE
        CHECK
        "movq %rbx,80(%rax)\n"
        "movq %rcx,88(%rax)\n"
        "leaq generator_back_keeping(%rip),%rcx\n"
        "jmp generator_enter\n"
        END("eddy_generator_enter_keeping")

        FUNCTION("eddy_generator_leave", "")
        JUMPED_HERE
        "generator_leave:\n"
        STORE(16)
        GO_OUT
        END("eddy_generator_leave")

        FUNCTION("eddy_generator_leave_keeping", "")
        JUMPED_HERE
        "movq %rbx,40(%rax)\n"
        "movq %rcx,48(%rax)\n"
        "leaq generator_in_keeping(%rip),%rcx\n"
        "jmp generator_leave\n"
        END("eddy_generator_leave_keeping")

        HIDDEN("generator_in_keeping")
        ".cfi_undefined rip\n"
        "movq 40(%rax),%rbx\n"
        JUMP " *48(%rax)\n"
        END("generator_in_keeping")

        HIDDEN("generator_back_keeping")
        ".cfi_undefined rip\n"
        "movq 80(%rax),%rbx\n"
        JUMP " *88(%rax)\n"
        END("generator_back_keeping")

        HIDDEN("generator_back_transferred")
        ".cfi_undefined rip\n"
        "movq 80(%rax),%rbx\n"
        JUMP " *88(%rax)\n"
        END("generator_back_transferred")

        HIDDEN("eddy_generator_entry")
        ".cfi_undefined rip\n"
        "movq %rax,%r12\n" /* for debuggers */
        "movq %rax,%rdi\n"
        "call generator_body\n"
        "ud2\n"
        END("eddy_generator_entry")

        HIDDEN("generator_go_in")
        PUSH_ALL
        "movq %rdi,%rax\n"
        "leaq 1f(%rip),%rcx\n"
        "movq 16(%rax),%r8\n"
        "movq $0,16(%rax)\n"
        STORE(56)
        "cmpb $1,%sil\n"
        GO_IN
        "1: setnz %al\n"
        RETURN
        END("generator_go_in")

        HIDDEN("generator_go_out")
        PUSH_ALL
        "movq %rdi,%rax\n"
        "leaq 1f(%rip),%rcx\n"
        STORE(16)
        GO_OUT
        "1: setz %al\n"
        RETURN
        END("generator_go_out")

        HIDDEN("generator_go_across")
        PUSH_ALL
        "movq %rdi,%rax\n"
        "leaq 1f(%rip),%rcx\n"
        STORE(16)
        "movq %rsi,%rax\n"
        "movq 16(%rax),%r8\n"
        "movq $0,16(%rax)\n"
        "testq %r8,%r8\n"
        GO_IN
        "1: setz %al\n"
        RETURN
        END("generator_go_across")

        HIDDEN("generator_go_away")
        "movq %rdi,%rax\n"
        "movq 56(%rax),%rsp\n"
        "movq 72(%rax),%rbp\n"
        ".cfi_undefined rip\n"
        "cmpq %rax,%rax\n"
        JUMP " *64(%rax)\n"
        END("generator_go_away"));

#else

__asm__(".text\n"
        FUNCTION("eddy_generator_enter", "")
        ".globl eddy_generator_enter_keeping\n.type eddy_generator_enter_keeping,@function\n"
        "eddy_generator_enter_keeping:\n"
        JUMPED_HERE
        "movq %rdi,%rax\n"
        CALL("generator_step_otherwise")
        END("eddy_generator_enter")

        FUNCTION("eddy_generator_leave", "")
        ".globl eddy_generator_leave_keeping\n.type eddy_generator_leave_keeping,@function\n"
        "eddy_generator_leave_keeping:\n"
        JUMPED_HERE
        CALL("generator_yield_otherwise")
        END("eddy_generator_leave"));

#endif

#else
typedef int eddy_generator_not_x86_64;
#endif
