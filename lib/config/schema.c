/* SPDX-License-Identifier: Apache-2.0 */
#include "config/print.h"

#include "base/signal_name.h"

#include <inttypes.h>
#include <string.h>

/*
 * The JSON schema (draft 2020-12): what the parser accepts, as far as a schema can say it. Whatever
 * is a number or a word may also be a text with a ${VARIABLE} in it.
 *
 * Fragments are written with ' for ", so that they can be read here.
 */

#define BYTE_PATTERN "0*(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"

/* What stands in a property whose values are of a type; where a row's bounds, choices or form
 * matter, a function below writes it instead. */
static const char *const fragments[LC_TYPE_COUNT] = {
    [LC_TYPE_BOOL] = "'anyOf': [{'type': 'boolean'}, {'$ref': '#/$defs/variable'}]",
    [LC_TYPE_DURATION] = "'$ref': '#/$defs/duration'",
    [LC_TYPE_PORT] = "'$ref': '#/$defs/port'",
    [LC_TYPE_SIGNAL] = "'$ref': '#/$defs/signal'",
    [LC_TYPE_STOP_ON] = "'type': 'array', 'minItems': 1, 'items': {'$ref': '#/$defs/signal'}",
    [LC_TYPE_COMMAND] = "'type': 'array', 'minItems': 1, 'items': {'$ref': '#/$defs/word'}",
    [LC_TYPE_LISTEN] = "'anyOf': [{'$ref': '#/$defs/address'}, "
                       "{'type': 'array', 'items': {'$ref': '#/$defs/address'}}]",
    [LC_TYPE_PORTS] = "'type': 'array', 'items': {'$ref': '#/$defs/port'}",
    [LC_TYPE_SECOND] = "'type': 'object', 'propertyNames': {'$ref': '#/$defs/signalName'}, "
                       "'additionalProperties': {'anyOf': [{'enum': ['kill', 'hurry', 'ignore']}, "
                       "{'$ref': '#/$defs/variable'}]}",
    [LC_TYPE_SIGNAL_MAP] = "'type': 'object', 'propertyNames': {'$ref': '#/$defs/signalName'}, "
                           "'additionalProperties': {'anyOf': [{'$ref': '#/$defs/signal'}, "
                           "{'enum': ['ignore', 'reload']}]}",
    [LC_TYPE_WINDOW] = "'anyOf': [{'$ref': '#/$defs/duration'}, {'type': 'string', 'pattern': "
                       "'^(cluster|alb|neg|nlb|[0-9.]+[a-z]*:[0-9.]+[a-z]*:[0-9.]+[a-z]*)$'}]",
    [LC_TYPE_WAIT] = "'anyOf': [{'type': 'boolean'}, {'$ref': '#/$defs/variable'}]",
    [LC_TYPE_NETWORKS] =
        "'type': 'array', 'items': {'type': 'string', 'pattern': "
        "'^([0-9.]+(/([12]?[0-9]|3[0-2]))?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/([1-9]?[0-9]|"
        "1[01][0-9]|12[0-8]))?|.*[$][{].*)$'}",
    [LC_TYPE_EXIT_CODES] = "'type': 'object', 'propertyNames': "
                           "{'pattern': '^(" BYTE_PATTERN "|stopped|forced|crashed)$'}, "
                           "'additionalProperties': {'$ref': '#/$defs/exitCode'}",
};

/* YAML 1.1 reads a bare `off` as false, a word such as 5 or yes as a number or a truth. */
static const char definitions[] =
    "    'variable': {'type': 'string', 'pattern': "
    "'\\\\$\\\\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\\\\}'},\n"
    "    'duration': {'anyOf': [{'type': 'string', "
    "'pattern': '^([0-9]+(\\\\.[0-9]{1,9})?(ms|s|m|h)|0+)$'}, "
    "{'const': 0}, {'$ref': '#/$defs/variable'}]},\n"
    "    'port': {'anyOf': [{'type': 'integer', 'minimum': 1, 'maximum': 65535}, "
    "{'type': 'string', 'pattern': '^[0-9]+$'}, {'$ref': '#/$defs/variable'}]},\n"
    "    'exitCode': {'anyOf': [{'type': 'integer', 'minimum': 0, 'maximum': 255}, "
    "{'type': 'string', 'pattern': '^" BYTE_PATTERN "$'}, {'$ref': '#/$defs/variable'}]},\n"
    "    'word': {'type': ['string', 'number', 'boolean']},\n"
    "    'address': {'anyOf': [{'type': 'string', 'pattern': "
    "'^(([0-9.]*|\\\\[[0-9A-Fa-f:.]+\\\\]):[0-9]{1,5}|unix:.{1,107}|off)$'}, "
    "{'const': false}, {'$ref': '#/$defs/variable'}]},\n"
    "    'signal': {'anyOf': [{'$ref': '#/$defs/signalName'}, "
    "{'type': 'integer', 'minimum': 1, 'maximum': 64}, {'$ref': '#/$defs/variable'}]},\n";

static void put(FILE *out, const char *fragment)
{
    for (; *fragment; fragment++)
        fputc(*fragment == '\'' ? '"' : *fragment, out);
}

/* Texts of the table: quotes, backslashes and no control characters. */
static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_indent(FILE *out, unsigned depth)
{
    fprintf(out, "\n%*s", (int)(depth * 2), "");
}

/* By name, by number, and the real-time ones counted from either end. */
static void put_signal_names(FILE *out)
{
    char name[LC_SIGNAL_NAME_MAX];

    put(out, "    'signalName': {'type': 'string', 'pattern': '^((SIG)?(");
    for (int number = 1; number < LC_SIGNAL_RTMIN; number++) {
        lc_signal_format(number, name);
        fprintf(out, "%s|", name + strlen("SIG"));
    }
    put(out, "RTMIN(\\\\+[0-9]{1,2})?|RTMAX(-[0-9]{1,2})?)|[1-9][0-9]?)$'},\n");
}

static void put_choices(FILE *out, const char *const *choices)
{
    put(out, "'anyOf': [{'enum': [");
    for (size_t i = 0; choices[i]; i++) {
        fputs(i ? ", " : "", out);
        put_string(out, choices[i]);
    }
    put(out, "]}, {'$ref': '#/$defs/variable'}]");
}

static void put_text(FILE *out, const struct lc_form_info *form)
{
    put(out, "'anyOf': [{'type': 'string', 'pattern': ");
    put_string(out, form->pattern);
    put(out, "}, {'type': ['number', 'boolean']}, {'$ref': '#/$defs/variable'}]");
}

static const char *scope_name(enum lc_scope scope)
{
    static const char *const names[LC_SCOPE_COUNT] = {[LC_SCOPE_PROCESS] = "process",
                                                      [LC_SCOPE_HOOK] = "hook",
                                                      [LC_SCOPE_PROBE] = "probe",
                                                      [LC_SCOPE_HEADER] = "header"};

    return names[scope];
}

static void put_type(FILE *out, const struct lc_key *key)
{
    if (key->type == LC_TYPE_CHOICE) {
        put_choices(out, key->choices);
    } else if (key->type == LC_TYPE_TEXT) {
        put_text(out, &lc_forms[key->form]);
    } else if (key->type == LC_TYPE_SECONDS || key->type == LC_TYPE_NUMBER) {
        put(out, "'anyOf': [{'type': 'integer', 'minimum': ");
        fprintf(out, "%" PRIu64, key->min);
        put(out, ", 'maximum': ");
        fprintf(out, "%" PRIu64, key->max);
        put(out, "}, {'type': 'string', 'pattern': '^[0-9]+$'}, {'$ref': '#/$defs/variable'}]");
    } else if (key->type == LC_TYPE_OBJECT) {
        put(out, "'$ref': '#/$defs/");
        fprintf(out, "%s\"", scope_name(key->items));
    } else if (key->type == LC_TYPE_OBJECTS) {
        put(out, "'type': 'array', 'minItems': ");
        fprintf(out, "%" PRIu64, key->min);
        put(out, ", 'maxItems': ");
        fprintf(out, "%" PRIu64, key->max);
        put(out, ", 'items': {'$ref': '#/$defs/");
        fprintf(out, "%s\"}", scope_name(key->items));
    } else {
        put(out, fragments[key->type]);
    }
}

static void put_key(FILE *out, const struct lc_key *key)
{
    char standard[LC_STANDARD_MAX], description[LC_STANDARD_MAX + 128];
    bool has_standard = lc_key_standard(key, standard) != NULL;

    snprintf(description, sizeof(description), "%s%s%s%s", key->help,
             has_standard ? " (default: " : "", has_standard ? standard : "",
             has_standard ? ")" : "");
    put(out, "{'description': ");
    put_string(out, description);
    put(out, ", ");
    put_type(out, key);
    fputc('}', out);
}

static void put_required(FILE *out, enum lc_scope scope, const char *prefix, unsigned depth)
{
    size_t at = 0, length, count = 0;
    const struct lc_key *key;
    const char *name;

    while (lc_key_next_child(scope, prefix, &at, &name, &length, &key)) {
        if (!key || !key->required)
            continue;
        if (!count++) {
            fputc(',', out);
            put_indent(out, depth);
            put(out, "'required': [");
        } else {
            fputs(", ", out);
        }
        put_string(out, name);
    }
    if (count)
        fputc(']', out);
}

static bool has_required(enum lc_scope scope, const char *prefix)
{
    size_t at = 0, length;
    const struct lc_key *key;
    const char *name;

    while (lc_key_next_child(scope, prefix, &at, &name, &length, &key))
        if (key && key->required)
            return true;
    return false;
}

/* A hook and a probe do exactly one thing. */
static void put_one_of(FILE *out, const char *const *actions, unsigned depth)
{
    fputc(',', out);
    put_indent(out, depth);
    put(out, "'oneOf': [");
    for (size_t i = 0; actions[i]; i++) {
        put(out, i ? ", {'required': [" : "{'required': [");
        put_string(out, actions[i]);
        fputs("]}", out);
    }
    fputc(']', out);
}

static void put_mapping(FILE *out, enum lc_scope scope, const char *prefix, unsigned depth);

static void put_child(FILE *out, enum lc_scope scope, const char *path, const struct lc_key *key,
                      unsigned depth)
{
    char prefix[LC_PATH_MAX + 1];

    snprintf(prefix, sizeof(prefix), "%s.", path);
    if (!lc_key_is_section(scope, path)) {
        put_key(out, key);
    } else if (key) { /* both: `sleep: 5s` and `sleep: {seconds: 5}` */
        put(out, "{'anyOf': [");
        put_key(out, key);
        fputs(", {", out);
        put_mapping(out, scope, prefix, depth + 1);
        fputs("}]}", out);
    } else {
        fputc('{', out);
        put_mapping(out, scope, prefix, depth + 1);
        fputc('}', out);
    }
}

/* The members of an object's schema: what may stand below `prefix`. */
static void put_mapping(FILE *out, enum lc_scope scope, const char *prefix, unsigned depth)
{
    size_t at = 0, length, count = 0;
    char path[LC_PATH_MAX];
    const struct lc_key *key;
    const char *name;

    put_indent(out, depth);
    /* A section whose keys are all commented out is null to YAML. */
    put(out, *prefix && !has_required(scope, prefix) ? "'type': ['object', 'null'], "
                                                     : "'type': 'object', ");
    put(out, "'additionalProperties': false");
    put_required(out, scope, prefix, depth);
    if (scope == LC_SCOPE_HOOK && !*prefix)
        put_one_of(out, lc_hook_actions, depth);
    if (scope == LC_SCOPE_PROBE && !*prefix)
        put_one_of(out, lc_probe_actions, depth);
    fputc(',', out);
    put_indent(out, depth);
    put(out, "'properties': {");
    while (lc_key_next_child(scope, prefix, &at, &name, &length, &key)) {
        snprintf(path, sizeof(path), "%s%.*s", prefix, (int)length, name);
        fputs(count++ ? "," : "", out);
        put_indent(out, depth + 1);
        put_string(out, path + strlen(prefix));
        fputs(": ", out);
        put_child(out, scope, path, key, depth + 1);
    }
    fputc('}', out);
}

static void put_definition(FILE *out, enum lc_scope scope)
{
    fputs("    ", out);
    put_string(out, scope_name(scope));
    fputs(": {", out);
    put_mapping(out, scope, "", 3);
    fputc('}', out);
}

int lc_config_print_schema(FILE *out)
{
    put(out, "{\n  '$schema': 'https://json-schema.org/draft/2020-12/schema',\n"
             "  'title': 'lastcall.yaml',\n"
             "  '$defs': {\n");
    put(out, definitions);
    put_signal_names(out);
    put_definition(out, LC_SCOPE_HEADER);
    fputs(",\n", out);
    put_definition(out, LC_SCOPE_HOOK);
    fputs(",\n", out);
    put_definition(out, LC_SCOPE_PROBE);
    fputs(",\n", out);
    put_definition(out, LC_SCOPE_PROCESS);
    fputs("\n  },", out);
    put_mapping(out, LC_SCOPE_ROOT, "", 1);
    fputs("\n}\n", out);
    return lc_print_result(out);
}
