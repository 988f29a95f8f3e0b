/* SPDX-License-Identifier: MIT */
/* test_file.c - files and folders: results are those of the system calls, positions, lines, errors in words,
 * cancellation. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run_clean.h"

static char folder[32];          /* the folder of the running test */
static char name[64], other[64]; /* in it */

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/eddy-file-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    snprintf(name, sizeof name, "%s/name", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(name);
    unlink(other);
    return rmdir(folder);
}

async(void, moves_its_position)
{
    char buffer[8] = "";
    struct stat status;
    eddy_file *file = await(eddy_file_open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
    defer(eddy_file_abort, file);
    await(eddy_file_write(file, "hello ", 6));
    await(eddy_file_write(file, "world", 5));
    CHECK(eddy_file_seek(file, 0, SEEK_CUR) == 11);
    CHECK(await(eddy_file_read(file, buffer, 8)) == 0);
    CHECK(eddy_file_seek(file, -5, SEEK_END) == 6);
    CHECK(await(eddy_file_read(file, buffer, 3)) == 3 && !memcmp(buffer, "wor", 3));
    CHECK(await(eddy_file_read_at(file, buffer, 5, 0)) == 5 && !memcmp(buffer, "hello", 5));
    CHECK(await(eddy_file_read(file, buffer, 8)) == 2 && !memcmp(buffer, "ld", 2));
    await(eddy_file_write_at(file, "J", 1, 0));
    await(eddy_file_sync(file));
    await(eddy_file_sync_data(file));
    await(eddy_file_truncate(file, 5));
    await(eddy_file_stat(file, &status));
    CHECK(status.st_size == 5 && (status.st_mode & 0777) == 0600);
    CHECK(eddy_file_seek(file, 0, SEEK_SET) == 0);
    CHECK(await(eddy_file_read(file, buffer, 8)) == 5 && !memcmp(buffer, "Jello", 5));
    CHECK(eddy_file_seek(file, -1, SEEK_SET) == -EINVAL && eddy_file_seek(file, 0, 77) == -EINVAL);
    CHECK(fcntl(eddy_file_descriptor(file), F_GETFD) == FD_CLOEXEC);
}

/* True: it failed with this code, and the message begins with "eddy_file_", the call, the file's name and the given
 * text. */
static bool says(const eddy_error *err, int code, const char *call, const char *path, const char *rest)
{
    char expected[200];
    snprintf(expected, sizeof expected, "eddy_file_%s(\"%s\"%s", call, path, rest);
    if (err->code == code && strcmp(err->message, expected) == 0)
        return true;
    print_error("%d: \"%s\", not \"%s\"\n", err->code, err->message, expected);
    return false;
}

async(void, fails_in_words)
{
    char byte;
    eddy_error err;
    await(eddy_write_file(name, "hello", 5));
    eddy_file *reader = await(eddy_file_open(name, O_RDONLY)), *writer = NULL, *device = NULL;
    defer(eddy_file_abort, reader);
    writer = await(eddy_file_open(name, O_WRONLY));
    defer(eddy_file_abort, writer);
    device = await(eddy_file_open("/dev/null", O_WRONLY));
    defer(eddy_file_abort, device);
    await(eddy_file_write(reader, "x", 1), &err);
    CHECK(says(&err, EBADF, "write", name, ")"));
    await(eddy_file_write_at(reader, "x", 1, 3), &err);
    CHECK(says(&err, EBADF, "write_at", name, ", 3): 0 of 1 bytes were written"));
    await(eddy_file_read(writer, &byte, 1), &err);
    CHECK(says(&err, EBADF, "read", name, ")"));
    await(eddy_file_read_at(writer, &byte, 1, 2), &err);
    CHECK(says(&err, EBADF, "read_at", name, ", 2)"));
    await(eddy_file_truncate(reader, 3), &err);
    CHECK(says(&err, EINVAL, "truncate", name, ", 3)"));
    await(eddy_file_sync(device), &err);
    CHECK(says(&err, EINVAL, "sync", "/dev/null", ")"));
    await(eddy_file_sync_data(device), &err);
    CHECK(says(&err, EINVAL, "sync_data", "/dev/null", ")"));
    CHECK(await(eddy_file_read(reader, &byte, 1)) == 1 && byte == 'h'); /* the file has not changed */
}

static void an_error_names_the_call_and_the_file(void **state)
{
    (void)state;
    RUN_CLEAN(fails_in_words());
}

static void a_file_has_a_position_of_its_own(void **state)
{
    (void)state;
    RUN_CLEAN(moves_its_position());
}

async(void, reads_lines)
{
    char rest[8];
    eddy_slice line;
    char longest[20000];
    memset(longest, 'x', sizeof longest);
    eddy_file *file = await(eddy_file_open(name, O_RDWR | O_CREAT));
    defer(eddy_file_abort, file);
    await(eddy_file_write(file, "one\n\n", 5));
    await(eddy_file_write(file, longest, sizeof longest));
    await(eddy_file_write(file, "\nlast", 5));
    eddy_file_seek(file, 0, SEEK_SET);
    CHECK(await(eddy_file_read_line(file, &line)) == 4 && !memcmp(line.data, "one\n", 4));
    CHECK(eddy_file_seek(file, 0, SEEK_CUR) == 4); /* whatever was read ahead */
    CHECK(await(eddy_file_read_line(file, &line)) == 1 && line.data[0] == '\n');
    CHECK(await(eddy_file_read_line(file, &line)) == sizeof longest + 1 && line.data[sizeof longest] == '\n');
    CHECK(await(eddy_file_read(file, rest, 2)) == 2 && !memcmp(rest, "la", 2));
    CHECK(await(eddy_file_read_line(file, &line)) == 2 && !memcmp(line.data, "st", 2));
    CHECK(await(eddy_file_read_line(file, &line)) == 0 && line.size == 0);
    await(eddy_file_write(file, "more\n", 5)); /* after the last byte: a file that grows is read further */
    eddy_file_seek(file, -5, SEEK_CUR);
    CHECK(await(eddy_file_read_line(file, &line)) == 5 && !memcmp(line.data, "more\n", 5));
    await(eddy_file_write(file, "a\nlonger rest", 13)); /* which moves within the buffer when the read looks for more */
    eddy_file_seek(file, -13, SEEK_CUR);
    CHECK(await(eddy_file_read_line(file, &line)) == 2);
    CHECK(await(eddy_file_read_line(file, &line)) == 11 && !memcmp(line.data, "longer rest", 11));
}

static void lines_end_where_they_should(void **state)
{
    (void)state;
    RUN_CLEAN(reads_lines());
}

async(void, appends)
{
    eddy_buffer all = {0};
    defer(eddy_buffer_free, &all);
    await(eddy_write_file(name, "one\n", 4));
    eddy_file *file = await(eddy_file_open(name, O_WRONLY | O_APPEND));
    defer(eddy_file_abort, file);
    await(eddy_file_write(file, "two\n", 4));
    CHECK(eddy_file_seek(file, 0, SEEK_CUR) == 8);
    CHECK(await(eddy_read_file(name, &all)) == 8 && !strcmp(all.data, "one\ntwo\n"));
    CHECK(await(eddy_read_file(name, &all)) == 8 && all.size == 16);
    await(eddy_write_file(name, "", 0));
    CHECK(await(eddy_read_file(name, &all)) == 0 && all.size == 16);
    CHECK(await(eddy_read_file("/proc/self/stat", &all)) > 10); /* its size is reported as 0 */
}

static void whole_files_and_appending(void **state)
{
    (void)state;
    RUN_CLEAN(appends());
}

async(void, renames_and_removes)
{
    struct stat status;
    eddy_error err;
    await(eddy_mkdir(name, 0700));
    await(eddy_stat(name, &status));
    CHECK(S_ISDIR(status.st_mode));
    await(eddy_rename(name, other));
    await(eddy_rmdir(other));
    await(eddy_write_file(name, "x", 1));
    CHECK(symlink(name, other) == 0);
    await(eddy_lstat(other, &status));
    CHECK(S_ISLNK(status.st_mode));
    await(eddy_stat(other, &status));
    CHECK(S_ISREG(status.st_mode) && status.st_size == 1 && status.st_nlink == 1 && status.st_uid == getuid());
    await(eddy_unlink(other));
    await(eddy_unlink(name));
    await(eddy_stat(name, &status), &err);
    CHECK(err.code == ENOENT);
}

static void names_are_made_and_go(void **state)
{
    (void)state;
    RUN_CLEAN(renames_and_removes());
}

async(void, lists)
{
    int count = 0;
    unsigned long sum = 0;
    char path[96];
    eddy_error err;
    for (int i = 0; i < 50; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        await(eddy_write_file(path, "", 0));
    }
    async_for (entry, eddy_directory(folder)) {
        count++;
        sum += strtoul(entry.name, NULL, 10);
        CHECK(entry.type == 8 /* DT_REG */ && entry.inode);
    }
    CHECK(count == 50 && sum == 49 * 50 / 2);
    async_for (entry, eddy_directory(folder)) {
        CHECK(entry.name[0]);
        break; /* closes it */
    }
    for (int i = 0; i < 50; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        await(eddy_unlink(path));
    }
    async_for (entry, eddy_directory(folder))
        CHECK(!entry.name);
    async_for (entry, eddy_directory("/nowhere"), &err)
        CHECK(!entry.name);
    CHECK(err.code == ENOENT && !strcmp(err.message, "eddy_directory(\"/nowhere\")"));
}

static void a_folder_is_listed(void **state)
{
    (void)state;
    RUN_CLEAN(lists());
}

async(void, fails)
{
    eddy_error err;
    eddy_buffer buffer = {0};
    (void)await(eddy_file_open("/nowhere/x", O_RDONLY), &err);
    CHECK(err.code == ENOENT && !strcmp(err.message, "eddy_file_open(\"/nowhere/x\")"));
    (void)await(eddy_file_open(folder, O_WRONLY), &err);
    CHECK(err.code == EISDIR);
    (void)await(eddy_read_file(folder, &buffer), &err);
    CHECK(err.code == EISDIR);
    eddy_buffer_free(&buffer);
    await(eddy_unlink("/nowhere/x"), &err);
    CHECK(err.code == ENOENT && !strcmp(err.message, "eddy_unlink(\"/nowhere/x\")"));
    await(eddy_rename("/nowhere/x", "y"), &err);
    CHECK(err.code == ENOENT && !strcmp(err.message, "eddy_rename(\"/nowhere/x\", \"y\")"));
    await(eddy_mkdir("/nowhere/x", 0700), &err);
    CHECK(err.code == ENOENT);
    await(eddy_rmdir("/nowhere/x"), &err);
    CHECK(err.code == ENOENT);
    struct stat status;
    await(eddy_stat("", &status), &err);
    CHECK(err.code == ENOENT);
    eddy_file *full = await(eddy_file_open("/dev/full", O_RDWR));
    defer(eddy_file_abort, full);
    await(eddy_file_write(full, "x", 1), &err);
    CHECK(err.code == ENOSPC && !strcmp(err.message, "eddy_file_write(\"/dev/full\")"));
    await(eddy_file_close(NULL));
}

static void errors_say_what_was_being_done_and_to_whom(void **state)
{
    (void)state;
    RUN_CLEAN(fails());
}

/* A FIFO has no position; reading waits, and a cancelled read loses nothing. */
async(void, reads_a_fifo)
{
    char buffer[8] = "";
    eddy_error err;
    eddy_slice line;
    CHECK(mkfifo(name, 0600) == 0);
    eddy_file *reader = await(eddy_file_open(name, O_RDONLY));
    defer(eddy_file_abort, reader);
    eddy_file *writer = await(eddy_file_open(name, O_WRONLY));
    defer(eddy_file_abort, writer);
    struct eddy_file_read *t = spawn_eager(eddy_file_read(reader, buffer, sizeof buffer));
    (void)await(eddy_file_read(reader, buffer, 1), &err);
    CHECK(err.code == EDDY_STREAM_BUSY);
    eddy_cancel(t);
    await(t, &err);
    CHECK(err.code == ECANCELED);
    await(eddy_file_write(writer, "ab\ncd", 5));
    CHECK(await(eddy_file_read_line(reader, &line)) == 3);
    CHECK(await(eddy_file_read(reader, buffer, sizeof buffer)) == 2 && !memcmp(buffer, "cd", 2));
    CHECK(eddy_file_seek(reader, 0, SEEK_CUR) == -ESPIPE);
    (void)await(eddy_file_read_at(reader, buffer, 1, 0), &err);
    CHECK(err.code == ESPIPE);
}

enum fifo_reading { BY_READS, BY_LINES, AS_A_WHOLE, AS_A_STREAM, BY_LARGE_READS };

/* Reads all of "one\ntwo\n"; the reader is there first. */
async(void, reads_first, (enum fifo_reading, how), (eddy_event *, opened))
{
    char text[16] = "";
    size_t got = 0;
    eddy_buffer all = {0};
    eddy_slice line;
    defer(eddy_buffer_free, &all);
    if (how == AS_A_WHOLE) {
        eddy_event_set(opened);
        CHECK(await(eddy_read_file(name, &all)) == 8 && !memcmp(all.data, "one\ntwo\n", 8));
        return;
    }
    if (how >= AS_A_STREAM) {
        static char large[65536]; /* the transport fills it by itself */
        eddy_stream *s = await(eddy_open_descriptors(open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC), -1));
        defer(eddy_stream_abort, s);
        char *to = how == AS_A_STREAM ? text : large;
        size_t most = how == AS_A_STREAM ? sizeof text : sizeof large;
        eddy_event_set(opened);
        for (size_t n; (n = await(eddy_stream_read(s, to + got, most - got)));)
            got += n;
        CHECK(got == 8 && !memcmp(to, "one\ntwo\n", 8));
        return;
    }
    eddy_file *f = await(eddy_file_open(name, O_RDONLY));
    defer(eddy_file_abort, f);
    eddy_event_set(opened);
    if (how == BY_LINES) {
        CHECK(await(eddy_file_read_line(f, &line)) == 4 && !memcmp(line.data, "one\n", 4));
        CHECK(await(eddy_file_read_line(f, &line)) == 4 && !memcmp(line.data, "two\n", 4));
        CHECK(await(eddy_file_read_line(f, &line)) == 0);
        return;
    }
    for (size_t n; (n = await(eddy_file_read(f, text + got, sizeof text - got)));)
        got += n;
    CHECK(got == 8 && !strcmp(text, "one\ntwo\n"));
}

async(void, writes_fifo)
{
    eddy_file *f = await(eddy_file_open(name, O_WRONLY));
    defer(eddy_file_abort, f);
    await(eddy_sleep(0.002));
    await(eddy_file_write(f, "one\n", 4));
    await(eddy_sleep(0.002));
    await(eddy_file_write(f, "two\n", 4));
}

/* Neither side has to be there first, and no bytes are lost. */
async(void, meets_at_a_fifo, (enum fifo_reading, how), (bool, writer_first))
{
    eddy_event opened = EDDY_EVENT_INIT;
    CHECK(mkfifo(name, 0600) == 0);
    async_with (group, eddy_task_group()) {
        if (writer_first) {
            eddy_group_spawn(group, writes_fifo());
            await(eddy_sleep(0.005));
        }
        eddy_group_spawn(group, reads_first(how, &opened));
        if (!writer_first) {
            await(eddy_event_wait(&opened));
            await(eddy_sleep(0.005)); /* the task is reading by now */
            eddy_group_spawn(group, writes_fifo());
        }
    }
    CHECK(unlink(name) == 0);
}

/* With O_NONBLOCK the missing reader is an error; without it the open waits, and a timeout ends it at any point: in
 * the open itself, in the check of the file's type, or between two attempts. */
async(void, fifo_without_reader)
{
    eddy_error err;
    CHECK(mkfifo(name, 0600) == 0);
    await(eddy_file_open(name, O_WRONLY | O_NONBLOCK), &err);
    CHECK(err.code == ENXIO);
    for (int i = 0; i < 100; i++) {
        await_for(eddy_file_open(name, O_WRONLY), 0.00002 * i, &err);
        CHECK(err.code == ETIMEDOUT);
    }
    CHECK(unlink(name) == 0);
}

static void a_fifo_loses_nothing_in_any_order_of_opening(void **state)
{
    (void)state;
    for (int how = BY_READS; how <= BY_LARGE_READS; how++) {
        RUN_CLEAN(meets_at_a_fifo(how, false));
        RUN_CLEAN(meets_at_a_fifo(how, true));
    }
    RUN_CLEAN(fifo_without_reader());
}

static void a_fifo_is_read_and_written(void **state)
{
    (void)state;
    RUN_CLEAN(reads_a_fifo());
}

/* The opening may be at any point when it is cancelled: no descriptor remains open. */
async(void, cancels_opens)
{
    enum { MANY = 40 };
    struct eddy_file_open *t[MANY];
    eddy_error err;
    await(eddy_write_file(name, "x", 1));
    for (int turns = 0; turns < 4; turns++) {
        for (int i = 0; i < MANY; i++)
            t[i] = spawn_eager(eddy_file_open(name, O_RDONLY));
        for (int i = 0; i < turns; i++)
            await(eddy_sleep(0));
        for (int i = 0; i < MANY; i++)
            eddy_cancel(t[i]);
        for (int i = 0; i < MANY; i++) {
            eddy_file *file = await(t[i], &err);
            CHECK(err.code == ECANCELED || !err.code);
            if (!err.code)
                eddy_file_abort(file);
        }
    }
}

static void a_cancelled_open_leaves_nothing_open(void **state)
{
    (void)state;
    RUN_CLEAN(cancels_opens());
}

async(void, copy, (eddy_file *, from), (eddy_file *, to), (int64_t, offset))
{
    char buffer[1000];
    size_t got = await(eddy_file_read_at(from, buffer, sizeof buffer, offset));
    await(eddy_file_write_at(to, buffer, got, offset));
}

async(void, copies_at_once)
{
    enum { SIZE = 50000 };
    eddy_buffer from = {0}, to = {0};
    defer(eddy_buffer_free, &from);
    defer(eddy_buffer_free, &to);
    for (int i = 0; i < SIZE / 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "%09d\n", i);
        CHECK(eddy_buffer_append(&from, text, 10));
    }
    await(eddy_write_file(name, from.data, from.size));
    eddy_file *source = await(eddy_file_open(name, O_RDONLY));
    defer(eddy_file_abort, source);
    eddy_file *copied = await(eddy_file_open(other, O_RDWR | O_CREAT));
    defer(eddy_file_abort, copied);
    async_with (group, eddy_task_group())
        for (int64_t offset = 0; offset < SIZE; offset += 1000)
            eddy_group_spawn(group, copy(source, copied, offset));
    CHECK(await(eddy_read_file(other, &to)) == SIZE && !memcmp(from.data, to.data, SIZE));
}

static void many_tasks_use_a_file_at_once(void **state)
{
    (void)state;
    RUN_CLEAN(copies_at_once());
}

/* ==== copying ==== */

/* Makes a file with a hole before its last byte. */
static void make_long(const char *path, int64_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (size)
        (void)!pwrite(fd, "x", 1, size - 1);
    close(fd);
}

static char last_byte(const char *path, int64_t size)
{
    char byte = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)!pread(fd, &byte, 1, size - 1);
    close(fd);
    return byte;
}

async(void, copies_of_sizes)
{
    static const int64_t sizes[] = {0, 1, 100000, (16 << 20) - 1, 16 << 20, (16 << 20) + 1, 3};
    struct stat status;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) { /* the last copy cuts the file that was there */
        make_long(name, sizes[i]);
        CHECK((int64_t)await(eddy_copy_file(name, other)) == sizes[i]);
        CHECK(stat(other, &status) == 0 && status.st_size == sizes[i]);
        CHECK(!sizes[i] || last_byte(other, sizes[i]) == 'x');
    }
}

static void a_file_is_copied_whatever_its_size(void **state)
{
    (void)state;
    RUN_CLEAN(copies_of_sizes());
}

/* Files there have no sizes, and the kernel copies nothing by itself. */
async(void, copies_of_what_is_no_file)
{
    char text[64] = "";
    eddy_buffer content = {0};
    defer(eddy_buffer_free, &content);
    size_t size = await(eddy_copy_file("/proc/self/status", name));
    CHECK(size > 100 && await(eddy_read_file(name, &content)) == size && !strncmp(content.data, "Name:", 5));
    CHECK(await(eddy_copy_file("/dev/null", name)) == 0 && await(eddy_copy_file(name, "/dev/null")) == 0);
    CHECK(mkfifo(other, 0600) == 0);
    int fifo = open(other, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    await(eddy_write_file(name, "by a pipe", 9));
    CHECK(await(eddy_copy_file(name, other)) == 9);
    CHECK(read(fifo, text, sizeof text) == 9 && !strcmp(text, "by a pipe"));
    close(fifo);
}

static void files_that_are_not_regular_are_copied_too(void **state)
{
    (void)state;
    RUN_CLEAN(copies_of_what_is_no_file());
}

async(void, no_copies)
{
    char words[200];
    eddy_error err;
    await(eddy_write_file(name, "kept", 4));
    await(eddy_copy_file(folder, other), &err);
    CHECK(err.code == EISDIR && access(other, F_OK) < 0);
    await(eddy_copy_file(other, name), &err);
    CHECK(err.code == ENOENT && last_byte(name, 4) == 't');
    CHECK(link(name, other) == 0);
    await(eddy_copy_file(name, other), &err);
    snprintf(words, sizeof words, "eddy_copy_file(\"%s\", \"%s\"): both are the same file", name, other);
    CHECK(err.code == EINVAL && !strcmp(err.message, words) && last_byte(name, 4) == 't');
    await(eddy_copy_file("/proc/self/mem", "/dev/full"), &err);
    CHECK(err.code == EIO);
    await(eddy_copy_file(name, "/dev/full"), &err);
    CHECK(err.code == ENOSPC);
}

static void an_impossible_copy_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(no_copies());
}

async(void, cancelled_copy)
{
    eddy_error err;
    make_long(name, 64 << 20);
    for (int turns = 0; turns < 8; turns++) {
        struct eddy_copy_file *copying = spawn(eddy_copy_file(name, other));
        for (int i = 0; i < turns; i++)
            await(eddy_sleep(0));
        eddy_cancel(copying);
        await(copying, &err);
        CHECK(err.code == ECANCELED || err.code == 0);
    }
}

static void a_copy_may_be_cancelled_at_any_time(void **state)
{
    (void)state;
    RUN_CLEAN(cancelled_copy());
}

#define FILE_TEST(rule) cmocka_unit_test_setup_teardown(rule, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FILE_TEST(an_error_names_the_call_and_the_file),
        FILE_TEST(a_file_has_a_position_of_its_own),
        FILE_TEST(lines_end_where_they_should),
        FILE_TEST(whole_files_and_appending),
        FILE_TEST(names_are_made_and_go),
        FILE_TEST(a_folder_is_listed),
        FILE_TEST(errors_say_what_was_being_done_and_to_whom),
        FILE_TEST(a_fifo_is_read_and_written),
        FILE_TEST(a_fifo_loses_nothing_in_any_order_of_opening),
        FILE_TEST(a_cancelled_open_leaves_nothing_open),
        FILE_TEST(many_tasks_use_a_file_at_once),
        FILE_TEST(a_file_is_copied_whatever_its_size),
        FILE_TEST(files_that_are_not_regular_are_copied_too),
        FILE_TEST(an_impossible_copy_is_an_error),
        FILE_TEST(a_copy_may_be_cancelled_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
