/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_BASE_CIDR_H
#define LC_BASE_CIDR_H

/* Blocks of IP addresses: "10.0.0.0/8", "fd00::/8", "192.0.2.7". All addresses are IPv6 ones here,
 * 16 bytes in network order, with IPv4 mapped to ::ffff:a.b.c.d (RFC 4291, 2.5.5.2): a server that
 * listens on [::] sees its IPv4 peers so, and one form is enough to compare. */

#include <stdbool.h>
#include <stdint.h>

enum { LC_ADDRESS_SIZE = 16, LC_ADDRESS_TEXT_MAX = 48 };

struct lc_cidr {
    uint8_t address[LC_ADDRESS_SIZE];
    uint8_t bits; /* 0 to 128; of an IPv4 block, 96 more than written */
};

/* Without "/N" the one address. Bits behind the prefix are no error. 0 or -EINVAL. */
int lc_cidr_parse(const char *text, struct lc_cidr *ret);
bool lc_cidr_holds(const struct lc_cidr *self, const uint8_t address[static LC_ADDRESS_SIZE]);

/* `v4` is in network order. */
void lc_address_map(uint8_t ret[static LC_ADDRESS_SIZE], uint32_t v4);
/* 127.0.0.0/8, mapped, or ::1 */
bool lc_address_is_loopback(const uint8_t address[static LC_ADDRESS_SIZE]);
/* "10.1.2.3", "[fd00::7]": as it stands before a port. Returns `buf`. */
const char *lc_address_format(const uint8_t address[static LC_ADDRESS_SIZE],
                              char buf[static LC_ADDRESS_TEXT_MAX]);

#endif
