/* SPDX-License-Identifier: MIT */
/* areq.h - the data that areq.c keeps for each page, and its output: log lines, the progress line, the table. */
#ifndef EXAMPLES_AREQ_H
#define EXAMPLES_AREQ_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char usage[] = "usage: areq [-f FILE] [-o FOUND] [-t SECONDS] [-n AT-ONCE] [-e] [URL...]\n";

struct page {
    char *url;
    int status; /* 0: no response */
    size_t links;
    double seconds; /* the time that fetching it took */
    char *reason;   /* the message of its failure; NULL: no failure */
};

struct crawl {
    struct page *pages;
    size_t count, done, failed, links;
    FILE *found;          /* a line per link */
    double timeout;       /* seconds for a page */
    eddy_semaphore slots; /* pages that may be fetched at the same time */
    bool terminal;        /* standard error is a terminal: progress is shown */
};

/* One line of progress, which the next log line or the table replaces. */
static inline void show_progress(const struct crawl *crawl)
{
    if (crawl->terminal)
        fprintf(stderr, "\r\033[K%zu of %zu pages, %zu links, %zu failures", crawl->done, crawl->count, crawl->links,
                crawl->failed);
}

__attribute__((format(printf, 3, 4))) static inline void log_line(const struct crawl *crawl, const char *level,
                                                                  const char *format, ...)
{
    char clock[16];
    time_t now = time(NULL);
    va_list arguments;
    va_start(arguments, format);
    strftime(clock, sizeof clock, "%H:%M:%S", localtime(&now));
    fprintf(stderr, "%s%s %s:areq: ", crawl->terminal ? "\r\033[K" : "", clock, level);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    show_progress(crawl);
}

static inline void note_failure(struct crawl *crawl, struct page *page, const eddy_error *err)
{
    size_t size = strlen(err->message) + 64;
    crawl->failed++;
    page->reason = malloc(size);
    if (page->reason && page->status >= 400) /* the message is complete */
        snprintf(page->reason, size, "%s", err->message);
    else if (page->reason)
        snprintf(page->reason, size, "%s: %s", eddy_error_name(err->code), err->message);
    log_line(crawl, "ERROR", "%s", page->reason ? page->reason : eddy_error_name(err->code));
}

static inline void print_table(const struct crawl *crawl, double seconds)
{
    double sum = 0;
    if (crawl->terminal)
        fprintf(stderr, "\r\033[K");
    printf("\n%6s %6s %8s  %s\n", "status", "links", "seconds", "page");
    for (size_t i = 0; i < crawl->count; i++) {
        const struct page *page = &crawl->pages[i];
        char status[16] = "-";
        if (page->status)
            snprintf(status, sizeof status, "%d", page->status);
        printf("%6s %6zu %8.3f  %s\n", status, page->links, page->seconds, page->url);
        if (page->reason)
            printf("%24s%s\n", "", page->reason);
        sum += page->seconds;
    }
    printf("\n%zu pages, %zu links, %zu failures\n", crawl->count, crawl->links, crawl->failed);
    printf("%.3f seconds; one page after the other: %.3f\n", seconds, sum);
}

/* A URL that is in the list already is not fetched twice. False: no memory. */
static inline bool add_page(struct crawl *crawl, const char *url)
{
    for (size_t i = 0; i < crawl->count; i++)
        if (strcmp(crawl->pages[i].url, url) == 0)
            return true;
    struct page *pages = realloc(crawl->pages, (crawl->count + 1) * sizeof *pages);
    if (pages)
        crawl->pages = pages;
    char *copy = pages ? strdup(url) : NULL;
    if (copy)
        crawl->pages[crawl->count++] = (struct page){.url = copy};
    return copy != NULL;
}

/* Each line has one URL; blanks around it are dropped; "-" is standard input. False: it cannot be read. */
static inline bool add_pages_of_file(struct crawl *crawl, const char *name)
{
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    bool good = file != NULL;
    while (good && getline(&line, &room, file) >= 0) {
        static const char blank[] = " \t\r\n";
        char *url = line + strspn(line, blank), *end = url + strlen(url);
        while (end > url && strchr(blank, end[-1]))
            *--end = '\0';
        good = !*url || add_page(crawl, url);
    }
    if (good)
        good = !ferror(file);
    free(line);
    if (file && file != stdin)
        fclose(file);
    return good;
}

static inline void free_crawl(struct crawl *crawl)
{
    for (size_t i = 0; i < crawl->count; i++) {
        free(crawl->pages[i].url);
        free(crawl->pages[i].reason);
    }
    free(crawl->pages);
    if (crawl->found && crawl->found != stdout)
        fclose(crawl->found);
}

#endif
