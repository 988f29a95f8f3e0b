/* SPDX-License-Identifier: MIT */
/*
 * impl.h - the part of the core that sync, io, tls and cli may use to make awaitables.
 *
 * Everything else is private to the core; tools/tidy.py checks that they include no other header of it.
 */
#ifndef EDDY_CORE_IMPL_H
#define EDDY_CORE_IMPL_H

#include "core/blocking.h"
#include "core/buffer.h"
#include "core/callback_operation.h"
#include "core/cancel.h"
#include "core/current.h"
#include "core/failure.h"
#include "core/level.h"
#include "core/loop.h"
#include "core/native.h"
#include "core/operation.h"
#include "core/remote.h"
#include "core/report.h"
#include "core/sched.h"
#include "core/scope.h"
#include "core/task.h"
#include "core/waiters.h"
#include "core/watch.h"
#include "core/wrong_loop.h"

#endif
