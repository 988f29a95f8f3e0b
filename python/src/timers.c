/* SPDX-License-Identifier: MIT */
/*
 * timers.c - timers in a heap, so that a cancelled one is gone at once.
 *
 * Invariant: heap[i].handle's place is i + 1, and no timer is before its parent, heap[(i - 1) / 2].
 */
#include "handle.h"

/* Those that are due within it are due: as the resolution of asyncio's clock. */
static const double resolution = 1e-9;

static bool is_before(const struct timer *one, const struct timer *other)
{
    return one->when < other->when || (one->when == other->when && one->number < other->number);
}

static void put(struct timers *timers, size_t i, struct timer timer)
{
    timers->heap[i] = timer;
    handle_part(timer.handle)->place = i + 1;
}

static void move_up(struct timers *timers, size_t i, struct timer timer)
{
    while (i > 0 && is_before(&timer, &timers->heap[(i - 1) / 2])) {
        put(timers, i, timers->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(timers, i, timer);
}

static void move_down(struct timers *timers, size_t i, struct timer timer)
{
    for (size_t child; (child = 2 * i + 1) < timers->count; i = child) {
        if (child + 1 < timers->count && is_before(&timers->heap[child + 1], &timers->heap[child]))
            child++;
        if (!is_before(&timers->heap[child], &timer))
            break;
        put(timers, i, timers->heap[child]);
    }
    put(timers, i, timer);
}

static int make_room(struct timers *timers)
{
    if (timers->count < timers->capacity)
        return 0;
    size_t capacity = timers->capacity ? timers->capacity * 2 : 64;
    struct timer *heap = PyMem_Realloc(timers->heap, capacity * sizeof *heap);
    if (!heap) {
        PyErr_NoMemory();
        return -1;
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

int timers_add(Core *core, PyObject *handle, double when)
{
    struct timers *timers = &core->timers;
    if (make_room(timers) < 0)
        return -1;
    move_up(timers, timers->count++, (struct timer){when, ++timers->last_number, Py_NewRef(handle)});
    return 0;
}

static void take_out(struct timers *timers, size_t i)
{
    struct timer last = timers->heap[--timers->count];
    handle_part(timers->heap[i].handle)->place = 0;
    if (i == timers->count)
        return;
    if (i > 0 && is_before(&last, &timers->heap[(i - 1) / 2]))
        move_up(timers, i, last);
    else
        move_down(timers, i, last);
}

void timers_remove(Core *core, PyObject *handle)
{
    take_out(&core->timers, handle_part(handle)->place - 1);
    handle_is_not_scheduled(handle);
    Py_DECREF(handle);
}

PyObject *timers_pop(Core *core)
{
    PyObject *handle = core->timers.heap[0].handle;
    take_out(&core->timers, 0);
    handle_is_not_scheduled(handle);
    return handle;
}

int timers_run(Core *core, double now)
{
    int error = 0;
    while (error == 0 && core->timers.count > 0 && core->timers.heap[0].when < now + resolution) {
        PyObject *handle = timers_pop(core);
        error = ready_push(core, handle);
        Py_DECREF(handle);
    }
    return error;
}
