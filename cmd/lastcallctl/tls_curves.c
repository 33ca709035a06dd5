/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_curves.h"

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

const br_ec_impl lc_tls_curves = {
    .supported_curves = (uint32_t)1 << BR_EC_curve25519 | (uint32_t)1 << BR_EC_secp256r1 |
                        (uint32_t)1 << BR_EC_secp384r1 | (uint32_t)1 << BR_EC_secp521r1,
    .generator = generator,
    .order = order,
    .xoff = xoff,
    .mul = mul,
    .mulgen = mulgen,
    .muladd = muladd,
};
