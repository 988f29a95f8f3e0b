/* SPDX-License-Identifier: MIT */
/* pipeline.c - a program whose reader may exit early, as in `program | head`. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <eddy/keywords.h>

// [numbers]
async(int, print_numbers, (FILE *, out))
{
    for (int i = 1;; i++)
        if (fprintf(out, "%d\n", i) < 0 || fflush(out) != 0)
            return errno == EPIPE ? 0 : 1; /* the reader has exited: that is no failure */
}
// [numbers]

async(int, main_task)
{
    int ends[2];
    if (pipe(ends) != 0)
        throw(errno, "pipe");
    FILE *out = fdopen(ends[1], "w");
    close(ends[0]);
    if (!out)
        throw(errno, "fdopen");
    int status = await(print_numbers(out));
    fclose(out);
    return status;
}

int main(void)
{
    return eddy_run(main_task());
}
