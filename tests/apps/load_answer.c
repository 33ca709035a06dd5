/* SPDX-License-Identifier: Apache-2.0 */
#include "load_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void load_answer_init(struct load_answer *self, const char *target_header)
{
    self->state = LOAD_ANSWER_STATUS_LINE;
    self->status = 0;
    self->begun = false;
    self->keep_alive = true;
    self->chunked = self->sized = false;
    self->left = 0;
    self->target_header = target_header;
    self->target[0] = '\0';
    self->line_size = 0;
}

static bool parse_number(const char *text, int base, uint64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, base);
    return errno == 0 && end != text && text[0] != '-' && text[0] != '+';
}

/* "HTTP/1.1 200 OK" */
static enum load_answer_state read_status_line(struct load_answer *self)
{
    uint64_t status;

    if (strncmp(self->line, "HTTP/1.", 7) != 0 || !self->line[7] || self->line[8] != ' ')
        return LOAD_ANSWER_MALFORMED;
    if (!parse_number(self->line + 9, 10, &status) || status < 100 || status > 999)
        return LOAD_ANSWER_MALFORMED;
    self->status = (int)status;
    self->keep_alive = self->line[7] == '1';
    return LOAD_ANSWER_HEADER;
}

static enum load_answer_state begin_body(struct load_answer *self)
{
    if (self->status < 200) { /* an interim answer (100, 103): the real one follows */
        load_answer_init(self, self->target_header);
        self->begun = true;
        return LOAD_ANSWER_STATUS_LINE;
    }
    if (self->status == 204 || self->status == 304)
        return LOAD_ANSWER_COMPLETE;
    if (self->chunked)
        return LOAD_ANSWER_CHUNK_SIZE;
    if (self->sized)
        return self->left > 0 ? LOAD_ANSWER_BODY : LOAD_ANSWER_COMPLETE;
    self->keep_alive = false;
    return LOAD_ANSWER_BODY_TO_END;
}

/* A name of a host or the like: nothing that would have to be quoted where it is written. */
static void read_target(struct load_answer *self, const char *value)
{
    size_t size = strcspn(value, " \t\",");

    if (size > LOAD_TARGET_MAX)
        size = LOAD_TARGET_MAX;
    memcpy(self->target, value, size);
    self->target[size] = '\0';
}

static enum load_answer_state read_header(struct load_answer *self)
{
    char *colon, *value;

    if (self->line[0] == '\0')
        return begin_body(self);
    colon = strchr(self->line, ':');
    if (!colon)
        return LOAD_ANSWER_MALFORMED;
    *colon = '\0';
    value = colon + 1 + strspn(colon + 1, " \t");
    if (strcasecmp(self->line, "Content-Length") == 0) {
        self->sized = true;
        if (!parse_number(value, 10, &self->left))
            return LOAD_ANSWER_MALFORMED;
    } else if (strcasecmp(self->line, "Transfer-Encoding") == 0) {
        self->chunked = strcasecmp(value, "chunked") == 0;
        if (!self->chunked)
            return LOAD_ANSWER_MALFORMED; /* we asked for no other coding */
    } else if (strcasecmp(self->line, "Connection") == 0) {
        if (strcasestr(value, "close"))
            self->keep_alive = false;
    } else if (self->target_header && strcasecmp(self->line, self->target_header) == 0) {
        read_target(self, value);
    }
    return LOAD_ANSWER_HEADER;
}

static enum load_answer_state read_chunk_size(struct load_answer *self)
{
    if (!parse_number(self->line, 16, &self->left))
        return LOAD_ANSWER_MALFORMED;
    return self->left > 0 ? LOAD_ANSWER_CHUNK : LOAD_ANSWER_TRAILER;
}

static enum load_answer_state read_line(struct load_answer *self)
{
    switch (self->state) {
    case LOAD_ANSWER_STATUS_LINE:
        return read_status_line(self);
    case LOAD_ANSWER_HEADER:
        return read_header(self);
    case LOAD_ANSWER_CHUNK_SIZE:
        return read_chunk_size(self);
    case LOAD_ANSWER_CHUNK_LINE_END:
        return self->line[0] ? LOAD_ANSWER_MALFORMED : LOAD_ANSWER_CHUNK_SIZE;
    case LOAD_ANSWER_TRAILER:
        return self->line[0] ? LOAD_ANSWER_TRAILER : LOAD_ANSWER_COMPLETE;
    case LOAD_ANSWER_BODY:
    case LOAD_ANSWER_BODY_TO_END:
    case LOAD_ANSWER_CHUNK:
    case LOAD_ANSWER_COMPLETE:
    case LOAD_ANSWER_MALFORMED:
        break;
    }
    return LOAD_ANSWER_MALFORMED;
}

/* Takes bytes up to the end of the line, and acts on it once it is there. */
static size_t feed_line(struct load_answer *self, const char *data, size_t size)
{
    const char *newline = memchr(data, '\n', size);
    size_t taken = newline ? (size_t)(newline - data) + 1 : size;
    size_t text = newline ? taken - 1 : taken;

    if (self->line_size + text >= sizeof self->line) {
        self->state = LOAD_ANSWER_MALFORMED;
        return taken;
    }
    memcpy(self->line + self->line_size, data, text);
    self->line_size += text;
    if (!newline)
        return taken;
    if (self->line_size > 0 && self->line[self->line_size - 1] == '\r')
        self->line_size--;
    self->line[self->line_size] = '\0';
    self->line_size = 0;
    self->state = read_line(self);
    return taken;
}

static size_t feed_body(struct load_answer *self, size_t size)
{
    size_t taken = size < self->left ? size : (size_t)self->left;

    self->left -= taken;
    if (self->left == 0)
        self->state =
            self->state == LOAD_ANSWER_BODY ? LOAD_ANSWER_COMPLETE : LOAD_ANSWER_CHUNK_LINE_END;
    return taken;
}

void load_answer_feed(struct load_answer *self, const char *data, size_t size)
{
    size_t taken;

    if (size > 0)
        self->begun = true;
    for (; size > 0; data += taken, size -= taken) {
        switch (self->state) {
        case LOAD_ANSWER_BODY:
        case LOAD_ANSWER_CHUNK:
            taken = feed_body(self, size);
            break;
        case LOAD_ANSWER_BODY_TO_END:
            taken = size;
            break;
        case LOAD_ANSWER_COMPLETE:
        case LOAD_ANSWER_MALFORMED:
            self->keep_alive = false;
            return;
        case LOAD_ANSWER_STATUS_LINE:
        case LOAD_ANSWER_HEADER:
        case LOAD_ANSWER_CHUNK_SIZE:
        case LOAD_ANSWER_CHUNK_LINE_END:
        case LOAD_ANSWER_TRAILER:
        default:
            taken = feed_line(self, data, size);
            break;
        }
    }
}

void load_answer_end(struct load_answer *self)
{
    if (self->state == LOAD_ANSWER_BODY_TO_END)
        self->state = LOAD_ANSWER_COMPLETE;
}
