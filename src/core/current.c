/* SPDX-License-Identifier: MIT */
/* current.c - see current.h. */
#include "core/current.h"

__thread struct current current;
