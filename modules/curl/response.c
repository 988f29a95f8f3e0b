/* SPDX-License-Identifier: MIT */
/* response.c - the data of a response, and the URLs of its links. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "eddy/curl.h"

void eddy_curl_response_free(eddy_curl_response *response)
{
    if (!response)
        return;
    free(response->url);
    free(response->headers);
    free(response->body);
    free(response);
}

eddy_slice eddy_curl_header(const eddy_curl_response *response, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = response->headers; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *value = line + length + 1;
        value += strspn(value, " \t");
        return (eddy_slice){value, strcspn(value, "\r\n")};
    }
    return (eddy_slice){NULL, 0};
}

const char *eddy_curl_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"}, {202, "Accepted"},
        {203, "Non-Authoritative Information"}, {204, "No Content"}, {205, "Reset Content"},
        {206, "Partial Content"}, {300, "Multiple Choices"}, {301, "Moved Permanently"}, {302, "Found"},
        {303, "See Other"}, {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
        {400, "Bad Request"}, {401, "Unauthorized"}, {402, "Payment Required"}, {403, "Forbidden"},
        {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
        {407, "Proxy Authentication Required"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
        {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"},
        {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"}, {421, "Misdirected Request"}, {422, "Unprocessable Content"},
        {426, "Upgrade Required"}, {428, "Precondition Required"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {451, "Unavailable For Legal Reasons"},
        {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
        {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
        {511, "Network Authentication Required"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "";
}

/* "mailto:" and similar schemes: there is nothing to join, whatever comes after it. */
static bool has_foreign_scheme(const char *reference)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", rest[] = "0123456789+-.";
    size_t length = strspn(reference, letters);
    if (length == 0)
        return false;
    while (reference[length] && (strchr(letters, reference[length]) || strchr(rest, reference[length])))
        length++;
    return reference[length] == ':' && strncasecmp(reference, "http:", 5) != 0 &&
           strncasecmp(reference, "https:", 6) != 0;
}

char *eddy_curl_join(const char *base, const char *reference)
{
    char *text = NULL, *copy;
    if (has_foreign_scheme(reference))
        return strdup(reference);
    CURLU *url = curl_url();
    if (url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK &&
        (reference[0] == '\0' || curl_url_set(url, CURLUPART_URL, reference, 0) == CURLUE_OK))
        curl_url_get(url, CURLUPART_URL, &text, 0);
    copy = text ? strdup(text) : NULL;
    curl_free(text);
    curl_url_cleanup(url);
    return copy;
}
