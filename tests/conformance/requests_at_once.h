/* SPDX-License-Identifier: MIT */
/* requests_at_once.h - the rows of test_requests.c for calls that end without an operation: they are refused, or have
 * nothing to do, and the loop over them ignores that. */
#ifndef EDDY_TESTS_CONFORMANCE_REQUESTS_AT_ONCE_H
#define EDDY_TESTS_CONFORMANCE_REQUESTS_AT_ONCE_H

#include "requests_io.h"

#include <math.h>

#define AT_ONCE(X)                                                                                                     \
    X(no_time_for_a_sleep) X(no_time_for_a_coroutine) X(no_number_of_seconds) X(read_of_nothing)                       \
    X(exact_read_of_nothing) X(write_of_nothing) X(parts_of_nothing) X(text_of_nothing) X(empty_separator)             \
    X(no_separators) X(descriptors_over_memory) X(descriptors_from_memory) X(no_bytes_for_descriptors)                 \
    X(closed_for_descriptors) X(closed_for_its_end) X(no_port) X(no_local_address) X(no_path) X(invalid_signal)

#define REFUSED_ROW(name, ...)                                                                                         \
    ROW(name)                                                                                                          \
    {                                                                                                                  \
        struct pair pair = {{NULL, NULL}};                                                                             \
        char buffer[4] = "";                                                                                           \
        eddy_slice bytes;                                                                                              \
        eddy_error err;                                                                                                \
        int fd = STDERR_FILENO;                                                                                        \
        size_t count = 1;                                                                                              \
        defer(abort_pair, &pair);                                                                                      \
        await(eddy_stream_pair(pair.ends));                                                                            \
        (void)buffer, (void)bytes, (void)fd, (void)count;                                                              \
        FOREVER(void) __VA_ARGS__;                                                                                     \
    }

REFUSED_ROW(no_time_for_a_sleep, await_for(eddy_sleep(1), 0, &err))
REFUSED_ROW(no_time_for_a_coroutine, await_for(a_turn(), -1, &err))
REFUSED_ROW(no_number_of_seconds, await_for(a_turn(), NAN, &err))
REFUSED_ROW(read_of_nothing, await(eddy_stream_read(pair.ends[0], buffer, 0), &err))
REFUSED_ROW(exact_read_of_nothing, await(eddy_stream_read_exactly(pair.ends[0], buffer, 0), &err))
REFUSED_ROW(write_of_nothing, await(eddy_stream_write(pair.ends[0], buffer, 0), &err))
REFUSED_ROW(parts_of_nothing, await(eddy_stream_writev(pair.ends[0], NULL, 0), &err))
REFUSED_ROW(text_of_nothing, await(eddy_stream_printf(pair.ends[0], "%s", ""), &err))
REFUSED_ROW(empty_separator, await(eddy_stream_read_until(pair.ends[0], "", &bytes), &err))
REFUSED_ROW(no_separators, await(eddy_stream_read_until_any(pair.ends[0], NULL, 0, &bytes), &err))
REFUSED_ROW(descriptors_over_memory, await(eddy_stream_send_descriptors(pair.ends[0], "x", 1, &fd, 1), &err))
REFUSED_ROW(descriptors_from_memory, await(eddy_stream_receive_descriptors(pair.ends[0], buffer, 1, &fd, &count), &err))
REFUSED_ROW(no_bytes_for_descriptors, await(eddy_stream_send_descriptors(pair.ends[0], "", 0, &fd, 1), &err))
REFUSED_ROW(no_port, await(eddy_open_connection("127.0.0.1", 0), &err))
REFUSED_ROW(no_local_address,
            await(eddy_open_connection_with_options("127.0.0.1", 1,
                                               &(eddy_connection_options){.size = sizeof(eddy_connection_options),
                                                                          .local_host = "nowhere"}),
             &err))
REFUSED_ROW(no_path, await(eddy_open_unix_connection(""), &err))

ROW(closed_for_descriptors)
{
    struct pair pair = {{NULL, NULL}};
    eddy_error err;
    int fd = STDERR_FILENO;
    defer(abort_pair, &pair);
    await(eddy_stream_pair(pair.ends));
    await(eddy_stream_write_eof(pair.ends[0]));
    FOREVER await(eddy_stream_send_descriptors(pair.ends[0], "x", 1, &fd, 1), &err);
}

ROW(closed_for_its_end)
{
    struct pair pair = {{NULL, NULL}};
    eddy_error err;
    defer(abort_pair, &pair);
    await(eddy_stream_pair(pair.ends));
    eddy_stream_set_deadline(pair.ends[0], 0);
    FOREVER await(eddy_stream_write_eof(pair.ends[0]), &err);
}

ROW(invalid_signal)
{
    eddy_error err;
    FOREVER {
        int number;
        __auto_type signals = eddy_signals(SIGKILL);
        (void)await(eddy_anext(&signals, &number), &err);
    }
}

#endif
