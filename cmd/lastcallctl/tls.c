/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"
#include "drive/tls_helper.h"

#include <bearssl.h>
#include <string.h>
#include <unistd.h>

/*
 * TLS for lastcall's checks with `scheme: HTTPS`, in a process of its own. Descriptor 0 is connected
 * to the application, on 1 lastcall speaks plain HTTP: one request, whose answer goes back until
 * there is no more of it. Everything here may block: lastcall kills us at the check's timeout.
 *
 * The certificate is not verified, as the kubelet does not (InsecureSkipVerify in
 * pkg/probe/http/http.go): whoever answers at that port of the pod is the application. Only its key
 * is taken from it. The version is TLS 1.2, Go's first and BearSSL's last, and the suites are those
 * that Go offers with it (crypto/tls, cipher_suites.go): br_ssl_client_init_full() would bring as
 * much again of what nobody speaks any more.
 */

enum { SERVER = 0, CLIENT = 1 };

static const char request_end[] = "\r\n\r\n";

/* A certificate chain of which the first one's key is taken as it is. */
struct chain {
    const br_x509_class *vtable;
    br_x509_decoder_context leaf;
    unsigned certificates; /* that have ended */
};

static struct chain *chain_of(const br_x509_class **context)
{
    return (struct chain *)(void *)context;
}

static void start_chain(const br_x509_class **context, const char *server_name)
{
    (void)server_name;
    chain_of(context)->certificates = 0;
}

static void start_certificate(const br_x509_class **context, uint32_t length)
{
    (void)length;
    if (chain_of(context)->certificates == 0)
        br_x509_decoder_init(&chain_of(context)->leaf, NULL, NULL);
}

static void append(const br_x509_class **context, const unsigned char *data, size_t length)
{
    if (chain_of(context)->certificates == 0)
        br_x509_decoder_push(&chain_of(context)->leaf, data, length);
}

static void end_certificate(const br_x509_class **context)
{
    chain_of(context)->certificates++;
}

static unsigned end_chain(const br_x509_class **context)
{
    struct chain *self = chain_of(context);

    return self->certificates ? (unsigned)br_x509_decoder_last_error(&self->leaf)
                              : BR_ERR_X509_EMPTY_CHAIN;
}

static const br_x509_pkey *get_key(const br_x509_class *const *context, unsigned *usages)
{
    const struct chain *self = (const struct chain *)(const void *)context;

    if (usages)
        *usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
    return self->leaf.err == 0 ? &self->leaf.pkey : NULL;
}

static const br_x509_class any_chain = {
    .context_size = sizeof(struct chain),
    .start_chain = start_chain,
    .start_cert = start_certificate,
    .append = append,
    .end_cert = end_certificate,
    .end_chain = end_chain,
    .get_pkey = get_key,
};

/* X25519 and NIST's three curves, as br_ec_all_m31 has them, without that one's second, faster P-256:
 * one handshake a check needs no more than the smaller code. */
static const br_ec_impl *of(int curve)
{
    return curve == BR_EC_curve25519 ? &br_ec_c25519_i31 : &br_ec_prime_i31;
}

static const unsigned char *generator(int curve, size_t *length)
{
    return of(curve)->generator(curve, length);
}

static const unsigned char *order(int curve, size_t *length)
{
    return of(curve)->order(curve, length);
}

static size_t xoff(int curve, size_t *length)
{
    return of(curve)->xoff(curve, length);
}

static uint32_t mul(unsigned char *point, size_t length, const unsigned char *by, size_t by_length,
                    int curve)
{
    return of(curve)->mul(point, length, by, by_length, curve);
}

static size_t mulgen(unsigned char *ret, const unsigned char *by, size_t by_length, int curve)
{
    return of(curve)->mulgen(ret, by, by_length, curve);
}

static uint32_t muladd(unsigned char *point, const unsigned char *other, size_t length,
                       const unsigned char *by, size_t by_length, const unsigned char *other_by,
                       size_t other_by_length, int curve)
{
    return of(curve)->muladd(point, other, length, by, by_length, other_by, other_by_length, curve);
}

static const br_ec_impl curves = {
    .supported_curves = (uint32_t)1 << BR_EC_curve25519 | (uint32_t)1 << BR_EC_secp256r1 |
                        (uint32_t)1 << BR_EC_secp384r1 | (uint32_t)1 << BR_EC_secp521r1,
    .generator = generator,
    .order = order,
    .xoff = xoff,
    .mul = mul,
    .mulgen = mulgen,
    .muladd = muladd,
};

/* One implementation of each, the portable one: a check does not need the fastest. */
static void set_suites(br_ssl_engine_context *engine)
{
    static const uint16_t suites[] = {
        BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    };

    br_ssl_engine_set_suites(engine, suites, sizeof(suites) / sizeof(*suites));
    br_ssl_engine_set_gcm(engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
    br_ssl_engine_set_aes_ctr(engine, &br_aes_ct64_ctr_vtable);
    br_ssl_engine_set_ghash(engine, br_ghash_ctmul64);
    br_ssl_engine_set_chapol(engine, &br_sslrec_in_chapol_vtable, &br_sslrec_out_chapol_vtable);
    br_ssl_engine_set_chacha20(engine, br_chacha20_ct_run);
    br_ssl_engine_set_poly1305(engine, br_poly1305_ctmul_run);
    br_ssl_engine_set_cbc(engine, &br_sslrec_in_cbc_vtable, &br_sslrec_out_cbc_vtable);
    br_ssl_engine_set_aes_cbc(engine, &br_aes_ct64_cbcenc_vtable, &br_aes_ct64_cbcdec_vtable);
    br_ssl_engine_set_ec(engine, &curves);
    br_ssl_engine_set_ecdsa(engine, br_ecdsa_i31_vrfy_asn1);
    br_ssl_engine_set_rsavrfy(engine, br_rsa_i31_pkcs1_vrfy);
    br_ssl_engine_set_hash(engine, br_sha1_ID, &br_sha1_vtable);
    br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
    br_ssl_engine_set_prf_sha256(engine, br_tls12_sha256_prf);
    br_ssl_engine_set_prf_sha384(engine, br_tls12_sha384_prf);
}

static int receive(void *context, unsigned char *data, size_t size)
{
    ssize_t length = read(SERVER, data, size);

    (void)context;
    return length > 0 ? (int)length : -1;
}

static int dispatch(void *context, const unsigned char *data, size_t size)
{
    ssize_t length = write(SERVER, data, size);

    (void)context;
    return length > 0 ? (int)length : -1;
}

/* Up to the empty line: a GET has no body. */
static bool send_request(br_sslio_context *stream)
{
    char data[4096], end[sizeof(request_end) - 1] = "";
    ssize_t length;

    while (memcmp(end, request_end, sizeof(end)) != 0) {
        length = read(CLIENT, data, sizeof(data));
        if (length <= 0 || br_sslio_write_all(stream, data, (size_t)length) < 0)
            return false;
        for (ssize_t i = 0; i < length; i++) {
            memmove(end, end + 1, sizeof(end) - 1);
            end[sizeof(end) - 1] = data[i];
        }
    }
    return br_sslio_flush(stream) == 0;
}

static size_t pass_answer_back(br_sslio_context *stream)
{
    char data[4096];
    size_t all = 0;
    int length;

    while ((length = br_sslio_read(stream, data, sizeof(data))) > 0) {
        if (write(CLIENT, data, (size_t)length) != length)
            break;
        all += (size_t)length;
    }
    return all;
}

/* What the kubelet's Go might have agreed upon: TLS 1.3, an Ed25519 certificate. That the alerts say
 * the same of what Go has not either, such as DHE, cannot be helped. A server that has shown its
 * certificate had nothing against all that: it refuses for another reason, such as a client
 * certificate that it wants, and would refuse the kubelet, too. */
static bool is_unspoken(int error, const struct chain *chain)
{
    static const int refusals[] = {
        BR_ERR_RECV_FATAL_ALERT + BR_ALERT_HANDSHAKE_FAILURE,
        BR_ERR_RECV_FATAL_ALERT + BR_ALERT_PROTOCOL_VERSION,
        BR_ERR_RECV_FATAL_ALERT + BR_ALERT_INSUFFICIENT_SECURITY,
        BR_ERR_BAD_VERSION,
    };

    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
        if (error == refusals[i])
            return chain->certificates == 0;
    return false;
}

static int fail(int error, const struct chain *chain)
{
    if (is_unspoken(error, chain))
        return lc_ctl_fail("tls: " LC_TLS_HELPER_UNSPOKEN
                           ": version 1.2, a certificate of RSA or ECDSA, a key exchange of ECDHE");
    if (error >= BR_ERR_SEND_FATAL_ALERT)
        return lc_ctl_fail("tls: refused the server, with alert %d",
                           error - BR_ERR_SEND_FATAL_ALERT);
    if (error >= BR_ERR_RECV_FATAL_ALERT)
        return lc_ctl_fail("tls: refused by the server, with alert %d",
                           error - BR_ERR_RECV_FATAL_ALERT);
    if (error == BR_ERR_OK || error == BR_ERR_IO)
        return lc_ctl_fail("tls: the connection was closed");
    return lc_ctl_fail("tls: error %d of BearSSL", error);
}

int lc_ctl_tls(const struct lc_ctl_arguments *arguments)
{
    static br_ssl_client_context client;
    static unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
    static struct chain chain = {.vtable = &any_chain};
    br_sslio_context stream;

    (void)arguments;
    br_ssl_client_zero(&client);
    br_ssl_engine_set_versions(&client.eng, BR_TLS12, BR_TLS12);
    set_suites(&client.eng);
    br_ssl_engine_set_x509(&client.eng, &chain.vtable);
    br_ssl_engine_set_buffer(&client.eng, buffer, sizeof(buffer), 1);
    if (!br_ssl_client_reset(&client, NULL, 0))
        return fail(br_ssl_engine_last_error(&client.eng), &chain);
    br_sslio_init(&stream, &client.eng, receive, NULL, dispatch, NULL);
    if (!send_request(&stream) || pass_answer_back(&stream) == 0)
        return fail(br_ssl_engine_last_error(&client.eng), &chain);
    return 0;
}
