/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "json_check.h"
#include "tap.h"

#include <inttypes.h>

enum { ROOM = 1024, GUARD = 16 };

/* A buffer of `size` bytes whose surroundings are watched; on the heap, so that sanitizers do, too. */
struct page {
    char *bytes;
    size_t size;
    struct lc_json json;
};

static void page_open(struct page *self, size_t size)
{
    self->bytes = malloc(size + GUARD);
    if (!self->bytes)
        abort();
    self->size = size;
    memset(self->bytes, 0x5a, size + GUARD);
    lc_json_init(&self->json, self->bytes, size);
}

/* The text, valid until page_close(). */
static const char *page_finish(struct page *self)
{
    size_t len = lc_json_finish(&self->json);

    for (size_t i = self->size; i < self->size + GUARD; i++)
        CHECK_INT(self->bytes[i], 0x5a);
    if (!self->size) {
        CHECK_INT(len, 0);
        return "";
    }
    CHECK(len < self->size);
    CHECK_INT(strlen(self->bytes), len);
    return self->bytes;
}

static void page_close(struct page *self)
{
    free(self->bytes);
}

static void an_object_has_its_commas(void)
{
    struct page page;

    page_open(&page, ROOM);
    lc_json_object_begin(&page.json, NULL);
    lc_json_string(&page.json, "s", "x");
    lc_json_int(&page.json, "i", INT64_MIN);
    lc_json_array_begin(&page.json, "a");
    lc_json_int(&page.json, NULL, 1);
    lc_json_bool(&page.json, NULL, true);
    lc_json_array_begin(&page.json, NULL);
    lc_json_end(&page.json);
    lc_json_end(&page.json);
    lc_json_object_begin(&page.json, "o");
    lc_json_bool(&page.json, "b", false);
    lc_json_end(&page.json);
    lc_json_null(&page.json, "n");
    lc_json_seconds(&page.json, "t", 61005);
    lc_json_end(&page.json);
    CHECK_STR(page_finish(&page), "{\"s\":\"x\",\"i\":-9223372036854775808,\"a\":[1,true,[]],"
                                  "\"o\":{\"b\":false},\"n\":null,\"t\":61.005}");
    CHECK(!page.json.truncated);
    page_close(&page);
}

static void finish_closes_what_is_open(void)
{
    struct page page;

    page_open(&page, ROOM);
    lc_json_object_begin(&page.json, NULL);
    lc_json_array_begin(&page.json, "a");
    lc_json_object_begin(&page.json, NULL);
    CHECK_STR(page_finish(&page), "{\"a\":[{}]}");
    page_close(&page);
}

static void an_end_too_many_is_ignored(void)
{
    struct page page;

    page_open(&page, ROOM);
    lc_json_object_begin(&page.json, NULL);
    lc_json_end(&page.json);
    lc_json_end(&page.json);
    CHECK_STR(page_finish(&page), "{}");
    page_close(&page);
}

static void what_is_deeper_than_64_brackets_is_left_out(void)
{
    struct page page;
    const char *text;

    page_open(&page, ROOM);
    for (unsigned i = 0; i < 100; i++)
        lc_json_array_begin(&page.json, NULL);
    lc_json_int(&page.json, NULL, 1);
    for (unsigned i = 0; i < 36; i++)
        lc_json_end(&page.json);
    lc_json_int(&page.json, NULL, 2); /* back in the 64th */
    text = page_finish(&page);
    CHECK(page.json.truncated);
    CHECK_INT(strlen(text), 64 + 1 + 64);
    CHECK_INT(text[64], '2');
    CHECK(json_valid(text));
    page_close(&page);
}

static const char *quoted(const char *value)
{
    static char text[ROOM];
    struct lc_json json;

    lc_json_init(&json, text, sizeof(text));
    lc_json_string(&json, NULL, value);
    lc_json_finish(&json);
    return text;
}

static void control_characters_quotes_and_backslashes_are_escaped(void)
{
    CHECK_STR(quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
    CHECK_STR(quoted("\n\t\r\x1b[31m\x7f"), "\"\\n\\t\\u000d\\u001b[31m\\u007f\"");
    CHECK_STR(quoted("\xc2\x9b[\xc2\x9f[\xc2\xa0"), "\"\\u009b[\\u009f[\xc2\xa0\"");
}

static void valid_utf8_stays_as_it_is(void)
{
    static const char *const texts[] = {
        "\xc2\xa0",         "\xdf\xbf",           "\xe0\xa0\x80",     "\xed\x9f\xbf",
        "\xee\x80\x80",     "\xef\xbf\xbf",       "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf",
        "\xf4\x8f\xbf\xbf", "gr\xc3\xbc\xc3\x9f",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char expected[32];

        snprintf(expected, sizeof(expected), "\"%s\"", texts[i]);
        CHECK_STR(quoted(texts[i]), expected);
    }
}

static void overlong_forms_surrogates_and_stray_bytes_become_the_replacement_character(void)
{
#define FFFD "\xef\xbf\xbd"
    CHECK_STR(quoted("\xc0\x80"), "\"" FFFD FFFD "\"");
    CHECK_STR(quoted("\xc1\xbf"), "\"" FFFD FFFD "\"");
    CHECK_STR(quoted("\xe0\x9f\xbf"), "\"" FFFD FFFD FFFD "\"");
    CHECK_STR(quoted("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\"");
    CHECK_STR(quoted("\xf0\x8f\xbf\xbf"), "\"" FFFD FFFD FFFD FFFD "\"");
    CHECK_STR(quoted("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"");
    CHECK_STR(quoted("\xf5\x80\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"");
    CHECK_STR(quoted("\xff"), "\"" FFFD "\"");
    CHECK_STR(quoted("\x80z"), "\"" FFFD "z\"");
    CHECK_STR(quoted("\xc3(\xa9"), "\"" FFFD "(" FFFD "\"");
}

static void a_sequence_cut_off_by_the_end_of_the_string_is_not_read_past(void)
{
    static const char *const texts[] = {"\xc3", "\xe2",     "\xe2\x80",
                                        "\xf0", "\xf0\x9f", "\xf0\x9f\x98"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char *exact = strdup(texts[i]); /* on the heap: sanitizers see the byte after it */

        CHECK(exact && json_valid(quoted(exact)));
        CHECK(strstr(quoted(exact), FFFD));
        free(exact);
    }
}

/* All first and second bytes, which decide, and the bounds of those that follow. */
static void utf8_is_judged_as_a_decoder_judges_it(void)
{
    static const unsigned char tails[] = {'z', 0x7f, 0x80, 0xbf, 0xc0, 0xff};
    enum { TAILS = sizeof(tails) };

    for (unsigned start = 0x100; start < 0x10000; start++) {
        for (unsigned k = 0; k < (start < 0xe000 ? 1 : TAILS * TAILS); k++) {
            char text[] = {(char)(start >> 8), (char)start, (char)tails[k % TAILS],
                           (char)tails[k / TAILS], '\0'};
            const char *at = text;
            bool valid = true;

            while (*at && valid)
                valid = utf8_valid(&at);
            if (!json_valid(quoted(text)) || (strstr(quoted(text), FFFD) != NULL) == valid) {
                printf("# %04x %02x %02x: %s\n", start, text[2], text[3], quoted(text));
                CHECK(false);
                return;
            }
        }
    }
}

/* Members as they are alone, to predict what a small buffer can hold of them. */
static const char *const member_texts[] = {
    "\"a\":1",
    "\"long\":\"0123456789012345678901234567890123456789\"",
    "\"e\":\"\\\"\\u0001\\n\"",
    "\"u\":\"\xe2\x82\xac\xe2\x82\xac\"",
    "\"b\":false",
    "\"t\":12.345",
    "\"n\":null",
};

static void write_members(struct lc_json *json)
{
    lc_json_object_begin(json, NULL);
    lc_json_int(json, "a", 1);
    lc_json_string(json, "long", "0123456789012345678901234567890123456789");
    lc_json_string(json, "e", "\"\x01\n");
    lc_json_string(json, "u", "\xe2\x82\xac\xe2\x82\xac");
    lc_json_bool(json, "b", false);
    lc_json_seconds(json, "t", 12345);
    lc_json_null(json, "n");
}

static void a_member_is_written_whole_or_not_at_all_whatever_the_size(void)
{
    for (size_t size = 0; size < 160; size++) {
        char expected[256] = "";
        bool all = true, object = size >= sizeof("{}");
        struct page page;

        if (object)
            strcpy(expected, "{");
        for (size_t i = 0; i < sizeof(member_texts) / sizeof(member_texts[0]); i++) {
            const char *comma = strlen(expected) > 1 ? "," : "";
            bool fits =
                object &&
                strlen(expected) + strlen(comma) + strlen(member_texts[i]) + sizeof("}") <= size;

            all = all && fits;
            if (fits)
                strcat(strcat(expected, comma), member_texts[i]);
        }
        if (object)
            strcat(expected, "}");
        page_open(&page, size);
        write_members(&page.json);
        CHECK_STR(page_finish(&page), expected);
        CHECK(page.json.truncated == !all);
        page_close(&page);
    }
}

static uint64_t next_random(uint64_t *state) /* xorshift64: Marsaglia, Xorshift RNGs, 2003 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void random_string(uint64_t *state, char buf[static 24])
{
    size_t len = next_random(state) % 23;

    for (size_t i = 0; i < len; i++)
        buf[i] = (char)(next_random(state) % 255 + 1);
    buf[len] = '\0';
}

/* `arrays`: what is open by the caller's count, written or left out; keys are for objects only. */
static void random_document(struct lc_json *json, uint64_t *state)
{
    bool arrays[80] = {false};
    unsigned depth = 1;

    lc_json_object_begin(json, NULL);
    for (unsigned step = 0; step < 60; step++) {
        char key_text[24], text[24];
        const char *key = arrays[depth - 1] ? NULL : key_text;
        uint64_t what = next_random(state) % 8;

        random_string(state, key_text);
        random_string(state, text);
        if (what < 2) {
            arrays[depth++] = what;
            what ? lc_json_array_begin(json, key) : lc_json_object_begin(json, key);
        } else if (what == 2 && depth > 1) {
            depth--;
            lc_json_end(json);
        } else if (what < 5) {
            lc_json_int(json, key, (int64_t)next_random(state));
        } else {
            lc_json_string(json, key, text);
        }
    }
}

static void any_document_in_any_buffer_is_valid_json(void)
{
    uint64_t state = UINT64_C(0x2545f4914f6cdd1d);

    for (unsigned round = 0; round < 20000; round++) {
        uint64_t seed = state;
        size_t size = next_random(&state) % (round % 2 ? 64 : 2048);
        struct page page;
        const char *text;

        page_open(&page, size);
        random_document(&page.json, &state);
        text = page_finish(&page);
        if (size < sizeof("{}") ? *text != '\0' : !json_valid(text)) {
            printf("# seed %#" PRIx64 ", size %zu: %s\n", seed, size, text);
            CHECK(false);
        }
        page_close(&page);
    }
}

int main(void)
{
    TEST(an_object_has_its_commas);
    TEST(finish_closes_what_is_open);
    TEST(an_end_too_many_is_ignored);
    TEST(what_is_deeper_than_64_brackets_is_left_out);
    TEST(control_characters_quotes_and_backslashes_are_escaped);
    TEST(valid_utf8_stays_as_it_is);
    TEST(overlong_forms_surrogates_and_stray_bytes_become_the_replacement_character);
    TEST(a_sequence_cut_off_by_the_end_of_the_string_is_not_read_past);
    TEST(utf8_is_judged_as_a_decoder_judges_it);
    TEST(a_member_is_written_whole_or_not_at_all_whatever_the_size);
    TEST(any_document_in_any_buffer_is_valid_json);
    return tap_done();
}
