/* SPDX-License-Identifier: MIT */
/* current.c - see current.h. */
#include "core/current.h"

__thread struct current current;
struct current loop_at_rest;
