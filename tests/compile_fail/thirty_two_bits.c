// error: Eddy needs a 64-bit machine
/* SPDX-License-Identifier: MIT */
/* As with -m32; such a compiler need not be there for this test. */
#undef __SIZEOF_POINTER__
#define __SIZEOF_POINTER__ 4
#include <eddy.h>
