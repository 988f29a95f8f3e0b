/* SPDX-License-Identifier: MIT */
/*
 * tls.c - a program that is linked with the shared library, which loads OpenSSL when the first TLS context is made.
 *
 *   tls talk          OpenSSL is not in the process before the first context; then two ends talk
 *   tls refused CODE  the contexts are refused with that code, and so is a connection; prints the sentence of one
 */
#define _GNU_SOURCE
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eddy/keywords.h>

#define CHECK(...) ((__VA_ARGS__) ? (void)0 : throw(EDDY_INVALID_STATE, "not true: %s", #__VA_ARGS__))

/* A certificate without a real owner: it is used here only, and neither its name nor its dates are checked. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDreJigTQkmqbfOwy\n"
    "CajYEkk1zlfHboIQzdVbIHx/V6ChRANCAAQYXMeR1oj2yErRICjTyEXUARJknThG\n"
    "oghsh5bvFiwp4G8HcPpwmK85lfNZMMifqqqCgVqEdE7bTXQASfhUnTg8\n"
    "-----END PRIVATE KEY-----\n"
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBfjCCASOgAwIBAgIUD8Hf2DvKfb4v7DuqlBn9S8rl52cwCgYIKoZIzj0EAwIw\n"
    "FDESMBAGA1UEAwwJbG9jYWxob3N0MB4XDTI2MTEyOTE0MTE1OVoXDTM2MTEyNjE0\n"
    "MTE1OVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0D\n"
    "AQcDQgAEGFzHkdaI9shK0SAo08hF1AESZJ04RqIIbIeW7xYsKeBvB3D6cJivOZXz\n"
    "WTDIn6qqgoFahHRO2010AEn4VJ04PKNTMFEwHQYDVR0OBBYEFIHzHBEDIOX+Wj6U\n"
    "Zay3hNdmgJwqMB8GA1UdIwQYMBaAFIHzHBEDIOX+Wj6UZay3hNdmgJwqMA8GA1Ud\n"
    "EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJe6jiG34hOJNCdszlhIYSdL\n"
    "Nfhc9iJtobX6NssdjwT0AiEA9wZUXb4jgrZv59J2cVIlkCLQdvKM78LAj1bHuU+x\n"
    "ADQ=\n"
    "-----END CERTIFICATE-----\n";

static int is_openssl(struct dl_phdr_info *object, size_t size, void *found)
{
    (void)size;
    if (strstr(object->dlpi_name, "libssl"))
        *(bool *)found = true;
    return 0;
}

static bool has_openssl(void)
{
    bool found = false;
    dl_iterate_phdr(is_openssl, &found);
    return found;
}

async(void, talk, (const char *, file))
{
    eddy_stream *ends[2];
    char word[5] = "";
    CHECK(!has_openssl());
    eddy_tls *server =
        eddy_tls_server_new(&(eddy_tls_options){.size = sizeof(eddy_tls_options), .certificate_file = file});
    defer(eddy_tls_free, server);
    CHECK(server && has_openssl());
    eddy_tls *client = eddy_tls_client_new(
        &(eddy_tls_options){.size = sizeof(eddy_tls_options), .verify = EDDY_TLS_VERIFY_NOTHING});
    defer(eddy_tls_free, client);
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    struct eddy_start_tls *other = spawn(eddy_start_tls(ends[0], server, NULL));
    await(eddy_start_tls(ends[1], client, NULL));
    await(other);
    await(eddy_stream_write(ends[1], "ping", 4));
    await(eddy_stream_read_exactly(ends[0], word, 4));
    CHECK(!strcmp(word, "ping") && !strcmp(eddy_tls_version(ends[0]), "TLSv1.3"));
}

async(void, refused, (int, code))
{
    eddy_error err;
    eddy_tls_options options = {.size = sizeof options, .certificate_file = "none"};
    CHECK(!eddy_tls_server_new(&options, &err));
    CHECK(err.code == code && !has_openssl());
    await(eddy_open_tls_connection("localhost", 1, NULL), &err);
    CHECK(err.code == code);
    CHECK(!eddy_tls_client_new(NULL, &err) && err.code == code);
    printf("%s\n", err.message);
}

async(int, main_task, (int, argc), (char **, argv))
{
    char name[] = "/tmp/eddy-tls-XXXXXX";
    if (argc == 3) {
        await(refused(atoi(argv[2])));
        return 0;
    }
    int fd = mkstemp(name);
    defer(unlink, name);
    CHECK(fd >= 0 && write(fd, pem, sizeof pem - 1) == sizeof pem - 1);
    close(fd);
    await(talk(name));
    return 0;
}

int main(int argc, char **argv) { return eddy_run(main_task(argc, argv)); }
