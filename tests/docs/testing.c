/* testing.c - a test in virtual time of a function that waits */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

// [retry]
/* Tries up to five times, and waits longer before each new attempt. */
async(eddy_stream *, connect_patiently, (const char *, host), (int, port))
{
    eddy_error err;
    for (double pause = 1; pause <= 16; pause *= 2) {
        eddy_stream *s = await(eddy_open_connection(host, port), &err);
        if (!err.code)
            return s;
        await(eddy_sleep(pause));
    }
    rethrow(&err);
}
// [retry]

// [test]
async(int, main_task)
{
    eddy_error err;
    double begin = eddy_time();
    await(connect_patiently("127.0.0.1", 1), &err); /* nothing listens there */
    printf("%s after %.0f seconds\n", eddy_error_name(err.code), eddy_time() - begin);
    return err.code != ECONNREFUSED;
}
// [test]

int main(void)
{
    return eddy_run(main_task());
}
