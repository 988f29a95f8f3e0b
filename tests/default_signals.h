/* SPDX-License-Identifier: MIT */
/*
 * default_signals.h - a program that includes it starts with no signal ignored and none blocked. A program inherits
 * both from what started it (nohup, a shell's &), and a test that raises a signal must not depend on them.
 */
#ifndef EDDY_TESTS_DEFAULT_SIGNALS_H
#define EDDY_TESTS_DEFAULT_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/* A signal that already has a handler keeps it: it belongs to a sanitizer. */
__attribute__((constructor)) static void default_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int number = 1; number < SIGRTMIN; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
}

#endif
