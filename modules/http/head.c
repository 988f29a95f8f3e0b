/* SPDX-License-Identifier: MIT */
/* head.c - see head.h. Each function that reads a part returns false after it has noted why the head is refused. */
#define _GNU_SOURCE /* memrchr */
#include "head.h"

#include <string.h>
#include <strings.h>

/* ==== characters ==== */

enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8, DIGIT = 16 };

/* What a byte may be part of: */
enum {
    TEXT = VALUE,
    HASH = VALUE | TOKEN,
    URL = VALUE | TARGET,
    MARK = URL | HOST,
    ACCENT = URL | TOKEN,
    WORD = MARK | TOKEN,
    NUMERAL = WORD | DIGIT
};

static const unsigned char classes[256] = {
    ['\t'] = TEXT, [' '] = TEXT, ['!'] = WORD, ['"'] = TEXT, ['#'] = HASH, ['$' ... '\''] = WORD,
    ['(' ... ')'] = MARK, ['*' ... '+'] = WORD, [','] = MARK, ['-' ... '.'] = WORD, ['/'] = URL,
    ['0' ... '9'] = NUMERAL, [':'] = URL, [';'] = MARK, ['<'] = TEXT, ['='] = MARK, ['>'] = TEXT,
    ['?' ... '@'] = URL, ['A' ... 'Z'] = WORD, ['['] = URL, ['\\'] = TEXT, [']'] = URL, ['^'] = ACCENT,
    ['_'] = WORD, ['`'] = ACCENT, ['a' ... 'z'] = WORD, ['{'] = URL, ['|'] = ACCENT, ['}'] = URL,
    ['~'] = WORD, [128 ... 255] = TEXT,
};

static bool is_all(const char *text, size_t size, int class)
{
    for (size_t i = 0; i < size; i++)
        if (!(classes[(unsigned char)text[i]] & class))
            return false;
    return true;
}

bool head_is_token(const char *text, size_t size)
{
    return size && is_all(text, size, TOKEN);
}

bool head_is_value(const char *text, size_t size)
{
    return is_all(text, size, VALUE);
}

bool head_is_target(const char *text)
{
    return is_all(text, strlen(text), TARGET);
}

int head_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

bool head_has_word(const char *list, const char *word)
{
    size_t size = strlen(word);
    for (const char *item = list; *item;) {
        item += strspn(item, " \t,");
        size_t length = strcspn(item, ",");
        const char *next = item + length;
        while (length && is_space(item[length - 1]))
            length--;
        if (length == size && strncasecmp(item, word, size) == 0)
            return true;
        item = next;
    }
    return false;
}

bool head_refuse(struct head *head, int status, const char *why)
{
    head->refused = status;
    head->why = why;
    return false;
}

/* ==== the end of a head ==== */

/* Empty lines before a head are left over from the message before; RFC 9112, 2.2. */
static bool skip_empty_lines(struct head_search *search, const char *data, size_t size)
{
    while (search->checked == search->skipped && size - search->skipped >= 2 &&
           memcmp(data + search->skipped, "\r\n", 2) == 0)
        search->checked = search->skipped += 2;
    return size > search->skipped;
}

/* What is no HTTP at all, as TLS to a plain port, is refused at its first byte. */
static bool may_begin(struct head *head, const struct head_search *search, const char *data)
{
    char first = data[search->skipped];
    if (first == '\r' || classes[(unsigned char)first] & TOKEN)
        return true;
    return head_refuse(head, 400, "the first line begins with a byte that no token has");
}

/* What has arrived of a head that is not complete yet, or the whole of it. */
static bool is_within(struct head *head, const struct head_search *search, size_t size,
                      const struct head_limits *limits)
{
    if (search->lines == 0 && size > limits->line + 2)
        return head_refuse(head, 414, "the first line is too long");
    if (size > limits->size)
        return head_refuse(head, 431, "the head is too long");
    if (search->lines > limits->fields + 1)
        return head_refuse(head, 431, "the head has too many fields");
    return true;
}

/* A line from search->checked to `end`, its LF. Returns 1: it is the empty line; 0: it is another one; -1: it is
 * refused. */
static int take_line(struct head_search *search, const char *data, const char *end, const struct head_limits *limits,
                     struct head *head)
{
    size_t begin = search->checked, next = (size_t)(end - data) + 1;
    if (next < begin + 2 || end[-1] != '\r')
        return head_refuse(head, 400, "a line ends with LF alone") - 1;
    bool good = is_within(head, search, next - search->skipped, limits);
    search->checked = next;
    if (next == begin + 2)
        return good ? 1 : -1;
    search->lines++;
    return good ? 0 : -1;
}

int64_t head_find(struct head_search *search, const char *data, size_t size, const struct head_limits *limits,
                  struct head *head)
{
    bool begun = skip_empty_lines(search, data, size);
    if (search->skipped > limits->size)
        return head_refuse(head, 400, "there are too many empty lines before the first line") - 1;
    if (!begun)
        return 0;
    if (!may_begin(head, search, data))
        return -1;
    for (const char *end; (end = memchr(data + search->checked, '\n', size - search->checked));) {
        int kind = take_line(search, data, end, limits, head);
        if (kind)
            return kind < 0 ? -1 : (int64_t)(search->checked - search->skipped);
    }
    return is_within(head, search, size - search->skipped, limits) ? 0 : -1;
}

/* ==== the first line ==== */

/* Ends the string before the first `separator` and returns what follows it; NULL: there is none. */
static char *split(char *text, char *end, char separator, size_t *size)
{
    char *found = memchr(text, separator, (size_t)(end - text));
    if (!found)
        return NULL;
    *found = 0;
    *size = (size_t)(found - text);
    return found + 1;
}

static bool read_version(struct head *head, const char *text, size_t size)
{
    if (size == 8 && memcmp(text, "HTTP/1.", 7) == 0 && (text[7] == '0' || text[7] == '1')) {
        head->minor = text[7] - '0';
        return true;
    }
    bool other = size == 8 && memcmp(text, "HTTP/", 5) == 0 && classes[(unsigned char)text[5]] & DIGIT &&
                 text[6] == '.' && classes[(unsigned char)text[7]] & DIGIT;
    return head_refuse(head, other ? 505 : 400, other ? "the version is not supported" : "the version is not valid");
}

static bool read_request_line(struct head *head, char *line, char *end)
{
    size_t size;
    char *target = split(line, end, ' ', &size);
    if (!target || !head_is_token(line, size))
        return head_refuse(head, 400, "the method is not valid");
    char *version = split(target, end, ' ', &head->target_size);
    if (!version || !head->target_size || !is_all(target, head->target_size, TARGET))
        return head_refuse(head, 400, "the target is not valid");
    head->method = line;
    head->target = target;
    return read_version(head, version, (size_t)(end - version));
}

static bool read_status_line(struct head *head, char *line, char *end)
{
    size_t size;
    char *code = split(line, end, ' ', &size);
    if (!code)
        return head_refuse(head, 502, "the status line is not valid");
    if (!read_version(head, line, size))
        return false;
    if (end - code < 3 || !is_all(code, 3, DIGIT) || code[0] == '0' || (end - code > 3 && code[3] != ' '))
        return head_refuse(head, 502, "the status is not valid");
    head->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + code[2] - '0';
    head->reason = end - code > 3 ? code + 4 : end;
    if (!head_is_value(head->reason, (size_t)(end - head->reason)))
        return head_refuse(head, 502, "the reason has a control character");
    return true;
}

/* ==== fields ==== */

static bool read_length(struct head *head, const char *value, size_t size)
{
    if (head->length >= 0)
        return head_refuse(head, 400, "there are two Content-Length fields");
    if (!size || size > 18 || !is_all(value, size, DIGIT))
        return head_refuse(head, 400, "the Content-Length is not a number");
    head->length = 0;
    for (size_t i = 0; i < size; i++)
        head->length = head->length * 10 + value[i] - '0';
    return true;
}

static bool read_coding(struct head *head, const char *value, size_t size)
{
    (void)size;
    if (head->chunked)
        return head_refuse(head, 400, "there are two Transfer-Encoding fields");
    if (strcasecmp(value, "chunked") != 0)
        return head_refuse(head, 501, "the Transfer-Encoding is not \"chunked\" alone");
    head->chunked = true;
    return true;
}

bool head_is_host(const char *value, size_t size)
{
    const char *colon = memrchr(value, ':', size), *close = memchr(value, ']', size);
    size_t host = size;
    if (colon && (!close || colon > close)) {
        host = (size_t)(colon - value);
        if (!is_all(colon + 1, size - host - 1, DIGIT))
            return false;
    }
    if (host > 2 && value[0] == '[' && value[host - 1] == ']')
        return strspn(value + 1, "0123456789abcdefABCDEFv:.") == host - 2;
    return host && is_all(value, host, HOST);
}

static bool read_host(struct head *head, const char *value, size_t size)
{
    if (head->host)
        return head_refuse(head, 400, "there are two Host fields");
    if (!head_is_host(value, size))
        return head_refuse(head, 400, "the Host is not valid");
    head->host = value;
    return true;
}

static bool read_connection(struct head *head, const char *value, size_t size)
{
    (void)size;
    head->closes |= head_has_word(value, "close");
    head->keeps |= head_has_word(value, "keep-alive");
    head->upgrades |= head_has_word(value, "upgrade");
    return true;
}

static bool read_expect(struct head *head, const char *value, size_t size)
{
    (void)size;
    if (strcasecmp(value, "100-continue") != 0)
        return head_refuse(head, 417, "the expectation is not \"100-continue\"");
    head->expects = true;
    return true;
}

/* The fields that decide where a message ends, and what becomes of the connection. */
static const struct known {
    const char *name;
    size_t size;
    bool (*read)(struct head *head, const char *value, size_t size);
    bool in_response;
} known[] = {
    {"content-length", 14, read_length, true}, {"transfer-encoding", 17, read_coding, true},
    {"connection", 10, read_connection, true}, {"host", 4, read_host, false},
    {"expect", 6, read_expect, false},
};

static bool read_known(struct head *head, const char *name, size_t name_size, const char *value, size_t size)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].size == name_size && (known[i].in_response || !head->status) &&
            strncasecmp(known[i].name, name, name_size) == 0)
            return known[i].read(head, value, size);
    return true;
}

/* [line, end) without its CR LF. */
static bool read_field(struct head *head, char *line, char *end)
{
    struct head_field *field = &head->fields[head->count++];
    char *colon = memchr(line, ':', (size_t)(end - line));
    if (is_space(*line))
        return head_refuse(head, 400, "a field continues on another line");
    if (!colon || !head_is_token(line, (size_t)(colon - line)))
        return head_refuse(head, 400, "the name of a field is not valid");
    char *value = colon + 1;
    while (value < end && is_space(*value))
        value++;
    while (end > value && is_space(end[-1]))
        end--;
    if (!head_is_value(value, (size_t)(end - value)))
        return head_refuse(head, 400, "a field has a control character");
    *colon = *end = 0;
    *field = (struct head_field){(uint16_t)(line - head->text), (uint16_t)(value - head->text),
                                 (uint16_t)(colon - line), (uint16_t)(end - value)};
    return read_known(head, line, field->name_size, value, field->value_size);
}

/* ==== the whole ==== */

static bool read_lines(struct head *head, size_t size, const struct head_limits *limits,
                       bool (*first)(struct head *head, char *line, char *end))
{
    char *line = head->text, *last = head->text + size - 2;
    for (bool is_first = true; line < last; is_first = false) {
        char *end = memchr(line, '\n', (size_t)(last - line));
        if (!end || end == line || end[-1] != '\r')
            return head_refuse(head, 400, "a line ends with LF alone");
        if (!is_first && head->count >= limits->fields)
            return head_refuse(head, 431, "the head has too many fields");
        if (!(is_first ? first : read_field)(head, line, end - 1))
            return false;
        end[-1] = 0;
        line = end + 1;
    }
    return true;
}

static bool begin(struct head *head, char *text, size_t size, struct head_field *fields)
{
    *head = (struct head){.text = text, .fields = fields, .length = -1};
    return size >= 4 && size <= UINT16_MAX ? true : head_refuse(head, 431, "the head is too long");
}

/* Of a message with both a length and chunks each reader may take another for the truth: RFC 9112, 6.1 and 6.3. */
static bool is_framed(struct head *head)
{
    if (head->chunked && head->length >= 0)
        return head_refuse(head, 400, "there are Content-Length and Transfer-Encoding");
    if (head->chunked && head->minor == 0)
        return head_refuse(head, 400, "HTTP/1.0 has no Transfer-Encoding");
    return true;
}

bool head_read_request(struct head *head, char *text, size_t size, struct head_field *fields,
                       const struct head_limits *limits)
{
    if (!begin(head, text, size, fields) || !read_lines(head, size, limits, read_request_line) || !is_framed(head))
        return false;
    if (head->minor && !head->host)
        return head_refuse(head, 400, "there is no Host field");
    return true;
}

bool head_read_response(struct head *head, char *text, size_t size, struct head_field *fields,
                        const struct head_limits *limits)
{
    return begin(head, text, size, fields) && read_lines(head, size, limits, read_status_line) && is_framed(head);
}

const char *head_value(const struct head *head, const char *name, size_t n)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < head->count; i++) {
        const struct head_field *field = &head->fields[i];
        if (field->name_size == size && strncasecmp(head->text + field->name, name, size) == 0 && n-- == 0)
            return head->text + field->value;
    }
    return NULL;
}
