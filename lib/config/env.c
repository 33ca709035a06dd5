/* SPDX-License-Identifier: Apache-2.0 */
#include "config/expand.h"
#include "config/loader.h"
#include "config/nearest.h"

#include <string.h>

#define PREFIX "LASTCALL_"

/*
 * Kubernetes gives every container the addresses of its namespace's Services: one that is called
 * lastcall puts LASTCALL_PORT, LASTCALL_PORT_80_TCP_ADDR and LASTCALL_SERVICE_HOST there.
 * LASTCALL_SUPERVISED is what a lastcall tells its own children.
 */
static bool is_ignored(const char *name, size_t length)
{
    static const char *const whole[] = {"LASTCALL_SUPERVISED", "LASTCALL_PORT"};
    static const char *const begin[] = {"LASTCALL_SERVICE_", "LASTCALL_PORT_"};

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if (strlen(whole[i]) == length && !memcmp(whole[i], name, length))
            return true;
    for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
        if (strlen(begin[i]) <= length && !memcmp(begin[i], name, strlen(begin[i])))
            return true;
    return false;
}

static bool is_known(const char *name, size_t length)
{
    char variable[LC_VARIABLE_MAX];

    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++)
        if (lc_key_has_variable(key) && strlen(lc_key_variable(key, variable)) == length &&
            !memcmp(variable, name, length))
            return true;
    return false;
}

static void warn_unknown(struct lc_config_errors *warnings, const char *name, size_t length)
{
    const struct lc_key *best = NULL;
    struct lc_nearest nearest;
    char where[LC_WHERE_MAX], variable[LC_VARIABLE_MAX];

    snprintf(where, sizeof(where), "%.*s", length < sizeof(where) ? (int)length : 0, name);
    /* The names alone are compared: what all have in common would bring all of them near. */
    lc_nearest_init(&nearest, where + strlen(PREFIX));
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++) {
        const char *before = nearest.best;

        if (lc_key_has_variable(key))
            lc_nearest_offer(&nearest, key->option, strlen(key->option));
        if (nearest.best != before)
            best = key;
    }
    if (best)
        lc_errors_add(warnings, where, NULL, "unknown variable, ignored; did you mean %s?",
                      lc_key_variable(best, variable));
    else
        lc_errors_add(warnings, where, NULL, "unknown variable, ignored");
}

static void warn_of_unknown(struct lc_loader *self, struct lc_config_errors *warnings)
{
    for (char *const *entry = self->envp; entry && *entry; entry++) {
        size_t length = strcspn(*entry, "=");

        if (!strncmp(*entry, PREFIX, strlen(PREFIX)) && !is_ignored(*entry, length) &&
            !is_known(*entry, length))
            warn_unknown(warnings, *entry, length);
    }
}

void lc_loader_read_environment(struct lc_loader *self, struct lc_config_errors *warnings)
{
    char variable[LC_VARIABLE_MAX];

    self->source = LC_SOURCE_TEXT;
    for (const struct lc_key *key = lc_keys; key < lc_keys + lc_key_count; key++) {
        const char *text;

        if (!lc_key_has_variable(key) || key->scope == LC_SCOPE_COMMAND_LINE)
            continue;
        self->source_name = lc_key_variable(key, variable);
        text = lc_env_get(self->envp, variable, strlen(variable));
        if (text)
            lc_loader_read_text(self, key, text);
    }
    self->source_name = "";
    warn_of_unknown(self, warnings);
}
