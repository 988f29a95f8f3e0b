// error: Eddy needs a 64-bit machine
/* SPDX-License-Identifier: MIT */
/* As with -m32, but this test does not need such a compiler. */
#undef __SIZEOF_POINTER__
#define __SIZEOF_POINTER__ 4
#include <eddy.h>
