/* SPDX-License-Identifier: MIT */
/* messages.c - see messages.h. */
#define _GNU_SOURCE
#include "cli/messages.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool has(const char *line, size_t size, const char *word)
{
    return memmem(line, size, word, strlen(word)) != NULL;
}

/* A line that begins with a message, not one that shows a line of source under it. */
static bool begins_message(const char *line, size_t size)
{
    static const char *const words[] = {"error: ", "warning: ", "note: ", " generated.",
                                        "In file included ", ": In function ", ": At top level"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (has(line, size, words[i]))
            return true;
    return false;
}

/* gcc's line before the first message in a function: its name, which for a coroutine is a generated one. */
static bool names_function(const char *line, size_t size)
{
    return has(line, size, ": In function ") || has(line, size, ": At top level");
}

/* True: a step of a macro's expansion, or of an inclusion, in a header of Eddy. */
static bool is_about_our_macros(const char *line, size_t size)
{
    bool ours = has(line, size, "eddy/macros.h:") || has(line, size, "eddy/keywords.h:") ||
                has(line, size, "eddy/must_use.h:");
    return (ours && has(line, size, "expanded from macro ")) || has(line, size, "(skipping ") ||
           (has(line, size, "In file included ") && has(line, size, "/eddy.h:"));
}

/* The length of the beginning of a message with file and line: "main.c:12". */
static size_t place_of(const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    const char *second = colon ? memchr(colon + 1, ':', size - (size_t)(colon + 1 - line)) : NULL;
    return second ? (size_t)(second - line) : 0;
}

/* gcc's note that a macro stands in a line that it has just shown. */
static bool says_line_again(const char *line, size_t size, const char *last)
{
    size_t place = place_of(line, size);
    return has(line, size, "in expansion of macro ") && last && place && strncmp(line, last, place + 1) == 0;
}

/*
 * gcc lists the files by which a macro was included. If the message itself is in the file at the end of that chain,
 * which is the user's, the chain is useless: returns its size, else 0.
 */
static size_t needless_chain(const char *text)
{
    static const char first[] = "In file included from ", next[] = "from ";
    const char *file = text + sizeof first - 1, *line = text;
    if (strncmp(text, first, sizeof first - 1) != 0)
        return 0;
    for (;;) {
        line += strcspn(line, "\n");
        line += *line == '\n';
        size_t blanks = strspn(line, " ");
        if (!blanks || strncmp(line + blanks, next, sizeof next - 1) != 0)
            break;
        file = line + blanks + sizeof next - 1;
    }
    size_t name = strcspn(file, ":\n");
    return strncmp(line, file, name) == 0 && line[name] == ':' ? (size_t)(line - text) : 0;
}

void messages_show(const char *text, bool all)
{
    const char *last = NULL; /* the last message that was shown */
    bool hidden = false;
    while (*text) {
        text += all ? 0 : needless_chain(text);
        size_t size = strcspn(text, "\n");
        size += text[size] == '\n';
        if (begins_message(text, size)) {
            hidden = !all && (names_function(text, size) || is_about_our_macros(text, size) ||
                              says_line_again(text, size, last));
            last = hidden ? last : text;
        }
        if (!hidden)
            fwrite(text, 1, size, stderr);
        text += size;
    }
}

/* The line of source under the first error or warning, or NULL. */
static const char *first_line_shown(const char *text)
{
    while (*text) {
        size_t size = strcspn(text, "\n");
        const char *next = text + size + (text[size] == '\n');
        if (has(text, size, "error: ") || has(text, size, "warning: "))
            return next;
        text = next;
    }
    return NULL;
}

/* True: a call of `word`, not of a longer name that contains it. */
static bool calls(const char *line, size_t size, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = line, *end = line + size; (at = memmem(at, (size_t)(end - at), word, length)); at += length) {
        bool begins = at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
        if (begins && at[length + strspn(at + length, " ")] == '(')
            return true;
    }
    return false;
}

static bool uses_keywords(const char *line, size_t size)
{
    static const char *const words[] = {"async", "await", "generator", "async_generator", "for_each", "async_for",
                                        "async_with", "spawn", "yield", "defer", "throw"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (calls(line, size, words[i]))
            return true;
    return false;
}

int messages_line_without_keywords(const char *text, const char *source)
{
    const char *shown = first_line_shown(text), *include = strstr(source, "#include <eddy.h>");
    bool has_them = strstr(source, "eddy/keywords.h") || strstr(source, "#include \""); /* perhaps by that one */
    if (has_them || !shown || !uses_keywords(shown, strcspn(shown, "\n")))
        return 0;
    int line = 1;
    for (const char *c = source; include && c < include; c++)
        line += *c == '\n';
    return line;
}
