/* SPDX-License-Identifier: MIT */
/* test_curl.c - rules of <eddy/curl.h>, with the example's HTTP server in the same loop. */
#include <eddy/curl.h>

#include "site.h"
#include "unit/run_clean.h"

static char *url_of(char buffer[64], const eddy_server *site, const char *path)
{
    snprintf(buffer, 64, "http://127.0.0.1:%d%s", eddy_server_port(site), path);
    return buffer;
}

static bool slice_is(eddy_slice slice, const char *text)
{
    return slice.data && slice.size == strlen(text) && memcmp(slice.data, text, slice.size) == 0;
}

async(void, get_a_page)
{
    char url[64], moved[64];
    eddy_server *site = await(site_start(0));
    eddy_curl_response *page = await(eddy_curl_get(url_of(moved, site, "/moved")));
    defer(eddy_curl_response_free, page);
    CHECK(page->status == 200 && page->redirects == 1 && page->seconds > 0);
    CHECK(!strcmp(page->url, url_of(url, site, "/page/1")));
    CHECK(page->size == strlen(page->body) && strstr(page->body, "<title>Page 1</title>"));
    CHECK(slice_is(eddy_curl_header(page, "content-TYPE"), "text/html; charset=utf-8"));
    CHECK(eddy_curl_header(page, "Location").data == NULL); /* only those of the last response */
    CHECK(!strncmp(page->headers, "HTTP/1.1 200 OK\r\n", 17));
    await(eddy_server_close(site, 0));
}

static void a_page_is_a_result(void **state)
{
    (void)state;
    RUN_CLEAN(get_a_page());
}

async(void, use_options)
{
    char url[64];
    eddy_error err;
    eddy_server *site = await(site_start(0));
    eddy_curl_response *stay =
        await(eddy_curl_get(url_of(url, site, "/moved"), &(eddy_curl_options){.max_redirects = -1}));
    defer(eddy_curl_response_free, stay);
    CHECK(stay->status == 301 && slice_is(eddy_curl_header(stay, "location"), "/page/1"));
    eddy_curl_response *head =
        await(eddy_curl_get(url_of(url, site, "/page/2"), &(eddy_curl_options){.method = "HEAD"}));
    defer(eddy_curl_response_free, head);
    CHECK(head->status == 200 && head->size == 0 && eddy_curl_header(head, "content-length").data);
    eddy_curl_options post = {.body = "a\0b", .body_size = 3, .headers = (const char *[]){"X-Test: yes", NULL}};
    eddy_curl_response *refused = await(eddy_curl_get(url, &post));
    defer(eddy_curl_response_free, refused);
    CHECK(refused->status == 405 && slice_is(eddy_curl_header(refused, "allow"), "GET, HEAD"));
    (void)await(eddy_curl_get(url, &(eddy_curl_options){.size_limit = 10, .timeout = 30}), &err);
    CHECK(err.code == EMSGSIZE);
    (void)await(eddy_curl_get(url_of(url, site, "/loop"), &(eddy_curl_options){.max_redirects = 3}), &err);
    CHECK(err.code == ELOOP && strstr(err.message, url));
    await(eddy_server_close(site, 0));
}

static void options_are_obeyed(void **state)
{
    (void)state;
    RUN_CLEAN(use_options());
}

/* By the option, by await_for, by cancelling the task, and before it has begun. */
async(void, abort_transfers)
{
    char url[64];
    eddy_error err;
    eddy_server *site = await(site_start(0));
    url_of(url, site, "/stall");
    (void)await(eddy_curl_get(url, &(eddy_curl_options){.timeout = 0.1}), &err);
    CHECK(err.code == ETIMEDOUT);
    (void)await_for(eddy_curl_get(url), 0.05, &err);
    CHECK(err.code == ETIMEDOUT);
    struct eddy_curl_get *one = spawn(eddy_curl_get(url)), *other = spawn(eddy_curl_get(url));
    await(eddy_sleep(0.05));
    CHECK(eddy_cancel(one));
    (void)await(one, &err);
    CHECK(err.code == ECANCELED);
    CHECK(!eddy_done(other)); /* the other transfer goes on */
    eddy_cancel(other);
    (void)await(other, &err);
    struct eddy_curl_get *never = spawn(eddy_curl_get(url));
    eddy_cancel(never);
    (void)await(never, &err);
    CHECK(err.code == ECANCELED);
    await(eddy_server_close(site, 0));
}

static void a_cancelled_transfer_is_aborted(void **state)
{
    (void)state;
    RUN_CLEAN(abort_transfers());
}

/* The response has arrived, but the task is cancelled before it can take it. */
async(void, cancel_at_the_end)
{
    char url[64];
    eddy_error err;
    eddy_server *site = await(site_start(0));
    url_of(url, site, "/page/1");
    for (int milliseconds = 15; milliseconds < 35; milliseconds++) {
        eddy_curl_response *page = await_for(eddy_curl_get(url), milliseconds / 1000.0, &err);
        CHECK(err.code == 0 || err.code == ETIMEDOUT);
        eddy_curl_response_free(err.code ? NULL : page);
    }
    await(eddy_server_close(site, 0));
}

static void a_response_that_is_not_taken_is_freed(void **state)
{
    (void)state;
    RUN_CLEAN(cancel_at_the_end());
}

async(void, leave_transfers, (eddy_server *, site))
{
    char url[64];
    eddy_detach(spawn(eddy_curl_get(url_of(url, site, "/stall"))));
    await(eddy_sleep(0.05));
}

async(void, end_with_transfers)
{
    await(leave_transfers(await(site_start(0))));
}

static void the_end_of_the_loop_aborts_them(void **state)
{
    (void)state;
    RUN_CLEAN(end_with_transfers());
}

async(void, fetch_bad)
{
    static const char *const bad[] = {"", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://[::1/"};
    eddy_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)await(eddy_curl_get(bad[i]), &err);
        CHECK(err.code == EINVAL);
    }
    (void)await(eddy_curl_get(NULL), &err);
    CHECK(err.code == EINVAL);
}

static void a_url_that_is_not_http_is_refused(void **state)
{
    (void)state;
    RUN_CLEAN(fetch_bad());
}

static void references_are_joined(void **state)
{
    static const char *const cases[][2] = {
        {"c", "http://h/a/c"},
        {"../c", "http://h/c"},
        {"/c?q=1#f", "http://h/c?q=1#f"},
        {"//i/c", "http://i/c"},
        {"?x", "http://h/a/b?x"},
        {"https://i/", "https://i/"},
        {"mailto:a@b", "mailto:a@b"},
        {"javascript:x()", "javascript:x()"},
        {"", "http://h/a/b"},
        {"./c:d", "http://h/a/c:d"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *joined = eddy_curl_join("http://h/a/b", cases[i][0]);
        assert_non_null(joined);
        assert_string_equal(joined, cases[i][1]);
        free(joined);
    }
    assert_null(eddy_curl_join("no base", "c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_a_result),
        cmocka_unit_test(options_are_obeyed),
        cmocka_unit_test(a_cancelled_transfer_is_aborted),
        cmocka_unit_test(a_response_that_is_not_taken_is_freed),
        cmocka_unit_test(the_end_of_the_loop_aborts_them),
        cmocka_unit_test(a_url_that_is_not_http_is_refused),
        cmocka_unit_test(references_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
