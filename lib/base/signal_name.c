/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

struct name {
    const char *text;
    int number;
};

/* The first name of a number is the one that is written. */
static const struct name names[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT}, {"IOT", SIGABRT},      {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL}, {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE}, {"ALRM", SIGALRM},     {"TERM", SIGTERM},
#ifdef SIGSTKFLT
    {"STKFLT", SIGSTKFLT},
#endif
    {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},  {"CONT", SIGCONT},     {"STOP", SIGSTOP},
    {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU},     {"URG", SIGURG},
    {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ}, {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
    {"WINCH", SIGWINCH},   {"IO", SIGIO},     {"POLL", SIGIO},       {"PWR", SIGPWR},
    {"SYS", SIGSYS},
};

enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };

/* A whole number without a sign, up to `max`, to the end of `text`; or -EINVAL. */
static int parse_number(const char *text, int max)
{
    char *end;
    long value;

    if (*text < '0' || *text > '9')
        return -EINVAL;
    value = strtol(text, &end, 10);
    return *end == '\0' && value <= max ? (int)value : -EINVAL;
}

/* "+3" counted from RTMIN, "-1" from RTMAX. */
static int parse_realtime(const char *text)
{
    int offset;

    if (!strncasecmp(text, "RTMIN", 5)) {
        if (text[5] == '\0')
            return LC_SIGNAL_RTMIN;
        offset = text[5] == '+' ? parse_number(text + 6, LC_SIGNAL_MAX - LC_SIGNAL_RTMIN) : -EINVAL;
        return offset < 0 ? offset : LC_SIGNAL_RTMIN + offset;
    }
    if (!strncasecmp(text, "RTMAX", 5)) {
        if (text[5] == '\0')
            return LC_SIGNAL_MAX;
        offset = text[5] == '-' ? parse_number(text + 6, LC_SIGNAL_MAX - LC_SIGNAL_RTMIN) : -EINVAL;
        return offset < 0 ? offset : LC_SIGNAL_MAX - offset;
    }
    return -EINVAL;
}

int lc_signal_parse(const char *text)
{
    int number = parse_number(text, LC_SIGNAL_MAX);

    if (number >= 0)
        return number ? number : -EINVAL;
    if (!strncasecmp(text, "SIG", 3))
        text += 3;
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (!strcasecmp(text, names[i].text))
            return names[i].number;
    number = parse_number(text, LC_SIGNAL_RTMIN - 1);
    if (number == 32 || number == 33) /* as lc_signal_format() writes them */
        return number;
    return parse_realtime(text);
}

const char *lc_signal_format(int number, char buf[static LC_SIGNAL_NAME_MAX])
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].number == number) {
            snprintf(buf, LC_SIGNAL_NAME_MAX, "SIG%s", names[i].text);
            return buf;
        }
    }
    if (number == LC_SIGNAL_RTMIN)
        snprintf(buf, LC_SIGNAL_NAME_MAX, "SIGRTMIN");
    else if (number == LC_SIGNAL_MAX)
        snprintf(buf, LC_SIGNAL_NAME_MAX, "SIGRTMAX");
    else if (number > LC_SIGNAL_RTMIN && number < LC_SIGNAL_MAX)
        snprintf(buf, LC_SIGNAL_NAME_MAX, "SIGRTMIN+%d", number - LC_SIGNAL_RTMIN);
    else
        snprintf(buf, LC_SIGNAL_NAME_MAX, "SIG%d", number);
    return buf;
}
