/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LASTCALLCTL_TLS_CURVES_H
#define LASTCALLCTL_TLS_CURVES_H

#include <bearssl.h>

/* X25519 and NIST's three curves, as br_ec_all_m31 has them, without that one's second, faster P-256:
 * one handshake a check needs no more than the smaller code. */
extern const br_ec_impl lc_tls_curves;

#endif
