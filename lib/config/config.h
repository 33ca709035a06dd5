/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LC_CONFIG_CONFIG_H
#define LC_CONFIG_CONFIG_H

/*
 * The configuration: options > environment (LASTCALL_...) > file > defaults.
 *
 * Every key has one row in the table of keys (keys.c): name, type, unit, default, bounds, help.
 * The parser, --help, the JSON schema and the man page's table all come from it.
 */

#include "base/cidr.h"
#include "core/lifecycle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum lc_platform { LC_PLATFORM_PLAIN, LC_PLATFORM_KUBERNETES, LC_PLATFORM_ECS, LC_PLATFORM_COUNT };

enum lc_stop_target { LC_STOP_TARGET_PROCESS, LC_STOP_TARGET_GROUP, LC_STOP_TARGET_COUNT };

/* What counts as an arrival in the window. */
enum lc_arrival {
    LC_ARRIVAL_ANY,        /* a new connection, or peer's data on an older one */
    LC_ARRIVAL_CONNECTION, /* new connections alone */
    LC_ARRIVAL_COUNT
};

/* ms, all: see struct lc_policy. */
struct lc_window {
    uint64_t min, quiet, max;
};

struct lc_drain {
    bool wait_for_idle;
    uint64_t timeout; /* ms */
    uint64_t idle;    /* ms: data that moved within it means that a connection is in flight */
};

/* What happens to a signal that is no stop signal; 1..64 rewrites it to that number. */
enum { LC_SIGNAL_FORWARD = 0, LC_SIGNAL_DROP = -1, LC_SIGNAL_RELOAD = -2 };

enum lc_hook_action {
    LC_HOOK_EXEC,
    LC_HOOK_HTTP_GET,
    LC_HOOK_SIGNAL,
    LC_HOOK_SLEEP,
    LC_HOOK_ACTION_COUNT
};

struct lc_header {
    char *name, *value;
};

struct lc_hook {
    enum lc_hook_action action;
    uint64_t timeout; /* ms */
    char **command;   /* EXEC; ends with NULL */
    char *host;       /* HTTP_GET: an IP address or "localhost"; never NULL there */
    char *path;
    uint16_t port;
    struct lc_header *headers;
    size_t header_count;
    int signal;     /* SIGNAL: to the process */
    uint64_t sleep; /* SLEEP: ms */
};

enum lc_check_kind { LC_CHECK_STARTUP, LC_CHECK_READINESS, LC_CHECK_LIVENESS, LC_CHECK_KIND_COUNT };

enum lc_probe_action {
    LC_PROBE_EXEC,
    LC_PROBE_HTTP_GET,
    LC_PROBE_TCP_SOCKET,
    LC_PROBE_ACTION_COUNT
};

enum lc_scheme { LC_SCHEME_HTTP, LC_SCHEME_HTTPS, LC_SCHEME_COUNT };

/* A check as a pod's container has it (core/v1 Probe). */
struct lc_probe {
    enum lc_probe_action action;
    char **command; /* EXEC; ends with NULL */
    char *host; /* HTTP_GET, TCP_SOCKET: an IP address or "localhost"; NULL: wherever we listen */
    uint16_t port;
    char *path; /* HTTP_GET, and all that follow */
    enum lc_scheme scheme;
    struct lc_header *headers;
    size_t header_count;
    uint64_t initial_delay, period, timeout; /* ms */
    uint64_t threshold[2];                   /* in a row: [true] successes, [false] failures */
};

struct lc_process_config {
    char *name;
    char **command;  /* ends with NULL; at least one word; NULL in a sidecar */
    int stop_signal; /* 0: the main process gets the signal that lastcall got, others SIGTERM */
    uint64_t stop_timeout; /* ms; LC_NEVER: what is left of the budget */
    enum lc_stop_target stop_target;
    uint16_t *ports;
    size_t port_count;
    bool ports_set; /* `ports: []` says that it serves nobody; without `ports` it is not known */
    bool reset_signals;                        /* a clean slate: nothing blocked, nothing ignored */
    struct lc_hook *hooks[LC_HOOK_KIND_COUNT]; /* by enum lc_hook_kind */
    size_t hook_count[LC_HOOK_KIND_COUNT];
    struct lc_probe *probe[LC_CHECK_KIND_COUNT]; /* by enum lc_check_kind; NULL: none */
    size_t probe_count[LC_CHECK_KIND_COUNT];     /* 0 or 1 */
};

struct lc_exit_code_map {
    int16_t code[256];                 /* by exit code; -1: unchanged */
    int16_t outcome[LC_OUTCOME_COUNT]; /* by outcome, where the code has no entry; -1: unchanged */
};

struct lc_config {
    enum lc_platform platform;
    char *file;   /* NULL: none */
    bool sidecar; /* no process is ours: `process` tells of those in the containers beside us */

    uint64_t grace, margin;  /* ms */
    struct lc_window window; /* cut to fit where it was not set */
    enum lc_arrival arrivals;
    enum lc_readiness readiness;
    uint64_t stop_on;                   /* bit N-1: signal N begins a shutdown */
    uint8_t second[LC_SIGNALS_MAX + 1]; /* enum lc_second by signal */
    uint64_t leftover_timeout;          /* ms */
    struct lc_drain drain;
    struct lc_cidr *ignore_from; /* peers that do not count */
    size_t ignore_from_count;
    struct lc_exit_code_map exit_codes;
    int8_t signals[LC_SIGNALS_MAX + 1]; /* LC_SIGNAL_* or a number */
    int parent_death_signal;            /* 0: none */

    char **listen;   /* as written: ":9909", "127.0.0.1:80", "[::1]:9909", "unix:/run/x"; ends with
                      NULL; empty: off */
    bool listen_set; /* false: the default; where that address is taken it is a warning, not 125 */

    bool prestop;        /* /prestop is served */
    char *prestop_token; /* of its header; NULL: whoever asks may */

    char *termination_message; /* a file; NULL: none */
    char *state_dir;           /* NULL: none */

    int log_format; /* enum lc_log_format (base/log.h) */
    int log_level;  /* enum lc_log_level */

    struct lc_process_config *process; /* `process_count` of them: one, so far */
    size_t process_count;

    /* One sentence for the first log line: which platform's defaults were taken and why, and what
     * was cut to fit ("in a pod (KUBERNETES_SERVICE_HOST is set): grace 10s, window cut from 5s to
     * ..."). Never NULL. */
    char *why;
};

/* One thing wrong, in a form that a person can act on. */
struct lc_config_error {
    char *where; /* "FILE:LINE:COLUMN", "--option", "LASTCALL_X"; never NULL */
    char *path;  /* "shutdown.propagation.min"; NULL where none applies */
    char *text;  /* what was found and what is accepted; never NULL */
};

struct lc_config_errors {
    struct lc_config_error *list;
    size_t count;
    bool incomplete; /* memory ran out, or there were more than LC_CONFIG_ERRORS_MAX */
};

enum { LC_CONFIG_ERRORS_MAX = 100 };

/* What the command line asks for besides a configuration. */
enum lc_cli { LC_CLI_RUN, LC_CLI_HELP, LC_CLI_VERSION };

/*
 * Reads the command line `argv` (ends with NULL), the environment `envp` and the file they name.
 * Options end at the first word that is none, or after "--".
 *
 * Returns 0 with *ret (lc_config_free() it) and *ret_cli; where that is not LC_CLI_RUN, *ret is
 * NULL. Otherwise -EINVAL, and `errors` says what is wrong, all of it; -ENOMEM. `warnings` gets
 * what is odd but harmless (an unknown LASTCALL_ variable). Both are the caller's, zeroed before,
 * freed with lc_config_errors_deinit().
 *
 * For a reload the same again; lc_config_fixed_differences() then says what stands against it.
 */
int lc_config_load(char *const *argv, char *const *envp, struct lc_config **ret,
                   enum lc_cli *ret_cli, struct lc_config_errors *errors,
                   struct lc_config_errors *warnings);

void lc_config_free(struct lc_config *self);
void lc_config_errors_deinit(struct lc_config_errors *self);

/* `FILE:12:3: shutdown.margin: found "fast"; accepted: a duration such as 500ms, 5s or 2m` into
 * `buf`, which is returned. */
const char *lc_config_error_format(const struct lc_config_error *self, char *buf, size_t size);

/* What differs between the running configuration and a new one and cannot change while running:
 * writes the keys' paths, separated by ", ", into `buf`; returns how many. */
size_t lc_config_fixed_differences(const struct lc_config *running, const struct lc_config *fresh,
                                   char *buf, size_t size);

/* The lifecycle's policy that this configuration means. */
void lc_config_policy(const struct lc_config *self, struct lc_policy *ret);

/* The exit code after `exitCodes`. */
uint8_t lc_config_exit_code(const struct lc_config *self, uint8_t code, enum lc_outcome outcome);

/* "startup", "readiness", "liveness". */
const char *lc_check_kind_name(enum lc_check_kind kind);

/* "plain", "kubernetes", "ecs". */
const char *lc_platform_name(enum lc_platform platform);

/* From the table of keys. Return 0 or -errno of the stream. */
int lc_config_print_help(FILE *out);
int lc_config_print_schema(FILE *out);
/* In mdoc(7). For lastcall.yaml(5) all keys as a list, from .Bl to .El; for lastcall(1) the items of
 * a list, one for each option that is a key's second name. */
int lc_config_print_man_table(FILE *out);
int lc_config_print_man_options(FILE *out);

#endif
