/* SPDX-License-Identifier: MIT */
/* test_address.c - rules of eddy_address: from text, to text, ports, equality. */
#include <eddy.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static eddy_address ip(const char *host, int port)
{
    eddy_address address;
    assert_int_equal(eddy_address_ip(&address, host, port), 0);
    return address;
}

static eddy_address local(const char *path)
{
    eddy_address address;
    assert_int_equal(eddy_address_unix(&address, path), 0);
    return address;
}

static void reads_as(const eddy_address *address, const char *expected)
{
    char text[200];
    assert_int_equal(eddy_address_format(address, text, sizeof text), strlen(expected));
    assert_string_equal(text, expected);
}

static void an_address_is_written_as_it_was_read(void **state)
{
    (void)state;
    eddy_address v4 = ip("192.0.2.1", 65535), v6 = ip("2001:db8::1", 0);
    ip("1111:2222:3333:4444:5555:6666:111.222.111.222", 1); /* as long as an address can be */
    reads_as(&v4, "192.0.2.1:65535");
    reads_as(&v6, "[2001:db8::1]:0");
    assert_int_equal(v4.size, sizeof(struct sockaddr_in));
    assert_int_equal(v6.size, sizeof(struct sockaddr_in6));
    assert_int_equal(eddy_address_port(&v4), 65535);
    assert_int_equal(eddy_address_port(&v6), 0);
}

static void a_zone_is_a_number_or_the_name_of_an_interface(void **state)
{
    (void)state;
    char text[64], expected[64];
    eddy_address by_number = ip("fe80::1%7", 80);
    reads_as(&by_number, "[fe80::1%7]:80");
    struct if_nameindex *interfaces = if_nameindex();
    for (struct if_nameindex *one = interfaces; one && one->if_index; one++) {
        snprintf(text, sizeof text, "fe80::1%%%s", one->if_name);
        snprintf(expected, sizeof expected, "[fe80::1%%%u]:80", one->if_index);
        eddy_address by_name = ip(text, 80);
        reads_as(&by_name, expected);
    }
    if (interfaces)
        if_freenameindex(interfaces);
}

static void text_that_is_not_a_numeric_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.4%1", "::1%", "::1%no such interface", "fe80::1%0", ":::",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222", "%1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        eddy_address address = {.size = 5};
        assert_int_equal(eddy_address_ip(&address, texts[i], 1), EINVAL);
        assert_int_equal(address.size, 0);
    }
}

static void a_port_goes_from_0_to_65535(void **state)
{
    (void)state;
    eddy_address address;
    assert_int_equal(eddy_address_ip(&address, "::1", -1), EINVAL);
    assert_int_equal(eddy_address_ip(&address, "::1", 65536), EINVAL);
    assert_int_equal(eddy_address_ip(&address, "127.0.0.1", 0), 0);
    assert_int_equal(eddy_address_ip(&address, "127.0.0.1", 65535), 0);
}

static void a_path_is_written_as_it_was_read(void **state)
{
    (void)state;
    char longest[sizeof((struct sockaddr_un *)0)->sun_path];
    eddy_address path = local("/run/a"), name = local("@a name"), unnamed = {.size = sizeof(sa_family_t)};
    reads_as(&path, "/run/a");
    reads_as(&name, "@a name");
    memcpy(unnamed.data, path.data, unnamed.size);
    reads_as(&unnamed, "an unnamed socket");
    /* A path ends with a zero. A name in the abstract space must not: the zero would belong to the name. */
    assert_int_equal(path.size, offsetof(struct sockaddr_un, sun_path) + sizeof "/run/a");
    assert_int_equal(name.size, offsetof(struct sockaddr_un, sun_path) + strlen("@a name"));
    assert_int_equal(name.data[offsetof(struct sockaddr_un, sun_path)], 0);
    assert_int_equal(eddy_address_port(&path), 0);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    path = local(longest);
    reads_as(&path, longest);
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char text[sizeof((struct sockaddr_un *)0)->sun_path + 1];
    eddy_address address = {.size = 5};
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(eddy_address_unix(&address, text), ENAMETOOLONG);
    assert_int_equal(address.size, 0);
    assert_int_equal(eddy_address_unix(&address, ""), ENAMETOOLONG);
}

static void an_address_of_another_family_is_called_unknown(void **state)
{
    (void)state;
    eddy_address none = {.size = 0}, other = {.size = 16};
    sa_family_t family = AF_NETLINK;
    memcpy(other.data, &family, sizeof family);
    reads_as(&none, "an unknown address");
    reads_as(&other, "an unknown address");
    assert_int_equal(eddy_address_port(&none), 0);
    assert_int_equal(eddy_address_port(&other), 0);
}

static void text_is_cut_where_the_room_ends_and_its_whole_length_is_told(void **state)
{
    (void)state;
    char text[8];
    eddy_address v4 = ip("192.0.2.1", 80), path = local("/a/long/path");
    assert_int_equal(eddy_address_format(&v4, text, sizeof text), strlen("192.0.2.1:80"));
    assert_string_equal(text, "192.0.2");
    assert_int_equal(eddy_address_format(&path, text, sizeof text), strlen("/a/long/path"));
    assert_string_equal(text, "/a/long");
}

static void equal(bool expected, eddy_address a, eddy_address b)
{
    assert_int_equal(eddy_address_equal(&a, &b), expected);
    assert_int_equal(eddy_address_equal(&b, &a), expected);
}

static void addresses_are_equal_if_they_name_the_same_place(void **state)
{
    (void)state;
    equal(true, ip("127.0.0.1", 1), ip("127.0.0.1", 1));
    equal(false, ip("127.0.0.1", 1), ip("127.0.0.1", 2));
    equal(false, ip("127.0.0.1", 1), ip("127.0.0.2", 1));
    equal(true, ip("fe80::1%1", 1), ip("fe80::1%1", 1));
    equal(false, ip("fe80::1%1", 1), ip("fe80::1%2", 1));
    equal(false, ip("fe80::1%1", 1), ip("fe80::2%1", 1));
    equal(false, ip("::1", 1), ip("::1", 2));
    equal(false, ip("::", 1), ip("0.0.0.0", 1));
    equal(false, ip("127.0.0.1", 1), local("a"));
    equal(true, local("a"), local("a"));
    equal(false, local("a"), local("b"));
    equal(false, local("a"), local("ab"));
    equal(true, (eddy_address){.size = 0}, (eddy_address){.size = 0});
    equal(false, (eddy_address){.size = 0}, ip("127.0.0.1", 1));
}

/* The kernel fills such a field, which does not matter for equality. */
static void a_flow_label_does_not_matter_for_equality(void **state)
{
    (void)state;
    eddy_address a = ip("::1", 1), b = a;
    struct sockaddr_in6 v6;
    memcpy(&v6, b.data, sizeof v6);
    v6.sin6_flowinfo = htonl(5);
    memcpy(b.data, &v6, sizeof v6);
    equal(true, a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_written_as_it_was_read),
        cmocka_unit_test(a_zone_is_a_number_or_the_name_of_an_interface),
        cmocka_unit_test(text_that_is_not_a_numeric_address_is_refused),
        cmocka_unit_test(a_port_goes_from_0_to_65535),
        cmocka_unit_test(a_path_is_written_as_it_was_read),
        cmocka_unit_test(a_path_that_does_not_fit_is_refused),
        cmocka_unit_test(an_address_of_another_family_is_called_unknown),
        cmocka_unit_test(text_is_cut_where_the_room_ends_and_its_whole_length_is_told),
        cmocka_unit_test(addresses_are_equal_if_they_name_the_same_place),
        cmocka_unit_test(a_flow_label_does_not_matter_for_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
