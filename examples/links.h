/* SPDX-License-Identifier: MIT */
/* links.h - the links of a page, found by a generator and made absolute. */
#ifndef EXAMPLES_LINKS_H
#define EXAMPLES_LINKS_H

#include <eddy/curl.h>
#include <eddy/keywords.h>
#include <stdlib.h>
#include <string.h>

typedef list_of(char *) link_list;

/* Yields the values of href="..." in their order; each must be on one line. */
generator(eddy_slice, hrefs, (const char *, text))
{
    static const char begin[] = "href=\"";
    while ((text = strstr(text, begin))) {
        text += strlen(begin);
        eddy_slice href = {text, strcspn(text, "\"\r\n")};
        if (text[href.size] == '"')
            yield(href);
        text += href.size;
    }
}

static inline void free_links(link_list *links)
{
    for (size_t i = 0; i < links->count; i++)
        free(links->items[i]);
    list_free(links);
}

static inline int compare_links(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, each once. */
static inline void sort_links(link_list *links)
{
    size_t kept = 0;
    if (links->count)
        qsort(links->items, links->count, sizeof *links->items, compare_links);
    for (size_t i = 0; i < links->count; i++)
        if (kept && strcmp(links->items[kept - 1], links->items[i]) == 0)
            free(links->items[i]);
        else
            links->items[kept++] = links->items[i];
    links->count = kept;
}

/* The links of the page; values that cannot be made a URL are left out. free_links frees them. */
async(void, find_links, (const char *, base), (const char *, page), (link_list *, links))
{
    for_each (href, hrefs(page)) {
        char *reference = strndup(href.data, href.size);
        char *link = reference ? eddy_curl_join(base, reference) : NULL;
        free(reference);
        if (!link)
            continue;
        size_t before = links->count;
        list_push(links, link); /* without memory the function fails when it returns */
        if (links->count == before)
            free(link);
    }
    sort_links(links);
}

#endif
