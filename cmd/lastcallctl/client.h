/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CTL_CLIENT_H
#define LC_CTL_CLIENT_H

#include "reply.h"

#include "drive/address.h"

/*
 * Asks a running lastcall: the one of this container, over its control socket, or the one that
 * listens on an address. Every request is a connection of its own.
 */

enum {
    LC_ANSWER_MAX = 32 * 1024, /* twice lastcall's longest body */
    LC_ANSWER_MSEC = 5000,     /* what lastcall itself gives a request */
};

struct lc_target {
    struct lc_address address;
    char name[128]; /* as people know it: "@lastcall-4026531841", "127.0.0.1:9909" */
    bool control;
};

struct lc_answer {
    struct lc_reply reply;
    char bytes[LC_ANSWER_MAX];
};

/* `address` as lastcall's --listen takes it; NULL: the control socket. 0; -errno, and why was
 * printed. */
int lc_target_init(struct lc_target *ret, const char *address);

/* 0, whatever status the answer has; -ECONNREFUSED: nobody listens there; -EACCES: it answers
 * another user; -ETIMEDOUT: nobody answers; -EBADMSG: somebody else does; another -errno. */
int lc_target_ask(const struct lc_target *self, const char *method, const char *path,
                  struct lc_answer *ret);

/* Says on stderr what came of lc_target_ask(); returns LC_CTL_FAILED. */
int lc_target_fail(const struct lc_target *self, int error);

/* The commands' options, by their place in their rows. */
enum lc_status_option { LC_STATUS_WATCH, LC_STATUS_JSON, LC_STATUS_ADDRESS };
enum lc_ready_option { LC_READY_ADDRESS };
enum lc_drain_option { LC_DRAIN_WAIT, LC_DRAIN_TIMEOUT, LC_DRAIN_UNDO };

#endif
