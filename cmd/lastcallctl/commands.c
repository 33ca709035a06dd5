/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "client.h"
#include "command.h"
#include "plan.h"
#include "settings.h"
#include "timeline.h"

#include <string.h>

/* The subcommands. To add one, add a row, and its function to command.h. */

const char *const lc_ctl_formats[] = {[LC_CTL_TEXT] = "text", [LC_CTL_SVG] = "svg", NULL};

/* clang-format off */
static const struct lc_ctl_option check_options[] = {
    [LC_CHECK_POD] = {"pod", "FILE", NULL,
                      "a manifest to hold against the configuration; -: stdin"},
    [LC_CHECK_PLATFORM] = {"platform", "WORD", lc_ctl_platforms,
                           "whose defaults to take"},
    {0},
};

static const struct lc_ctl_option plan_options[] = {
    [LC_PLAN_FORMAT] = {"format", "WORD", lc_ctl_formats, "how it is written"},
    [LC_PLAN_PLATFORM] = {"platform", "WORD", lc_ctl_platforms, "whose defaults to take"},
    {0},
};

static const struct lc_ctl_option timeline_options[] = {
    [LC_TIMELINE_FORMAT] = {"format", "WORD", lc_ctl_formats, "how it is written"},
    {0},
};

static const struct lc_ctl_option status_options[] = {
    [LC_STATUS_WATCH] = {"watch", NULL, NULL, "show it again every second, until lastcall has gone"},
    [LC_STATUS_JSON] = {"json", NULL, NULL, "as /status has it"},
    [LC_STATUS_ADDRESS] = {"address", "ADDRESS", NULL,
                           "ask there, such as :9909, not in this container"},
    {0},
};

static const struct lc_ctl_option ready_options[] = {
    [LC_READY_ADDRESS] = {"address", "ADDRESS", NULL,
                          "ask there, such as :9909, not in this container"},
    {0},
};

static const struct lc_ctl_option drain_options[] = {
    [LC_DRAIN_WAIT] = {"wait", NULL, NULL, "return when window and drain are over"},
    [LC_DRAIN_TIMEOUT] = {"timeout", "DURATION", NULL, "wait no longer than this"},
    [LC_DRAIN_UNDO] = {"undo", NULL, NULL, "take it back, before a stop signal has come"},
    {0},
};

const struct lc_ctl_command lc_ctl_commands[] = {
    {.name = "check", .synopsis = "[-c FILE] [--pod FILE] [OPTION...] [COMMAND...]",
     .help = "say what is wrong with a configuration, and with a pod around it",
     .options = check_options, .configures = true, .run = lc_ctl_check},
    {.name = "plan", .synopsis = "[-c FILE] [--format WORD] [OPTION...] [COMMAND...]",
     .help = "show what a shutdown would do and when, at best and at worst",
     .options = plan_options, .configures = true, .run = lc_ctl_plan},
    {.name = "timeline", .synopsis = "[--format WORD] LOG", .rest = "LOG",
     .help = "show a shutdown that happened, from lastcall's JSON log; -: stdin",
     .options = timeline_options, .run = lc_ctl_timeline},
    {.name = "status", .synopsis = "[--watch] [--json] [--address ADDRESS]",
     .help = "show what lastcall is doing", .options = status_options, .run = lc_ctl_status},
    {.name = "ready", .synopsis = "[--address ADDRESS]",
     .help = "say by the exit code whether readiness is on: a probe without curl",
     .options = ready_options, .run = lc_ctl_ready},
    {.name = "drain", .synopsis = "[--undo | --wait [--timeout DURATION]]",
     .help = "drain, and stay so until the stop signal comes: a preStop hook",
     .options = drain_options, .run = lc_ctl_drain},
    {.name = "schema", .synopsis = "",
     .help = "print the JSON schema of lastcall.yaml(5)", .run = lc_ctl_schema},
    {.name = "install", .synopsis = "DIR", .rest = "DIR",
     .help = "copy lastcall and lastcallctl into a directory", .run = lc_ctl_install},
    {.name = "tls", .synopsis = "",
     .help = "speak TLS for a check of lastcall's with scheme HTTPS", .run = lc_ctl_tls},
    {0},
};
/* clang-format on */

const struct lc_ctl_command *lc_ctl_command_find(const char *name)
{
    for (const struct lc_ctl_command *row = lc_ctl_commands; row->name; row++)
        if (!strcmp(row->name, name))
            return row;
    return NULL;
}

enum lc_ctl_format lc_ctl_format_of(const char *value)
{
    return value && !strcmp(value, lc_ctl_formats[LC_CTL_SVG]) ? LC_CTL_SVG : LC_CTL_TEXT;
}
