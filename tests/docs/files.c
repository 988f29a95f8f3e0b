/* SPDX-License-Identifier: MIT */
/* Examples of the reference: files, folders, buffers. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <eddy/keywords.h>

// [lines]
async(int, count_lines, (const char *, path))
{
    int count = 0;
    eddy_slice line;
    eddy_file *file = await(eddy_file_open(path, O_RDONLY));
    defer(eddy_file_abort, file);
    while (await(eddy_file_read_line(file, &line)))
        count++;
    return count;
}
// [lines]

// [folder]
async(int, count_files, (const char *, path))
{
    int count = 0;
    async_for (entry, eddy_directory(path))
        count += entry.type == DT_REG;
    return count;
}
// [folder]

// [whole]
async(void, shout, (const char *, from), (const char *, to))
{
    eddy_buffer text = {0};
    defer(eddy_buffer_free, &text);
    await(eddy_read_file(from, &text));
    if (!eddy_buffer_append(&text, "!\n", 2))
        throw(ENOMEM, "to shout %s", from);
    await(eddy_write_file(to, text.data, text.size));
}
// [whole]

// [copy]
async(void, keep_a_copy, (const char *, path))
{
    char backup[256];
    snprintf(backup, sizeof backup, "%s.old", path);
    printf("%zu bytes kept\n", await(eddy_copy_file(path, backup)));
    await(eddy_unlink(backup));
}
// [copy]

// [replace]
/* A reader of the path finds either the whole old text or the whole new one. */
async(void, replace, (const char *, path), (const char *, text))
{
    char temporary[256];
    snprintf(temporary, sizeof temporary, "%s.new", path);
    eddy_file *file = await(eddy_file_open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    defer(eddy_file_abort, file);
    await(eddy_file_write(file, text, strlen(text)));
    await(eddy_file_sync(file));
    await(eddy_rename(temporary, path));
}
// [replace]

async(void, show)
{
    char folder[] = "/tmp/eddy-docs-XXXXXX", path[64];
    if (!mkdtemp(folder))
        throw(errno, "a folder");
    snprintf(path, sizeof path, "%s/text", folder);
    await(replace(path, "one\ntwo"));
    await(shout(path, path));
    await(keep_a_copy(path));
    printf("%d lines\n", await(count_lines(path)));
    printf("%d file\n", await(count_files(folder)));
    await(eddy_unlink(path));
    await(eddy_rmdir(folder));
}

int main(void)
{
    return eddy_run(show());
}
