/* SPDX-License-Identifier: MIT */
/* blocking.c - a function that blocks, run on a thread of the pool */
#include <errno.h>
#include <stdio.h>
#include <eddy/keywords.h>

blocking(long, count_bytes, (const char *, path))
{
    char buffer[4096];
    long size = 0;
    FILE *file = fopen(path, "r");
    if (!file)
        throw(errno, "%s", path);
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, file)) > 0;)
        size += (long)n;
    fclose(file);
    return size;
}

async(void, main_task)
{
    eddy_error err;
    struct count_bytes *a = spawn(count_bytes("/etc/hostname"));
    struct count_bytes *b = spawn(count_bytes("/etc/passwd"));
    printf("%d\n", await(a) > 0 && await(b) > 0); /* the two calls ran at the same time */
    await(count_bytes("/no/such/file"), &err);
    printf("%s: %s\n", eddy_error_name(err.code), err.message);
}

int main(void)
{
    return eddy_run(main_task());
}
