/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_TESTS_UNIT_JSON_CHECK_H
#define LC_TESTS_UNIT_JSON_CHECK_H

/* Whether a text is one JSON value, as strictly as RFC 8259 has it, in UTF-8 as RFC 3629 has it. It
 * shares nothing with base/json.c, least of all its way to look at UTF-8: here it is decoded. */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct json_check {
    const char *at;
};

__attribute__((unused)) static bool utf8_valid(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    unsigned more = p[0] < 0x80       ? 0
                    : p[0] >> 5 == 6  ? 1
                    : p[0] >> 4 == 14 ? 2
                    : p[0] >> 3 == 30 ? 3
                                      : 4;
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint32_t c = more ? p[0] & (0x3fU >> more) : p[0];

    if (more == 4)
        return false;
    for (unsigned i = 1; i <= more; i++) {
        if (p[i] >> 6 != 2)
            return false;
        c = c << 6 | (p[i] & 0x3f);
    }
    *at += more + 1;
    return c >= least[more] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

__attribute__((unused)) static bool json_check_string(struct json_check *self)
{
    if (*self->at++ != '"')
        return false;
    while (*self->at != '"') {
        if ((unsigned char)*self->at < 0x20)
            return false;
        if (*self->at != '\\') {
            if (!utf8_valid(&self->at))
                return false;
        } else if (self->at[1] == 'u') {
            if (strspn(self->at + 2, "0123456789abcdefABCDEF") < 4)
                return false;
            self->at += 6;
        } else if (self->at[1] && strchr("\"\\/bfnrt", self->at[1])) {
            self->at += 2;
        } else {
            return false;
        }
    }
    self->at++;
    return true;
}

__attribute__((unused)) static bool json_check_number(struct json_check *self)
{
    static const char digits[] = "0123456789";
    size_t whole;

    self->at += *self->at == '-';
    whole = strspn(self->at, digits);
    if (whole == 0 || (*self->at == '0' && whole > 1))
        return false;
    self->at += whole;
    if (*self->at != '.')
        return true;
    self->at++;
    whole = strspn(self->at, digits);
    self->at += whole;
    return whole > 0;
}

__attribute__((unused)) static bool json_check_value(struct json_check *self);

__attribute__((unused)) static bool json_check_bracket(struct json_check *self)
{
    char close = *self->at++ == '{' ? '}' : ']';

    if (*self->at == close) {
        self->at++;
        return true;
    }
    for (;;) {
        if (close == '}' && (!json_check_string(self) || *self->at++ != ':'))
            return false;
        if (!json_check_value(self))
            return false;
        if (*self->at == close)
            break;
        if (*self->at++ != ',')
            return false;
    }
    self->at++;
    return true;
}

__attribute__((unused)) static bool json_check_value(struct json_check *self)
{
    static const char *const words[] = {"true", "false", "null"};

    if (*self->at == '"')
        return json_check_string(self);
    if (*self->at == '{' || *self->at == '[')
        return json_check_bracket(self);
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(words[i]);

        if (!strncmp(self->at, words[i], len)) {
            self->at += len;
            return true;
        }
    }
    return json_check_number(self);
}

/* A value and nothing else: base/json.c writes no white space. */
__attribute__((unused)) static bool json_valid(const char *text)
{
    struct json_check check = {.at = text};

    return json_check_value(&check) && *check.at == '\0';
}

#endif
