/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include "base/log.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define HELD_BY(choices, count) \
    static_assert(sizeof(choices) / sizeof((choices)[0]) == (count) + 1, "a name for each value")

static const char *const readiness_choices[] = {
    [LC_READINESS_FLIP] = "flip",
    [LC_READINESS_AFTER_WINDOW] = "after-window",
    [LC_READINESS_HOLD] = "hold",
    [LC_READINESS_COUNT] = NULL,
};
HELD_BY(readiness_choices, LC_READINESS_COUNT);

const char *const lc_second_choices[] = {
    [LC_SECOND_IGNORE] = "ignore",
    [LC_SECOND_HURRY] = "hurry",
    [LC_SECOND_KILL] = "kill",
    [LC_SECOND_COUNT] = NULL,
};
HELD_BY(lc_second_choices, LC_SECOND_COUNT);

const char *const lc_outcome_choices[] = {
    [LC_OUTCOME_STOPPED] = "stopped",
    [LC_OUTCOME_FORCED] = "forced",
    [LC_OUTCOME_CRASHED] = "crashed",
    [LC_OUTCOME_COUNT] = NULL,
};
HELD_BY(lc_outcome_choices, LC_OUTCOME_COUNT);

static const char *const arrivals_choices[] = {
    [LC_ARRIVAL_ANY] = "all",
    [LC_ARRIVAL_CONNECTION] = "connections",
    [LC_ARRIVAL_COUNT] = NULL,
};
HELD_BY(arrivals_choices, LC_ARRIVAL_COUNT);

static const char *const stop_target_choices[] = {
    [LC_STOP_TARGET_PROCESS] = "process",
    [LC_STOP_TARGET_GROUP] = "group",
    [LC_STOP_TARGET_COUNT] = NULL,
};
HELD_BY(stop_target_choices, LC_STOP_TARGET_COUNT);

static const char *const log_format_choices[] = {
    [LC_LOG_AUTO] = "auto",
    [LC_LOG_JSON] = "json",
    [LC_LOG_TEXT] = "text",
    [LC_LOG_FORMAT_COUNT] = NULL,
};
HELD_BY(log_format_choices, LC_LOG_FORMAT_COUNT);

static const char *const log_level_choices[] = {
    [LC_LOG_DEBUG] = "debug", [LC_LOG_INFO] = "info",      [LC_LOG_WARN] = "warn",
    [LC_LOG_ERROR] = "error", [LC_LOG_LEVEL_COUNT] = NULL,
};
HELD_BY(log_level_choices, LC_LOG_LEVEL_COUNT);

const char *const lc_hook_actions[] = {
    [LC_HOOK_EXEC] = "exec",   [LC_HOOK_HTTP_GET] = "httpGet", [LC_HOOK_SIGNAL] = "signal",
    [LC_HOOK_SLEEP] = "sleep", [LC_HOOK_ACTION_COUNT] = NULL,
};
HELD_BY(lc_hook_actions, LC_HOOK_ACTION_COUNT);

const char *const lc_probe_actions[] = {
    [LC_PROBE_EXEC] = "exec",
    [LC_PROBE_HTTP_GET] = "httpGet",
    [LC_PROBE_TCP_SOCKET] = "tcpSocket",
    [LC_PROBE_ACTION_COUNT] = NULL,
};
HELD_BY(lc_probe_actions, LC_PROBE_ACTION_COUNT);

static const char *const scheme_choices[] = {
    [LC_SCHEME_HTTP] = "HTTP",
    [LC_SCHEME_HTTPS] = "HTTPS",
    [LC_SCHEME_COUNT] = NULL,
};
HELD_BY(scheme_choices, LC_SCHEME_COUNT);

/* A choice is written through an int. */
static_assert(sizeof(enum lc_readiness) == sizeof(int) && sizeof(enum lc_arrival) == sizeof(int) &&
                  sizeof(enum lc_stop_target) == sizeof(int) &&
                  sizeof(enum lc_scheme) == sizeof(int),
              "an enum is as large as an int");

#define COMMAND_LINE(member) \
    .scope = LC_SCOPE_COMMAND_LINE, .offset = offsetof(struct lc_command_line, member)
#define ROOT(member) .scope = LC_SCOPE_ROOT, .offset = offsetof(struct lc_config, member)
#define PROCESS(member) \
    .scope = LC_SCOPE_PROCESS, .offset = offsetof(struct lc_process_config, member)
#define HOOK(member)   .scope = LC_SCOPE_HOOK, .offset = offsetof(struct lc_hook, member)
#define PROBE(member)  .scope = LC_SCOPE_PROBE, .offset = offsetof(struct lc_probe, member)
#define HEADER(member) .scope = LC_SCOPE_HEADER, .offset = offsetof(struct lc_header, member)

#define DEFAULT(text) .standard = {(text), (text), (text)}
#define DEFAULTS(plain, pod, ecs)                  \
    .standard = {[LC_PLATFORM_PLAIN] = (plain),    \
                 [LC_PLATFORM_KUBERNETES] = (pod), \
                 [LC_PLATFORM_ECS] = (ecs)}
static_assert(LC_PLATFORM_COUNT == 3, "a default for each platform");

/* Longer than any platform waits, and short enough that no sum of times overflows. */
#define TIME_MAX UINT64_C(604800000) /* a week */

/* One of a process's checks: they differ in what they decide, not in their keys. */
#define CHECK(kind)                                                                            \
    PROCESS(probe[kind]), .type = LC_TYPE_OBJECT, .items = LC_SCOPE_PROBE, .min = 1, .max = 1, \
                          .count_offset = offsetof(struct lc_process_config, probe_count[kind])

/* A row: where it is and what it is called; what it is; what it is for. */
/* clang-format off */
const struct lc_key lc_keys[] = {
    {COMMAND_LINE(file), .option = "config", .letter = 'c',
     .type = LC_TYPE_FILE,
     .help = "read settings and processes from a YAML file"},

    {ROOT(sidecar), .path = "sidecar", .option = "sidecar", .optional = true, .fixed = true,
     .type = LC_TYPE_BOOL, DEFAULT("false"),
     .help = "start nothing, hold preStop hooks"},
    {ROOT(grace), .path = "shutdown.gracePeriod", .option = "grace-period",
     .type = LC_TYPE_DURATION, .min = 1, .max = TIME_MAX, DEFAULTS("10s", "30s", "30s"),
     .help = "the platform's own"},
    {ROOT(margin), .path = "shutdown.margin", .option = "margin",
     .type = LC_TYPE_DURATION, .max = TIME_MAX, DEFAULT("1s"),
     .help = "part of it kept for lastcall's own end"},
    {ROOT(window), .path = "shutdown.propagation", .option = "propagation",
     .type = LC_TYPE_WINDOW, .max = TIME_MAX, DEFAULTS("0s", "5s:1s:15s", "0s"),
     .help = "readiness off, serve on"},
    {ROOT(window.min), .path = "shutdown.propagation.min",
     .type = LC_TYPE_DURATION, .max = TIME_MAX,
     .help = "the window lasts so long at the least"},
    {ROOT(window.quiet), .path = "shutdown.propagation.quiet",
     .type = LC_TYPE_DURATION, .max = TIME_MAX,
     .help = "and goes on until nothing has arrived for so long"},
    {ROOT(window.max), .path = "shutdown.propagation.max",
     .type = LC_TYPE_DURATION, .max = TIME_MAX,
     .help = "but never beyond this"},
    {ROOT(arrivals), .path = "shutdown.propagation.arrivals",
     .type = LC_TYPE_CHOICE, .choices = arrivals_choices, DEFAULT("all"),
     .help = "what arrives: data on older connections, too, or new connections alone"},
    {ROOT(readiness), .path = "shutdown.readiness", .option = "readiness",
     .type = LC_TYPE_CHOICE, .choices = readiness_choices, DEFAULT("flip"),
     .help = "when it goes off"},
    {ROOT(stop_on), .path = "shutdown.stopOn", .option = "stop-on",
     .type = LC_TYPE_STOP_ON, DEFAULT("SIGTERM,SIGINT,SIGQUIT,SIGRTMIN+3"),
     .help = "stop signals"},
    {ROOT(second), .path = "shutdown.secondSignal",
     .type = LC_TYPE_SECOND, DEFAULT("SIGINT=kill"),
     .help = "what a further stop signal does; those not named are ignored"},
    {ROOT(leftover_timeout), .path = "shutdown.leftoverTimeout",
     .type = LC_TYPE_DURATION, .max = TIME_MAX, DEFAULT("5s"),
     .help = "time that leftover descendants have between SIGTERM and SIGKILL, at most"},
    {ROOT(drain), .path = "drain.waitForIdle", .option = "wait-for-idle", .optional = true,
     .type = LC_TYPE_WAIT, .max = TIME_MAX, DEFAULTS("false", "true", "false"),
     .help = "wait for what is in flight"},
    {ROOT(drain.timeout), .path = "drain.timeout",
     .type = LC_TYPE_DURATION, .max = TIME_MAX, DEFAULT("10s"),
     .help = "when that wait is given up, and what is in flight still is cut"},
    {ROOT(drain.idle), .path = "drain.idle",
     .type = LC_TYPE_DURATION, .min = 1, .max = TIME_MAX, DEFAULT("1s"),
     .help = "a connection on which data has moved within this time is in flight"},
    {ROOT(ignore_from), .path = "connections.ignoreFrom",
     .type = LC_TYPE_NETWORKS, .count_offset = offsetof(struct lc_config, ignore_from_count),
     .help = "peers that neither arrive nor are in flight, such as probes"},
    {ROOT(process), .path = "processes",
     .type = LC_TYPE_OBJECTS, .items = LC_SCOPE_PROCESS, .min = 1, .max = 1,
     .count_offset = offsetof(struct lc_config, process_count),
     .help = "what is started; one process in this version"},

    {PROCESS(name), .path = "name", .fixed = true,
     .type = LC_TYPE_TEXT, .form = LC_FORM_NAME,
     .help = "what logs call it; else the last part of the command's path"},
    {PROCESS(command), .path = "command", .fixed = true,
     .type = LC_TYPE_COMMAND,
     .help = "program and arguments; no shell; needed unless COMMAND is given"},
    {PROCESS(stop_signal), .path = "stopSignal", .option = "stop-signal",
     .type = LC_TYPE_SIGNAL,
     .help = "what stops COMMAND; else the signal that came"},
    {PROCESS(stop_timeout), .path = "stopTimeout", .option = "stop-timeout",
     .type = LC_TYPE_DURATION, .max = TIME_MAX,
     .help = "time from it to SIGKILL; else all that is left"},
    {PROCESS(stop_target), .path = "stopTarget", .option = "stop-target",
     .type = LC_TYPE_CHOICE, .choices = stop_target_choices, DEFAULT("process"),
     .help = "who gets it"},
    {PROCESS(ports), .path = "ports", .option = "ports", .fixed = true,
     .type = LC_TYPE_PORTS,
     .count_offset = offsetof(struct lc_process_config, port_count),
     .help = "ready once these listen; none: serves nobody"},
    {PROCESS(reset_signals), .path = "resetSignals", .fixed = true,
     .type = LC_TYPE_BOOL, DEFAULT("false"),
     .help = "start it with no signal blocked or ignored"},
    {PROCESS(hooks[LC_HOOK_PRE_STOP]), .path = "preStop",
     .type = LC_TYPE_OBJECTS, .items = LC_SCOPE_HOOK, .max = LC_HOOKS_MAX,
     .count_offset = offsetof(struct lc_process_config, hook_count[LC_HOOK_PRE_STOP]),
     .help = "hooks that run, one after another, before the stop signal"},
    {PROCESS(hooks[LC_HOOK_POST_STOP]), .path = "postStop",
     .type = LC_TYPE_OBJECTS, .items = LC_SCOPE_HOOK, .max = LC_HOOKS_MAX,
     .count_offset = offsetof(struct lc_process_config, hook_count[LC_HOOK_POST_STOP]),
     .help = "hooks that run, one after another, after the process has ended"},
    {CHECK(LC_CHECK_STARTUP), .path = "startupProbe",
     .help = "as a pod's: the other two wait for it; where it fails the process is stopped"},
    {CHECK(LC_CHECK_READINESS), .path = "readinessProbe",
     .help = "as a pod's: the process is ready while it passes"},
    {CHECK(LC_CHECK_LIVENESS), .path = "livenessProbe",
     .help = "as a pod's: where it fails the process is stopped, without a window"},

    {ROOT(listen), .path = "http.listen", .option = "listen", .repeatable = true, .fixed = true,
     .type = LC_TYPE_LISTEN, DEFAULT(":9909"),
     .help = "health endpoints, repeatable; off: none"},
    {ROOT(prestop), .path = "http.prestop",
     .type = LC_TYPE_BOOL, DEFAULT("false"),
     .help = "serve /prestop, with which a preStop hook begins the shutdown; in a sidecar always"},
    {ROOT(prestop_token), .path = "http.prestopToken",
     .type = LC_TYPE_TEXT, .form = LC_FORM_TOKEN,
     .help = "what the header Lastcall-Token of a request for /prestop must say; else nothing"},
    {ROOT(termination_message), .path = "terminationMessagePath", .fixed = true,
     .type = LC_TYPE_TEXT, .form = LC_FORM_FILE_PATH, DEFAULT("/dev/termination-log"),
     .help = "file, where it can be written, that gets one line on how the shutdown went"},
    {ROOT(state_dir), .path = "stateDir", .fixed = true,
     .type = LC_TYPE_TEXT, .form = LC_FORM_FILE_PATH,
     .help = "directory in which counters outlive the container, for /metrics"},
    {ROOT(log_format), .path = "log.format", .option = "log-format",
     .type = LC_TYPE_CHOICE, .choices = log_format_choices, DEFAULT("auto"),
     .help = "auto is text on a terminal"},
    {ROOT(log_level), .path = "log.level", .option = "log-level",
     .type = LC_TYPE_CHOICE, .choices = log_level_choices, DEFAULT("info"),
     .help = "least level logged"},
    {ROOT(signals), .path = "signals",
     .type = LC_TYPE_SIGNAL_MAP,
     .help = "what becomes of a signal on its way to the process: another, ignore, reload"},
    {ROOT(exit_codes), .path = "exitCodes",
     .type = LC_TYPE_EXIT_CODES,
     .help = "exit codes to replace, by code or by outcome (stopped, forced, crashed)"},
    {ROOT(parent_death_signal), .path = "parentDeathSignal", .fixed = true,
     .type = LC_TYPE_SIGNAL,
     .help = "what lastcall gets when its own parent ends, where it is not PID 1"},

    {COMMAND_LINE(help), .option = "help",
     .type = LC_TYPE_FLAG,
     .help = "print this and exit"},
    {COMMAND_LINE(version), .option = "version",
     .type = LC_TYPE_FLAG,
     .help = "print the version and exit"},

    {HOOK(command), .path = "exec.command", .required = true,
     .type = LC_TYPE_COMMAND,
     .help = "program and arguments; no shell"},
    {HOOK(port), .path = "httpGet.port", .required = true,
     .type = LC_TYPE_PORT,
     .help = "port of the request"},
    {HOOK(path), .path = "httpGet.path",
     .type = LC_TYPE_TEXT, .form = LC_FORM_URL_PATH, DEFAULT("/"),
     .help = "path of the request, with its query"},
    {HOOK(host), .path = "httpGet.host",
     .type = LC_TYPE_TEXT, .form = LC_FORM_HOST, DEFAULT("localhost"),
     .help = "where the request goes"},
    {HOOK(headers), .path = "httpGet.httpHeaders",
     .type = LC_TYPE_OBJECTS, .items = LC_SCOPE_HEADER, .max = 32,
     .count_offset = offsetof(struct lc_hook, header_count),
     .help = "further headers of the request"},
    {HOOK(signal), .path = "signal",
     .type = LC_TYPE_SIGNAL,
     .help = "signal for the process; SIGTSTP: stop fetching work"},
    {HOOK(sleep), .path = "sleep",
     .type = LC_TYPE_DURATION, .max = TIME_MAX,
     .help = "wait so long"},
    {HOOK(sleep), .path = "sleep.seconds", .required = true,
     .type = LC_TYPE_SECONDS, .max = TIME_MAX / 1000,
     .help = "the same, as Kubernetes writes it"},
    {HOOK(timeout), .path = "timeout",
     .type = LC_TYPE_DURATION, .max = TIME_MAX, DEFAULT("5s"),
     .help = "when the hook is given up; of a sleep, its own length"},

    {PROBE(command), .path = "exec.command", .required = true,
     .type = LC_TYPE_COMMAND,
     .help = "program and arguments; no shell; passes where it exits with 0"},
    {PROBE(port), .path = "httpGet.port", .required = true,
     .type = LC_TYPE_PORT,
     .help = "port of the request; passes where the status is 200 to 399"},
    {PROBE(path), .path = "httpGet.path",
     .type = LC_TYPE_TEXT, .form = LC_FORM_URL_PATH, DEFAULT("/"),
     .help = "path of the request, with its query"},
    {PROBE(host), .path = "httpGet.host",
     .type = LC_TYPE_TEXT, .form = LC_FORM_HOST,
     .help = "where the request goes; else 127.0.0.1, ::1, or the pod's own address"},
    {PROBE(scheme), .path = "httpGet.scheme",
     .type = LC_TYPE_CHOICE, .choices = scheme_choices, DEFAULT("HTTP"),
     .help = "of HTTPS the certificate is not verified"},
    {PROBE(headers), .path = "httpGet.httpHeaders",
     .type = LC_TYPE_OBJECTS, .items = LC_SCOPE_HEADER, .max = 32,
     .count_offset = offsetof(struct lc_probe, header_count),
     .help = "further headers of the request"},
    {PROBE(port), .path = "tcpSocket.port", .required = true,
     .type = LC_TYPE_PORT,
     .help = "port to connect to; passes where that is accepted"},
    {PROBE(host), .path = "tcpSocket.host",
     .type = LC_TYPE_TEXT, .form = LC_FORM_HOST,
     .help = "where it connects to; else as of httpGet"},
    {PROBE(initial_delay), .path = "initialDelaySeconds",
     .type = LC_TYPE_SECONDS, .max = TIME_MAX / 1000, DEFAULT("0"),
     .help = "from the process's start to the first check"},
    {PROBE(period), .path = "periodSeconds",
     .type = LC_TYPE_SECONDS, .min = 1, .max = TIME_MAX / 1000, DEFAULT("10"),
     .help = "from one check to the next"},
    {PROBE(timeout), .path = "timeoutSeconds",
     .type = LC_TYPE_SECONDS, .min = 1, .max = TIME_MAX / 1000, DEFAULT("1"),
     .help = "a check that takes longer has failed"},
    {PROBE(threshold[true]), .path = "successThreshold",
     .type = LC_TYPE_NUMBER, .min = 1, .max = INT32_MAX, DEFAULT("1"),
     .help = "so many in a row pass before it passes; 1 but in a readinessProbe"},
    {PROBE(threshold[false]), .path = "failureThreshold",
     .type = LC_TYPE_NUMBER, .min = 1, .max = INT32_MAX, DEFAULT("3"),
     .help = "so many in a row fail before it fails"},

    {HEADER(name), .path = "name", .required = true,
     .type = LC_TYPE_TEXT, .form = LC_FORM_HEADER_NAME,
     .help = "name of the header"},
    {HEADER(value), .path = "value", .required = true,
     .type = LC_TYPE_TEXT, .form = LC_FORM_HEADER_VALUE,
     .help = "value of the header"},
};
/* clang-format on */

const size_t lc_key_count = sizeof(lc_keys) / sizeof(lc_keys[0]);

bool lc_key_has_variable(const struct lc_key *self)
{
    return self->option && self->type != LC_TYPE_FLAG;
}

const char *lc_key_variable(const struct lc_key *self, char buf[static LC_VARIABLE_MAX])
{
    size_t length = 0;

    for (const char *at = "lastcall-"; *at; at++)
        buf[length++] = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
    for (const char *at = self->option; *at && length + 1 < LC_VARIABLE_MAX; at++)
        buf[length++] = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
    buf[length] = '\0';
    return buf;
}

const struct lc_key *lc_key_find(enum lc_scope scope, const char *path)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->scope == scope && key->path && !strcmp(key->path, path))
            return key;
    return NULL;
}

const struct lc_key *lc_key_find_option(const char *name, size_t length)
{
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->option && strlen(key->option) == length && !memcmp(key->option, name, length))
            return key;
    return NULL;
}

bool lc_key_is_section(enum lc_scope scope, const char *path)
{
    size_t length = strlen(path);

    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (key->scope == scope && key->path && !strncmp(key->path, path, length) &&
            key->path[length] == '.')
            return true;
    return false;
}

/* The length of the name that `key` has directly below `prefix`; 0: it does not lie there. */
static size_t child_length(const struct lc_key *key, enum lc_scope scope, const char *prefix)
{
    size_t length = strlen(prefix);

    if (key->scope != scope || !key->path || strncmp(key->path, prefix, length) != 0)
        return 0;
    return strcspn(key->path + length, ".");
}

/* Whether an earlier row has shown this name already: "sleep" and "sleep.seconds" are one. */
static bool seen_before(const struct lc_key *key, enum lc_scope scope, const char *prefix)
{
    size_t skip = strlen(prefix), length = child_length(key, scope, prefix);

    for (const struct lc_key *other = lc_keys; other < key; other++)
        if (child_length(other, scope, prefix) == length &&
            !memcmp(other->path + skip, key->path + skip, length))
            return true;
    return false;
}

bool lc_key_next_child(enum lc_scope scope, const char *prefix, size_t *at, const char **ret_name,
                       size_t *ret_length, const struct lc_key **ret_key)
{
    for (; *at < lc_key_count; (*at)++) {
        const struct lc_key *key = &lc_keys[*at];
        size_t length = child_length(key, scope, prefix);

        if (!length || seen_before(key, scope, prefix))
            continue;
        *ret_name = key->path + strlen(prefix);
        *ret_length = length;
        *ret_key = (*ret_name)[length] == '\0' ? key : NULL;
        (*at)++;
        return true;
    }
    return false;
}
