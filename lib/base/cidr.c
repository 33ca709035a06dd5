/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cidr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAPPED_BYTES = 12, MAPPED_BITS = 8 * MAPPED_BYTES, BITS_MAX = 8 * LC_ADDRESS_SIZE };

static const uint8_t mapped_prefix[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

void lc_address_map(uint8_t ret[static LC_ADDRESS_SIZE], uint32_t v4)
{
    memcpy(ret, mapped_prefix, sizeof mapped_prefix);
    memcpy(ret + sizeof mapped_prefix, &v4, sizeof v4);
}

static bool is_mapped(const uint8_t address[static LC_ADDRESS_SIZE])
{
    return memcmp(address, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool lc_address_is_loopback(const uint8_t address[static LC_ADDRESS_SIZE])
{
    static const uint8_t v6[LC_ADDRESS_SIZE] = {[15] = 1};

    if (is_mapped(address))
        return address[MAPPED_BYTES] == 127;
    return memcmp(address, v6, sizeof v6) == 0;
}

const char *lc_address_format(const uint8_t address[static LC_ADDRESS_SIZE],
                              char buf[static LC_ADDRESS_TEXT_MAX])
{
    bool v4 = is_mapped(address);
    char text[INET6_ADDRSTRLEN];

    inet_ntop(v4 ? AF_INET : AF_INET6, address + (v4 ? MAPPED_BYTES : 0), text, sizeof text);
    snprintf(buf, LC_ADDRESS_TEXT_MAX, v4 ? "%s" : "[%s]", text);
    return buf;
}

/* Digits only: strtoul(3) would take signs and spaces too. -1: no number up to `max`. */
static int parse_bits(const char *text, int max)
{
    int bits = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || bits > max)
            return -1;
        bits = bits * 10 + (*text - '0');
    }
    return bits <= max ? bits : -1;
}

int lc_cidr_parse(const char *text, struct lc_cidr *ret)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    int bits, first = 0;
    uint32_t v4;

    *ret = (struct lc_cidr){.bits = 0};
    if (length >= sizeof address)
        return -EINVAL;
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(AF_INET, address, &v4) == 1) {
        lc_address_map(ret->address, v4);
        first = MAPPED_BITS;
    } else if (inet_pton(AF_INET6, address, ret->address) != 1) {
        return -EINVAL;
    }
    bits = slash ? parse_bits(slash + 1, BITS_MAX - first) : BITS_MAX - first;
    if (bits < 0)
        return -EINVAL;
    ret->bits = (uint8_t)(first + bits);
    return 0;
}

bool lc_cidr_holds(const struct lc_cidr *self, const uint8_t address[static LC_ADDRESS_SIZE])
{
    size_t whole = self->bits / 8, rest = self->bits % 8;

    if (memcmp(self->address, address, whole) != 0)
        return false;
    return rest == 0 || (self->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}
