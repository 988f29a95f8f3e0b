/* SPDX-License-Identifier: MIT */
/*
 * hidden.h - variables of the library that other files read: extern HIDDEN_VARIABLE bool hibernation_on;
 *
 * The compiler's option hides definitions only. A declaration without this makes each access load the address first,
 * for the case that another shared object defines the variable.
 */
#ifndef EDDY_BASE_HIDDEN_H
#define EDDY_BASE_HIDDEN_H

#define HIDDEN_VARIABLE __attribute__((visibility("hidden")))

#endif
