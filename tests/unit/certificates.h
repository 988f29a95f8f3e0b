/* SPDX-License-Identifier: MIT */
/*
 * certificates.h - certificates made when they are needed: authorities, certificates that they sign, and invalid
 * ones. They lie in a folder that belongs to this process, as PEM files that hold the certificate and its key.
 */
#ifndef EDDY_TESTS_UNIT_CERTIFICATES_H
#define EDDY_TESTS_UNIT_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

enum { AN_HOUR = 3600, A_DAY = 86400 };

static char certificate_folder[64];

struct certificate_path {
    char text[128];
};

/* certificate_at("server").text */
static inline struct certificate_path certificate_at(const char *name)
{
    struct certificate_path path;
    snprintf(path.text, sizeof path.text, "%s/%s.pem", certificate_folder, name);
    return path;
}

static inline void add_extension(X509 *certificate, X509 *issuer, int id, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    if (!extension || !X509_add_ext(certificate, extension, -1))
        abort();
    X509_EXTENSION_free(extension);
}

/* names: "DNS:localhost,IP:127.0.0.1"; NULL: it is an authority. issuer NULL: self-signed. Valid from `from` to `to`
 * seconds from now. */
static inline struct identity identity_new(const char *subject, const char *names, const struct identity *issuer,
                                           long from, long to)
{
    static long serial = 1;
    struct identity self = {EVP_EC_gen("P-256"), X509_new()};
    X509_NAME *name = X509_get_subject_name(self.certificate);
    X509 *signer = issuer ? issuer->certificate : self.certificate;
    X509_set_version(self.certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(self.certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(self.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(self.certificate), to);
    X509_set_pubkey(self.certificate, self.key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)subject, -1, -1, 0);
    X509_set_issuer_name(self.certificate, X509_get_subject_name(signer));
    add_extension(self.certificate, signer, NID_basic_constraints, names ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        add_extension(self.certificate, signer, NID_subject_alt_name, names);
    if (!X509_sign(self.certificate, issuer ? issuer->key : self.key, EVP_sha256()))
        abort();
    return self;
}

static inline void identity_free(struct identity self)
{
    EVP_PKEY_free(self.key);
    X509_free(self.certificate);
}

static inline void identity_write(const char *name, struct identity self)
{
    FILE *file = fopen(certificate_at(name).text, "w");
    if (!file || !PEM_write_X509(file, self.certificate) ||
        !PEM_write_PrivateKey(file, self.key, NULL, NULL, 0, NULL, NULL) || fclose(file) != 0)
        abort();
}

static inline void write_one(const char *name, const char *subject, const char *names, const struct identity *issuer,
                             long from, long to)
{
    struct identity one = identity_new(subject, names, issuer, from, to);
    identity_write(name, one);
    identity_free(one);
}

/* For cmocka: a folder with all certificates that the tests name. */
static inline int certificates_make(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(certificate_folder, sizeof certificate_folder, "%.40s/eddy-tls-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(certificate_folder))
        return -1;
    struct identity authority = identity_new("Eddy test authority", NULL, NULL, -A_DAY, A_DAY);
    identity_write("authority", authority);
    write_one("stranger", "an authority nobody knows", NULL, NULL, -A_DAY, A_DAY);
    write_one("server", "the server", "DNS:localhost,DNS:*.eddy.test,IP:127.0.0.1", &authority, -A_DAY, A_DAY);
    write_one("second", "the second server", "DNS:second.test", &authority, -A_DAY, A_DAY);
    write_one("expired", "the late server", "DNS:localhost", &authority, -2 * A_DAY, -A_DAY);
    write_one("early", "the coming server", "DNS:localhost", &authority, AN_HOUR, A_DAY);
    write_one("self", "localhost", "DNS:localhost", NULL, -A_DAY, A_DAY);
    write_one("unnamed", "localhost", "DNS:elsewhere.test", &authority, -A_DAY, A_DAY);
    write_one("client", "the client", "DNS:client.test", &authority, -A_DAY, A_DAY);
    identity_free(authority);
    return 0;
}

static inline int certificates_remove(void **state)
{
    static const char *const names[] = {"authority", "stranger", "server", "second", "expired",
                                        "early", "self", "unnamed", "client"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(certificate_at(names[i]).text);
    return rmdir(certificate_folder);
}

#endif
