/* SPDX-License-Identifier: MIT */
/*
 * follow.c - prints the lines that are added to a file, line by line, as `tail -f` does; a truncated file is read
 * from its beginning again.
 *
 *     follow /var/log/syslog     until Ctrl-C
 *     follow                     a demonstration: a log that another program writes to
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <eddy/keywords.h>

/* Reads one line, and waits for the part that is still missing. */
async(void, next_line, (eddy_file *, file), (eddy_buffer *, line))
{
    struct stat status;
    eddy_slice part;
    line->size = 0;
    for (;;) {
        await(eddy_file_read_line(file, &part));
        if (!eddy_buffer_append(line, part.data, part.size))
            throw(ENOMEM, "a line of %zu bytes", line->size);
        if (part.size && part.data[part.size - 1] == '\n')
            return;
        if (part.size == 0)
            await(eddy_sleep(0.25));
        await(eddy_file_stat(file, &status));
        if (status.st_size < eddy_file_seek(file, 0, SEEK_CUR)) {
            printf("(cut off)\n");
            eddy_file_seek(file, 0, SEEK_SET);
            line->size = 0;
        }
    }
}

async(void, follow, (const char *, path))
{
    eddy_buffer line = {0};
    eddy_file *file = await(eddy_file_open(path, O_RDONLY));
    defer(eddy_file_abort, file);
    defer(eddy_buffer_free, &line);
    for (;;) {
        await(next_line(file, &line));
        fwrite(line.data, 1, line.size, stdout);
        fflush(stdout);
    }
}

/* Plays the other program: writes two lines, one of them in two pieces, then begins the file anew. */
async(void, write_log, (const char *, path))
{
    eddy_file *file = await(eddy_file_open(path, O_WRONLY | O_APPEND));
    defer(eddy_file_abort, file);
    await(eddy_sleep(1));
    await(eddy_file_write(file, "started\n", 8));
    await(eddy_file_write(file, "listening on ", 13));
    await(eddy_sleep(1));
    await(eddy_file_write(file, "port 80\n", 8));
    await(eddy_sleep(1));
    await(eddy_file_truncate(file, 0));
    await(eddy_sleep(1));
    await(eddy_file_write(file, "a new day\n", 10));
    await(eddy_sleep(1));
}

async(void, demonstrate)
{
    char path[] = "/tmp/follow-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        throw(errno, "a temporary file");
    close(fd);
    defer(unlink, path);
    struct follow *follower = spawn(follow(path));
    await(write_log(path));
    eddy_cancel(follower);
    eddy_error err;
    await(follower, &err);
    if (err.code != ECANCELED)
        rethrow(&err);
}

int main(int argc, char **argv)
{
    return argc > 1 ? eddy_run(follow(argv[1])) : eddy_run(demonstrate());
}
