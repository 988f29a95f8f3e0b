/* SPDX-License-Identifier: MIT */
/* account.h - what a test may tell the account of its program; see account.c. */
#ifndef EDDY_TESTS_ACCOUNT_H
#define EDDY_TESTS_ACCOUNT_H

/* For tests of objects that the library keeps for good: so many blocks may be left. NULL in programs without an
 * account (tests/portability). */
void account_allow_blocks(long count) __attribute__((weak));

#endif
