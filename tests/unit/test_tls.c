/* SPDX-License-Identifier: MIT */
/* test_tls.c - TLS on streams, in memory and over sockets: whom it trusts, what the sides agree on, how it ends. */
#include "run_clean.h"

#ifdef EDDY_WITH_TLS

#include "talk.h"

/* ==== what works ==== */

async(void, versions, (int, version), (const char *, name))
{
    eddy_tls_options client = client_options(), server = server_options("server");
    char subject[64];
    client.max_version = version;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.client_code == 0 && talk.server_code == 0);
    for (int i = 0; i < 2; i++) {
        CHECK(strcmp(eddy_tls_version(talk.ends[i]), name) == 0);
        CHECK(eddy_tls_cipher(talk.ends[i]) && !eddy_tls_alpn(talk.ends[i]) && !eddy_tls_resumed(talk.ends[i]));
        CHECK(strcmp(eddy_tls_server_name(talk.ends[i]), "localhost") == 0);
    }
    CHECK(eddy_tls_peer_subject(talk.ends[0], subject, sizeof subject) == 13 && !strcmp(subject, "CN=the server"));
    CHECK(eddy_tls_peer_subject(talk.ends[1], subject, sizeof subject) == 0);
    await(converse(&talk));
}

static void both_versions(void **state)
{
    (void)state;
    RUN_CLEAN(versions(EDDY_TLS_1_3, "TLSv1.3"));
    RUN_CLEAN(versions(EDDY_TLS_1_2, "TLSv1.2"));
}

async(void, plain_facts)
{
    eddy_stream *ends[2];
    char subject[8] = "x";
    await(eddy_stream_pair(ends));
    defer(eddy_stream_abort, ends[0]);
    defer(eddy_stream_abort, ends[1]);
    CHECK(!eddy_tls_version(ends[0]) && !eddy_tls_cipher(ends[0]) && !eddy_tls_alpn(ends[0]));
    CHECK(!eddy_tls_server_name(ends[0]) && !eddy_tls_resumed(ends[0]));
    CHECK(eddy_tls_peer_subject(ends[0], subject, sizeof subject) == 0 && subject[0] == 0);
}

static void a_plain_stream_has_no_tls_facts(void **state)
{
    (void)state;
    RUN_CLEAN(plain_facts());
}

/* ==== whom it trusts ==== */

/* The client's verdict on a server's certificate; words NULL: the certificate is accepted. */
async(void, verdict, (const char *, certificate), (const char *, host), (const char *, words))
{
    struct talk talk = {.client_tls = client_of(client_options()),
                        .server_tls = server_of(server_options(certificate))};
    defer(end_talk, &talk);
    await(meet(&talk, host));
    if (!words) {
        await(converse(&talk));
        return;
    }
    CHECK(talk.client_code == EDDY_TLS_CERTIFICATE && strstr(talk.client_words, words));
    CHECK(strstr(talk.client_words, "tls handshake with ") && strstr(talk.client_words, host));
    CHECK(talk.server_code == EDDY_TLS_FAILED && strstr(talk.server_words, "alert"));
}

static void certificates_are_checked_by_name_and_date(void **state)
{
    (void)state;
    RUN_CLEAN(verdict("server", "localhost", NULL));
    RUN_CLEAN(verdict("server", "localhost.", NULL));
    RUN_CLEAN(verdict("server", "127.0.0.1", NULL));
    RUN_CLEAN(verdict("server", "any.eddy.test", NULL));
    RUN_CLEAN(verdict("server", "a.b.eddy.test", "hostname mismatch"));
    RUN_CLEAN(verdict("server", "example.org", "hostname mismatch"));
    RUN_CLEAN(verdict("server", "127.0.0.2", "IP address mismatch"));
    RUN_CLEAN(verdict("unnamed", "localhost", "hostname mismatch")); /* the subject's name is not used */
    RUN_CLEAN(verdict("expired", "localhost", "certificate has expired"));
    RUN_CLEAN(verdict("early", "localhost", "certificate is not yet valid"));
    RUN_CLEAN(verdict("self", "localhost", "self-signed certificate"));
}

async(void, strangers, (enum eddy_tls_verify, verify), (const char *, host), (int, code))
{
    eddy_tls_options client = client_options();
    struct certificate_path stranger = certificate_at("stranger");
    client.verify = verify;
    if (verify != EDDY_TLS_VERIFY_AUTHORITY)
        client.ca_file = stranger.text;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, host));
    CHECK(talk.client_code == code);
    if (code == 0)
        await(converse(&talk));
    else if (code == EDDY_TLS_CERTIFICATE)
        CHECK(strstr(talk.client_words, "unable to get local issuer certificate"));
}

static void verification_is_weakened_only_on_request(void **state)
{
    (void)state;
    RUN_CLEAN(strangers(EDDY_TLS_VERIFY_ALL, "localhost", EDDY_TLS_CERTIFICATE));
    RUN_CLEAN(strangers(EDDY_TLS_VERIFY_AUTHORITY, "elsewhere.test", 0));
    RUN_CLEAN(strangers(EDDY_TLS_VERIFY_NOTHING, "elsewhere.test", 0));
    RUN_CLEAN(strangers(EDDY_TLS_VERIFY_NOTHING, NULL, 0));
}

async(void, system_trust)
{
    struct talk talk = {.client_tls = NULL, .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(eddy_stream_pair(talk.ends));
    struct shake *server = spawn(shake(talk.ends[1], talk.server_tls, NULL, talk.server_words));
    CHECK(await(shake(talk.ends[0], NULL, "localhost", talk.client_words)) == EDDY_TLS_CERTIFICATE);
    CHECK(await(server) == EDDY_TLS_FAILED);
}

static void without_a_context_the_system_is_asked(void **state)
{
    (void)state;
    RUN_CLEAN(system_trust());
}

/* ==== certificates of clients ==== */

async(void, client_certificates, (const char *, certificate), (bool, required), (int, server_code))
{
    struct certificate_path authority = certificate_at("authority"), own = {""};
    eddy_tls_options client = client_options(), server = server_options("server");
    char subject[64];
    if (certificate)
        own = certificate_at(certificate);
    client.certificate_file = certificate ? own.text : NULL;
    client.max_version = EDDY_TLS_1_2; /* in TLS 1.2 the client learns of it in the handshake */
    server.ca_file = authority.text;
    server.require_client_certificate = required;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.server_code == server_code);
    CHECK(talk.client_code == (server_code ? EDDY_TLS_FAILED : 0));
    if (server_code)
        return;
    size_t length = eddy_tls_peer_subject(talk.ends[1], subject, sizeof subject);
    CHECK(certificate ? !strcmp(subject, "CN=the client") : length == 0);
    await(converse(&talk));
}

static void clients_send_their_certificate(void **state)
{
    (void)state;
    RUN_CLEAN(client_certificates("client", true, 0));
    RUN_CLEAN(client_certificates("client", false, 0));
    RUN_CLEAN(client_certificates(NULL, false, 0));
    RUN_CLEAN(client_certificates(NULL, true, EDDY_TLS_CERTIFICATE));
    RUN_CLEAN(client_certificates("self", true, EDDY_TLS_CERTIFICATE));
}

/* In TLS 1.3 a client learns that its certificate is not accepted only after its handshake. */
async(void, late_refusal)
{
    struct certificate_path authority = certificate_at("authority");
    eddy_tls_options server = server_options("server");
    eddy_error err;
    char byte;
    server.ca_file = authority.text;
    server.require_client_certificate = true;
    struct talk talk = {.client_tls = client_of(client_options()), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.server_code == EDDY_TLS_CERTIFICATE && strstr(talk.server_words, "did not show a certificate"));
    CHECK(talk.client_code == 0);
    for (int i = 0; i < 2; i++) {
        await(eddy_stream_read(talk.ends[0], &byte, 1), &err);
        CHECK(err.code == EDDY_TLS_FAILED && strstr(err.message, "alert certificate required"));
    }
    await(eddy_stream_write(talk.ends[0], "x", 1), &err);
    CHECK(err.code == EDDY_TLS_FAILED);
}

static void a_refusal_may_come_late(void **state)
{
    (void)state;
    RUN_CLEAN(late_refusal());
}

/* ==== what the sides agree on ==== */

async(void, protocols, (const char *, client_list), (const char *, server_list), (const char *, agreed), (int, code))
{
    eddy_tls_options client = client_options(), server = server_options("server");
    client.alpn = client_list;
    server.alpn = server_list;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.client_code == code && talk.server_code == code);
    for (int i = 0; i < 2 && !code; i++) {
        const char *alpn = eddy_tls_alpn(talk.ends[i]);
        CHECK(agreed ? alpn && strcmp(alpn, agreed) == 0 : !alpn);
    }
    if (code)
        CHECK(strstr(talk.client_words, "no application protocol"));
}

static void protocols_are_agreed_on(void **state)
{
    (void)state;
    RUN_CLEAN(protocols("h2,http/1.1", "http/1.1", "http/1.1", 0));
    RUN_CLEAN(protocols("http/1.1,h2", "h2,http/1.1", "h2", 0)); /* the server's order of preference */
    RUN_CLEAN(protocols(NULL, "h2", NULL, 0));
    RUN_CLEAN(protocols("h2", NULL, NULL, 0));
    RUN_CLEAN(protocols("h2", "http/1.1", NULL, EDDY_TLS_FAILED));
}

/* Another name has another certificate, and nothing else: protocols and clients' certificates belong to the context. */
async(void, names, (const char *, host), (const char *, subject), (int, version))
{
    char shown[64];
    struct certificate_path authority = certificate_at("authority"), own = certificate_at("client");
    eddy_tls_options client = client_options(), server = server_options("server");
    client.certificate_file = own.text;
    client.alpn = "http/1.1";
    client.max_version = version;
    server.ca_file = authority.text;
    server.require_client_certificate = true;
    server.alpn = "h2,http/1.1";
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    CHECK(eddy_tls_add_certificate(talk.server_tls, certificate_at("second").text, NULL, NULL));
    await(meet(&talk, host));
    CHECK(talk.client_code == 0 && talk.server_code == 0);
    eddy_tls_peer_subject(talk.ends[0], shown, sizeof shown);
    CHECK(strcmp(shown, subject) == 0);
    eddy_tls_peer_subject(talk.ends[1], shown, sizeof shown);
    CHECK(strcmp(shown, "CN=the client") == 0);
    for (int i = 0; i < 2; i++)
        CHECK(eddy_tls_alpn(talk.ends[i]) && strcmp(eddy_tls_alpn(talk.ends[i]), "http/1.1") == 0);
    await(converse(&talk));
}

/* What the context refuses is refused for every name. */
async(void, refused_names, (const char *, host))
{
    struct certificate_path authority = certificate_at("authority");
    eddy_tls_options client = client_options(), server = server_options("server");
    client.max_version = EDDY_TLS_1_2; /* in TLS 1.2 the client learns of it in the handshake */
    server.ca_file = authority.text;
    server.require_client_certificate = true;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    CHECK(eddy_tls_add_certificate(talk.server_tls, certificate_at("second").text, NULL, NULL));
    await(meet(&talk, host));
    CHECK(talk.client_code == EDDY_TLS_FAILED && talk.server_code == EDDY_TLS_CERTIFICATE);
}

static void a_name_has_its_certificate(void **state)
{
    (void)state;
    for (int version = EDDY_TLS_1_2; version <= EDDY_TLS_1_3; version++) {
        RUN_CLEAN(names("localhost", "CN=the server", version));
        RUN_CLEAN(names("second.test", "CN=the second server", version));
    }
    RUN_CLEAN(refused_names("localhost"));
    RUN_CLEAN(refused_names("second.test"));
}

async(void, no_common_version)
{
    eddy_tls_options client = client_options(), server = server_options("server");
    client.max_version = EDDY_TLS_1_2;
    server.min_version = EDDY_TLS_1_3;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    CHECK(talk.client_code == EDDY_TLS_FAILED && strstr(talk.client_words, "protocol version"));
    CHECK(talk.server_code == EDDY_TLS_FAILED && strstr(talk.server_words, "unsupported protocol"));
}

static void versions_that_do_not_meet(void **state)
{
    (void)state;
    RUN_CLEAN(no_common_version());
}

/* ==== contexts ==== */

static void refused(eddy_tls *tls, const eddy_error *err, int code, const char *words)
{
    assert_null(tls);
    assert_int_equal(err->code, code);
    assert_non_null(strstr(err->message, words));
}

static void impossible_contexts_are_refused(void **state)
{
    (void)state;
    eddy_error err;
    eddy_tls_options options = {.size = sizeof options};
    struct certificate_path server = certificate_at("server"), client = certificate_at("client");
    refused(eddy_tls_server_new(&options, &err), &err, EINVAL, "a server needs a certificate");
    options.certificate_file = "/nowhere/server.pem";
    refused(eddy_tls_server_new(&options, &err), &err, ENOENT, "/nowhere/server.pem");
    options.certificate_file = "/dev/null";
    refused(eddy_tls_server_new(&options, &err), &err, EDDY_TLS_FAILED, "/dev/null: no start line");
    options.certificate_file = server.text;
    options.key_file = client.text;
    refused(eddy_tls_server_new(&options, &err), &err, EDDY_TLS_FAILED, "key values mismatch");
    options.key_file = NULL;
    options.require_client_certificate = true;
    refused(eddy_tls_server_new(&options, &err), &err, EINVAL, "require_client_certificate");
    options.require_client_certificate = false;
    options.alpn = "h2,,http/1.1";
    refused(eddy_tls_server_new(&options, &err), &err, EINVAL, "alpn");
    options.alpn = NULL;
    options.min_version = 0x0301;
    refused(eddy_tls_server_new(&options, &err), &err, EINVAL, "version");
    options = (eddy_tls_options){.size = sizeof options, .ca_file = "/nowhere/authority.pem"};
    refused(eddy_tls_client_new(&options, &err), &err, ENOENT, "/nowhere/authority.pem");
    /* The reason is not asked for; a literal with commas may stand there. */
    assert_null(eddy_tls_client_new(&(eddy_tls_options){.size = sizeof options, .ca_file = "/nowhere"}));
    eddy_tls *tls = eddy_tls_client_new(NULL, &err);
    assert_non_null(tls);
    assert_int_equal(err.code, 0);
    eddy_tls_free(tls);
    eddy_tls_free(NULL);
}

/* The key of "server", encrypted by the word "secret". */
static void write_encrypted_key(const char *path)
{
    FILE *plain = fopen(certificate_at("server").text, "r"), *file = fopen(path, "w");
    assert_true(plain && file);
    EVP_PKEY *key = PEM_read_PrivateKey(plain, NULL, NULL, NULL);
    assert_int_equal(
        PEM_write_PrivateKey(file, key, EVP_aes_256_cbc(), (const unsigned char *)"secret", 6, NULL, NULL), 1);
    EVP_PKEY_free(key);
    fclose(plain);
    fclose(file);
}

/* The longest password that OpenSSL has room for, and one character more. */
enum { LONGEST_PASSWORD = 1024 };

static void an_encrypted_key_needs_its_password(void **state)
{
    (void)state;
    eddy_error err;
    char longest[LONGEST_PASSWORD + 2];
    struct certificate_path server = certificate_at("server"), path = certificate_at("encrypted");
    write_encrypted_key(path.text);
    eddy_tls_options options = {.size = sizeof options, .certificate_file = server.text, .key_file = path.text};
    assert_null(eddy_tls_server_new(&options, &err)); /* and no password is asked for on the terminal */
    assert_int_equal(err.code, EDDY_TLS_FAILED);
    options.key_password = "secreT";
    assert_null(eddy_tls_server_new(&options, &err));
    options.key_password = "secre";
    assert_null(eddy_tls_server_new(&options, &err));
    memset(longest, 's', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    options.key_password = longest;
    assert_null(eddy_tls_server_new(&options, &err));
    options.key_password = "secret";
    eddy_tls *tls = eddy_tls_server_new(&options, &err);
    assert_non_null(tls);
    eddy_tls_free(tls);
    unlink(path.text);
}

/* ==== sessions ==== */

/* Makes one connection with both contexts; was its session resumed? */
async(bool, again, (eddy_tls *, client), (eddy_tls *, server), (const char *, host))
{
    struct talk talk = {.client_tls = client, .server_tls = server};
    await(meet(&talk, host));
    defer(eddy_stream_abort, talk.ends[0]);
    defer(eddy_stream_abort, talk.ends[1]);
    await(converse(&talk));
    CHECK(eddy_tls_resumed(talk.ends[0]) == eddy_tls_resumed(talk.ends[1]));
    return eddy_tls_resumed(talk.ends[0]);
}

async(void, resumption, (int, version), (bool, client_wants), (bool, server_wants))
{
    eddy_tls_options client = client_options(), server = server_options("server");
    client.max_version = version;
    client.no_resumption = !client_wants;
    server.no_resumption = !server_wants;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server)};
    defer(end_talk, &talk);
    bool both = client_wants && server_wants;
    CHECK(!await(again(talk.client_tls, talk.server_tls, "localhost")));
    for (int i = 0; i < 3; i++)
        CHECK(await(again(talk.client_tls, talk.server_tls, "localhost")) == both);
    CHECK(!await(again(talk.client_tls, talk.server_tls, "any.eddy.test"))); /* another name means another peer */
}

static void sessions_are_resumed(void **state)
{
    (void)state;
    for (int version = EDDY_TLS_1_2; version <= EDDY_TLS_1_3; version++) {
        RUN_CLEAN(resumption(version, true, true));
        RUN_CLEAN(resumption(version, true, false));
        RUN_CLEAN(resumption(version, false, true));
    }
}

/* Of TLS 1.2, whose sessions serve several times and are one for each handshake. */
async(void, keeps_64_sessions)
{
    eddy_tls_options client = client_options();
    char host[8];
    client.max_version = EDDY_TLS_1_2;
    client.verify = EDDY_TLS_VERIFY_AUTHORITY;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    for (int i = 0; i < 64; i++) {
        snprintf(host, sizeof host, "h%d", i);
        CHECK(!await(again(talk.client_tls, talk.server_tls, host)));
    }
    CHECK(await(again(talk.client_tls, talk.server_tls, "h0")));
    CHECK(await(again(talk.client_tls, talk.server_tls, "h63")));
    CHECK(!await(again(talk.client_tls, talk.server_tls, "h64"))); /* takes the place of the oldest */
    CHECK(!await(again(talk.client_tls, talk.server_tls, "h0")));
}

static void the_oldest_of_64_sessions_is_forgotten(void **state)
{
    (void)state;
    RUN_CLEAN(keeps_64_sessions());
}

/* ==== how it ends ==== */

async(void, truncated, (int, version))
{
    eddy_tls_options client = client_options();
    eddy_error err;
    char buffer[8];
    client.max_version = version;
    struct talk talk = {.client_tls = client_of(client), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    await(eddy_stream_write(talk.ends[1], "half", 4));
    eddy_stream_abort(talk.ends[1]);
    talk.ends[1] = NULL;
    CHECK(await(eddy_stream_read(talk.ends[0], buffer, 8)) == 4);
    for (int i = 0; i < 2; i++) {
        await(eddy_stream_read(talk.ends[0], buffer, 8), &err);
        CHECK(err.code == EDDY_TLS_TRUNCATED && !eddy_stream_at_end(talk.ends[0]));
    }
}

static void an_end_without_close_notify_is_an_error(void **state)
{
    (void)state;
    RUN_CLEAN(truncated(EDDY_TLS_1_3));
    RUN_CLEAN(truncated(EDDY_TLS_1_2));
}

async(void, orderly)
{
    char buffer[8];
    struct talk talk = {.client_tls = client_of(client_options()), .server_tls = server_of(server_options("server"))};
    defer(end_talk, &talk);
    await(meet(&talk, "localhost"));
    await(eddy_stream_write(talk.ends[1], "all", 3));
    await(eddy_stream_close(talk.ends[1]));
    talk.ends[1] = NULL;
    CHECK(await(eddy_stream_read(talk.ends[0], buffer, 8)) == 3);
    CHECK(await(eddy_stream_read(talk.ends[0], buffer, 8)) == 0);
}

static void closing_sends_close_notify(void **state)
{
    (void)state;
    RUN_CLEAN(orderly());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_versions),
        cmocka_unit_test(a_plain_stream_has_no_tls_facts),
        cmocka_unit_test(certificates_are_checked_by_name_and_date),
        cmocka_unit_test(verification_is_weakened_only_on_request),
        cmocka_unit_test(without_a_context_the_system_is_asked),
        cmocka_unit_test(clients_send_their_certificate),
        cmocka_unit_test(a_refusal_may_come_late),
        cmocka_unit_test(protocols_are_agreed_on),
        cmocka_unit_test(a_name_has_its_certificate),
        cmocka_unit_test(versions_that_do_not_meet),
        cmocka_unit_test(impossible_contexts_are_refused),
        cmocka_unit_test(an_encrypted_key_needs_its_password),
        cmocka_unit_test(sessions_are_resumed),
        cmocka_unit_test(the_oldest_of_64_sessions_is_forgotten),
        cmocka_unit_test(an_end_without_close_notify_is_an_error),
        cmocka_unit_test(closing_sends_close_notify),
    };
    return cmocka_run_group_tests(tests, certificates_make, certificates_remove);
}

#else

/* Each function that returns NULL says why. */
async(void, without)
{
    eddy_error err;
    CHECK(!eddy_tls_client_new(NULL, &err) && err.code == ENOSYS);
    CHECK(!eddy_tls_server_new(NULL, &err) && err.code == ENOSYS && strstr(err.message, "without OpenSSL"));
    await(eddy_open_tls_connection("localhost", 443, NULL), &err);
    CHECK(err.code == ENOSYS && strstr(err.message, "without OpenSSL"));
}

static void without_openssl_every_call_fails(void **state)
{
    (void)state;
    RUN_CLEAN(without());
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_openssl_every_call_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
