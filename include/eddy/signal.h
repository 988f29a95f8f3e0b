/* SPDX-License-Identifier: MIT */
/*
 * signal.h - signals as values that tasks wait for, and as calls.
 *
 * Every loop that asked for a signal number receives it, whichever thread the signal arrived on. Several of the same
 * number that come before the loop has looked count as one, as in the kernel; different numbers keep their order.
 * While a handler or generator for a signal exists, the signal has no other effect: SIGINT does not cancel the main
 * task, SIGTERM does not end the program. Afterwards the old disposition is restored.
 */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include "generator.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Whenever the signal arrives, the loop calls function(argument); a second function for the same number replaces the
 * first. Returns 0; EINVAL: the signal cannot be handled (SIGKILL, SIGSTOP, and SIGSEGV, SIGBUS, SIGFPE, SIGILL,
 * SIGTRAP, SIGSYS, which are faults); ENOMEM, EDDY_NO_LOOP. Never suspends. Python: loop.add_signal_handler. Since
 * 0.1.
 */
EDDY_API int eddy_add_signal_handler(int number, void (*function)(void *), void *argument);
/* False: there was none.  Python: loop.remove_signal_handler.  Since 0.1. */
EDDY_API bool eddy_remove_signal_handler(int number);

/*
 * An async generator of the signals that arrive, from its first step until it is left or closed:
 *     async_for (number, eddy_signals(SIGTERM, SIGHUP)) { ... }
 * Never ends by itself.  Fails with EINVAL, ENOMEM as eddy_add_signal_handler, and ECANCELED.
 * Trio: open_signal_receiver.  Since 0.1.
 */
struct eddy_signals {
    __extension__ union {
        struct eddy_async_generator async_generator;
        struct eddy_generator ed_common;
    };
    int value, sent;
    eddy_void result;
    __extension__ struct {
        uint64_t set; /* bit n - 1: signal n; 0: an invalid one was asked for */
    } args;
};
EDDY_API EDDY_MUST_USE struct eddy_signals eddy_signals(const int *numbers, size_t count);
#if !defined __cplusplus
#define eddy_signals(...) \
    (eddy_signals)((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
#endif

#ifdef __cplusplus
}
#endif
#endif
