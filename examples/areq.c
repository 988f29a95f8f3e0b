/* SPDX-License-Identifier: MIT */
/*
 * areq.c - asynchronous requests: fetches pages at the same time and collects the links that it finds in them.
 *
 *     areq [-f FILE] [-o FOUND] [-t SECONDS] [-n AT-ONCE] [-e] [URL...]
 *
 * URLs come from the arguments and from FILE ("-" is standard input), one a line; links go to FOUND (foundurls.txt,
 * "-" is standard output) as they are found. An error with a page is reported and does not stop the others; with -e
 * the exit status is then 1. Without a URL it fetches the pages of a built-in site.
 */
#include <eddy/keywords.h>

#include "areq.h"
#include "links.h"
#include "site.h"

async(void, write_links, (struct crawl *, crawl), (struct page *, page), (const link_list *, links))
{
    for (size_t i = 0; i < links->count; i++)
        fprintf(crawl->found, "%s\t%s\n", page->url, links->items[i]);
    if (fflush(crawl->found) != 0)
        throw(errno, "writing the links of %s", page->url);
    log_line(crawl, "INFO", "Wrote results for source URL: %s", page->url);
}

// [fetch]
async(void, fetch, (struct crawl *, crawl), (struct page *, page))
{
    eddy_curl_options options = {.timeout = crawl->timeout};
    eddy_curl_response *response = await(eddy_curl_get(page->url, &options));
    defer(eddy_curl_response_free, response);
    page->status = response->status;
    if (response->status >= 400)
        throw(EDDY_HTTP_FAILED, "HTTP error for %s [%d]: %s", page->url, response->status,
              eddy_curl_status_text(response->status));
    log_line(crawl, "INFO", "Got response [%d] for URL: %s", response->status, page->url);

    link_list links = {0};
    defer(free_links, &links);
    await(find_links(response->url, response->body, &links));
    page->links = links.count;
    crawl->links += links.count;
    log_line(crawl, "INFO", "Found %zu links for %s", links.count, page->url);
    if (links.count)
        await(write_links(crawl, page, &links));
}
// [fetch]

/* No failure leaves this function: it is stored as the result of the page. */
async(void, visit, (struct crawl *, crawl), (struct page *, page))
{
    async_with (slot, eddy_semaphore_hold(&crawl->slots)) {
        eddy_error err;
        double start = eddy_time();
        await(fetch(crawl, page), &err);
        page->seconds = eddy_time() - start;
        crawl->done++;
        if (err.code)
            note_failure(crawl, page, &err);
        show_progress(crawl);
    }
}

async(void, visit_all, (struct crawl *, crawl))
{
    double start = eddy_time();
    fprintf(crawl->found, "source_url\tparsed_url\n");
    log_line(crawl, "DEBUG", "Using driver: %s", eddy_loop_driver(eddy_current_loop()));
    async_with (group, eddy_task_group())
        for (size_t i = 0; i < crawl->count; i++)
            eddy_group_spawn(group, visit(crawl, &crawl->pages[i]));
    print_table(crawl, eddy_time() - start);
}

async(void, visit_own_site, (struct crawl *, crawl))
{
    eddy_server *site = await(site_start(0));
    char url[128];
    for (size_t i = 0; site_url(site, i, url, sizeof url); i++)
        if (!add_page(crawl, url))
            throw(ENOMEM, "no memory for the list of pages");
    await(visit_all(crawl));
    await(eddy_server_close(site, 0));
}

async(int, main_task, (int, argc), (char **, argv))
{
    struct crawl crawl = {.timeout = 30, .slots = EDDY_SEMAPHORE_INIT(64), .terminal = isatty(2)};
    defer(free_crawl, &crawl);
    const char *found = "foundurls.txt";
    bool strict = false, own_site = true;
    for (int option; (option = getopt(argc, argv, "f:o:t:n:e")) != -1;) {
        if (option == 'f' && !add_pages_of_file(&crawl, optarg))
            throw(errno, "reading URLs from \"%s\"", optarg);
        else if (option == '?')
            return fputs(usage, stderr), 2;
        own_site &= option != 'f';
        strict |= option == 'e';
        found = option == 'o' ? optarg : found;
        crawl.timeout = option == 't' ? atof(optarg) : crawl.timeout;
        if (option == 'n' && atoi(optarg) > 0)
            crawl.slots = (eddy_semaphore)EDDY_SEMAPHORE_INIT((size_t)atoi(optarg));
    }
    for (int i = optind; i < argc; i++)
        if (!add_page(&crawl, argv[i]))
            throw(ENOMEM, "no memory for the list of pages");
    crawl.found = strcmp(found, "-") == 0 ? stdout : fopen(found, "w");
    if (!crawl.found)
        throw(errno, "opening \"%s\" for the links", found);
    if (own_site && crawl.count == 0) {
        crawl.timeout = 1.5; /* needed for the page that never answers */
        await(visit_own_site(&crawl));
        return 0;
    }
    await(visit_all(&crawl));
    return strict && crawl.failed;
}

int main(int argc, char **argv)
{
    return eddy_run(main_task(argc, argv));
}
