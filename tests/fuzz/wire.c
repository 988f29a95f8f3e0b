/* SPDX-License-Identifier: MIT */
/* wire.c - arguments and results of jobs, as eddy-jobs reads them. What was read and is written reads as the same. */
#include "fuzz.h"

#include "jobs/function.h"

wire_struct(point, (double, x), (double, y));
wire_struct(numbers, (bool, a), (char, b), (short, c), (int, d), (int64_t, e), (uint8_t, f), (uint64_t, g), (float, h));
wire_struct(route, (const char *, name), (array_of(point), points), (numbers, n), (eddy_slice, bytes),
            (array_of(eddy_slice), parts), (array_of(uint8_t), pixels));

/* True: the bytes are a route. The caller frees w->data. */
static bool copy(const void *data, size_t size, struct eddy_wire *w)
{
    struct eddy_wire_reader r = {.data = data, .size = size};
    route value = {0};
    ed_get_route(&r, &value);
    bool good = !r.failed && r.size == 0;
    if (r.size > size)
        DIE("more was read than there is");
    if (good)
        ed_put_route(w, &value);
    wire_forget(&r, true);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct eddy_wire first = {0}, second = {0};
    if (copy(bytes, size, &first)) {
        if (first.failed || !copy(first.data, first.size, &second))
            DIE("what was written cannot be read");
        if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
            DIE("what was written is something else when it is read");
    }
    free(first.data);
    free(second.data);
    return 0;
}
