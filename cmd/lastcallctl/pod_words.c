/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_words.h"

#include "command.h"
#include "pod_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "LASTCALL_"

const char *lc_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool lc_names_program(const char *text, const char *program)
{
    return !strcmp(lc_base_name(text), program);
}

/* "exec /lastcall/lastcall --margin 2s -- app" mentions lastcall, "my-lastcall-test" does not. */
static bool holds_name(const char *text, const char *program)
{
    static const char around[] = " \t\n/;&|\"'()";
    size_t length = strlen(program);

    for (const char *at = strstr(text, program); at; at = strstr(at + 1, program))
        if ((at == text || strchr(around, at[-1])) && (!at[length] || strchr(around, at[length])))
            return true;
    return false;
}

bool lc_container_mentions(const struct lc_spot *container, const char *program)
{
    static const char *const lists[] = {"command", "args"};

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct lc_spot list = lc_spot_key(container, lists[i]);

        for (size_t j = 0; j < lc_spot_count(&list); j++) {
            struct lc_spot word = lc_spot_item(&list, j);

            if (lc_spot_text(&word) && holds_name(lc_spot_text(&word), program))
                return true;
        }
    }
    return false;
}

/* The container's words that are lastcall's, one after another; NULL behind the last. */
static bool next_word(const struct lc_container *self, size_t *at, struct lc_spot *ret)
{
    struct lc_spot command = lc_spot_key(&self->spot, "command");
    struct lc_spot args = lc_spot_key(&self->spot, "args");
    size_t skip = self->role == LC_ROLE_COMMAND ? 1 : 0;
    size_t commands = lc_spot_count(&command) > skip ? lc_spot_count(&command) - skip : 0;

    if (self->role == LC_ROLE_WRAPPED)
        return false;
    while (*at < commands + lc_spot_count(&args)) {
        size_t index = (*at)++;

        *ret = index < commands ? lc_spot_item(&command, index + skip)
                                : lc_spot_item(&args, index - commands);
        if (lc_spot_text(ret))
            return true;
    }
    return false;
}

/* A command line being put together. */
struct line {
    char **words;
    size_t count;
};

static int line_init(struct line *self, size_t room)
{
    *self = (struct line){.words = calloc(room + 1, sizeof(*self->words))};
    return self->words ? 0 : -ENOMEM;
}

static void line_add(struct line *self, const char *word)
{
    self->words[self->count++] = (char *)(uintptr_t)word; /* execve(2)'s type; never written to */
}

static size_t count_words(char *const *words)
{
    size_t count = 0;

    while (words[count])
        count++;
    return count;
}

/* The file that an option names, the first of `words`; NULL: it is another option. */
static const char *file_of(char *const *words)
{
    static const char option[] = "--config=";

    if (!strncmp(*words, option, strlen(option)))
        return *words + strlen(option);
    if (!strncmp(*words, "-c", 2) && (*words)[2])
        return *words + 2;
    return !strcmp(*words, "-c") || !strcmp(*words, "--config") ? words[1] : NULL;
}

/* Copies the options among `words`, which ends with NULL, but for those that name a file in another
 * file system than this one (`files` false). Returns what follows the options. */
static char *const *copy_options(struct line *line, char *const *words, bool files,
                                 const char **ret_file)
{
    while (*words && words[0][0] == '-' && words[0][1] && strcmp(*words, "--") != 0) {
        int length = lc_ctl_words_of_option(*words);
        const char *file = file_of(words);

        if (file)
            *ret_file = file;
        for (; length > 0 && *words; length--, words++)
            if (files || !file)
                line_add(line, *words);
    }
    return *words && !strcmp(*words, "--") ? words + 1 : words;
}

/* Where lastcall gets its file from. */
struct file {
    const char *named;        /* in the container's file system; NULL: none */
    bool given;               /* with the check: it stands for the container's */
    struct lc_ctl_file found; /* in the manifest; without a name: it is not there */
};

/* Above the container's words stand those of the check itself. */
static int join(const struct lc_container *self, struct line *own, struct line *ret,
                struct file *file)
{
    static char stand_in[] = "application";
    const char *given = NULL;
    char *const *command, *const *checks;

    if (line_init(ret, own->count + count_words(self->pod->words) + 4) < 0)
        return -ENOMEM;
    line_add(ret, "lastcall");
    command = copy_options(ret, own->words, false, &file->named);
    checks = copy_options(ret, self->pod->words + 1, true, &given);
    file->given = given;
    if (*command || *checks || self->role == LC_ROLE_IMAGE)
        line_add(ret, "--");
    for (command = *command ? command : checks; *command; command++)
        line_add(ret, *command);
    /* The image's own CMD. */
    if (self->role == LC_ROLE_IMAGE && !strcmp(ret->words[ret->count - 1], "--"))
        line_add(ret, stand_in);
    return 0;
}

/* Where one of the container's variables is set; its value is NULL where only the cluster knows. */
static bool next_variable(const struct lc_container *self, size_t *at, struct lc_spot *ret,
                          const char **ret_name, const char **ret_value)
{
    struct lc_spot list = lc_spot_key(&self->spot, "env");

    while (*at < lc_spot_count(&list)) {
        struct lc_spot name, value, from;

        *ret = lc_spot_item(&list, (*at)++);
        name = lc_spot_key(ret, "name");
        value = lc_spot_key(ret, "value");
        from = lc_spot_key(ret, "valueFrom");
        *ret_name = lc_spot_text(&name);
        *ret_value = from.node ? NULL : value.node ? lc_spot_text(&value) : "";
        if (*ret_name)
            return true;
    }
    return false;
}

/* How often a variable is written out, all together: each may stand twice in the next one. */
enum { EXPANSIONS_MAX = 1000 };

static char *expand(const struct lc_container *self, const char *text, size_t before,
                    unsigned *budget);

/* The value of a variable that stands before that place in the list, to be freed: of several the last
 * counts. NULL: there is none, or only the cluster knows it. */
static char *variable_of(const struct lc_container *self, const char *name, size_t length,
                         size_t before, unsigned *budget)
{
    const char *found, *value, *last = NULL;
    struct lc_spot spot;
    size_t at = 0, place = 0;

    while (next_variable(self, &at, &spot, &found, &value) && at <= before)
        if (strlen(found) == length && !memcmp(found, name, length)) {
            last = value;
            place = at - 1;
        }
    return last && *budget ? expand(self, last, place, budget) : NULL;
}

/* As the kubelet does it: $(NAME) is the variable, where there is one, and $$ a dollar
 * (kubernetes.io, "Define Dependent Environment Variables"). To be freed; NULL: no memory. */
static char *expand(const struct lc_container *self, const char *text, size_t before,
                    unsigned *budget)
{
    char *made = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&made, &size);

    *budget -= *budget > 0;
    for (; stream && *text; text++) {
        size_t length = text[0] == '$' && text[1] == '(' ? strcspn(text + 2, ")") : 0;
        char *value = NULL;

        if (length && text[2 + length])
            value = variable_of(self, text + 2, length, before, budget);
        fputs(value ? value : (const char[]){*text, '\0'}, stream);
        if (value)
            text += length + 2;
        else if (text[0] == '$' && text[1] == '$')
            text++;
        free(value);
    }
    return stream && fclose(stream) == 0 ? made : NULL;
}

static int collect_words(struct lc_container *self, struct line *ret)
{
    struct lc_spot word;
    size_t at = 0, count = 0;
    bool options = true;
    unsigned budget = EXPANSIONS_MAX;

    while (next_word(self, &at, &word))
        count++;
    if (line_init(ret, count) < 0)
        return -ENOMEM;
    for (at = 0; next_word(self, &at, &word);) {
        const char *text = lc_spot_text(&word);

        options &= strcmp(text, "--") != 0;
        self->sidecar |= options && !strcmp(text, "--sidecar");
        line_add(ret, expand(self, text, SIZE_MAX, &budget));
        if (!ret->words[ret->count - 1])
            return -ENOMEM;
    }
    return 0;
}

static void texts_free(char **texts)
{
    for (size_t i = 0; texts && texts[i]; i++)
        free(texts[i]);
    free(texts);
}

/* "NAME=value", to be freed. */
static char *assign(const struct lc_container *self, const char *name, const char *value,
                    size_t place)
{
    unsigned budget = EXPANSIONS_MAX;
    char *expanded = expand(self, value, place, &budget), *made = NULL;

    if (expanded && asprintf(&made, "%s=%s", name, expanded) < 0)
        made = NULL;
    free(expanded);
    return made;
}

/* Of several values the kubelet takes the last, and lastcall would take the first. */
static bool is_set_again(const struct lc_container *self, const char *name, size_t at)
{
    const char *other, *value;
    struct lc_spot spot;

    while (next_variable(self, &at, &spot, &other, &value))
        if (!strcmp(other, name))
            return true;
    return false;
}

/* The image's own variables are not known: those of the check stand in for them, but for lastcall's,
 * which are somebody else's here. */
static char **make_environment(const struct lc_container *self, struct file *file)
{
    struct lc_spot list = lc_spot_key(&self->spot, "env"), spot;
    char **made = calloc(count_words(self->pod->envp) + lc_spot_count(&list) + 1, sizeof(*made));
    const char *name, *value;
    size_t count = 0, at = 0;

    while (made && next_variable(self, &at, &spot, &name, &value)) {
        if (!strcmp(name, PREFIX "CONFIG")) {
            if (!file->named)
                file->named = value ? value : ""; /* only the cluster knows it: it is not here */
            continue;
        }
        if (!value && !strncmp(name, PREFIX, strlen(PREFIX)))
            lc_pod_note(self->pod, &spot, "%s comes from valueFrom, and is not looked at", name);
        if (!value || is_set_again(self, name, at))
            continue;
        made[count] = assign(self, name, value, at - 1);
        if (!made[count++])
            goto no_memory;
    }
    for (char *const *entry = self->pod->envp; made && *entry; entry++) {
        if (!strncmp(*entry, PREFIX, strlen(PREFIX)))
            continue;
        made[count] = strdup(*entry);
        if (!made[count++])
            goto no_memory;
    }
    return made;
no_memory:
    made[count - 1] = NULL;
    texts_free(made);
    return NULL;
}

/* Where in the manifest an option or a variable that an error names is written. */
static bool find_place(const struct lc_container *self, const char *where, struct lc_spot *ret)
{
    const char *name, *value;
    size_t at = 0, length = strlen(where);

    while (where[0] == '-' && next_word(self, &at, ret)) {
        const char *text = lc_spot_text(ret);

        if (!strncmp(text, where, length) && (!text[length] || text[length] == '='))
            return true;
    }
    for (at = 0; next_variable(self, &at, ret, &name, &value);)
        if (!strcmp(name, where))
            return true;
    *ret = lc_spot_key(&self->spot, "command");
    return !strcmp(where, "COMMAND");
}

typedef void report(const struct lc_pod *pod, const struct lc_spot *spot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is wrong in the manifest is told at its place there; what is wrong in a file, at that. */
static void report_all(const struct lc_container *self, const struct lc_config_errors *found,
                       struct lc_config_errors *others, report *say)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct lc_config_error *error = &found->list[i];
        struct lc_spot spot;

        if (find_place(self, error->where, &spot))
            say(self->pod, &spot, "%s: %s", error->where, error->text);
        else
            lc_pod_add(others, error->where, error->path, error->text);
    }
}

static int load(struct lc_container *self, struct line *own, struct line *line, struct file *file)
{
    char **environment;
    int r = collect_words(self, own);

    if (r == 0)
        r = join(self, own, line, file);
    if (r < 0)
        return r;
    environment = make_environment(self, file);
    if (!environment)
        return -ENOMEM;
    if (file->named && !file->given)
        r = lc_container_find_file(self, file->named, &file->found);
    if (r >= 0)
        r = lc_ctl_settings_load(&self->settings, line->words, environment,
                                 lc_ctl_platforms[LC_PLATFORM_KUBERNETES],
                                 file->found.name ? &file->found : NULL);
    texts_free(environment);
    return r;
}

int lc_container_load(struct lc_container *self)
{
    struct line own = {0}, line = {0};
    struct file file = {0};
    int r = load(self, &own, &line, &file);
    bool unknown = file.named && !file.given && !file.found.name;

    texts_free(own.words);
    free(line.words);
    free(file.found.name);
    if (r < 0)
        return r;
    if (unknown)
        lc_pod_note(self->pod, &self->spot,
                    "its configuration file is not here; give it with -c to have it looked at");
    report_all(self, &self->settings.errors, self->pod->problems, lc_pod_problem);
    report_all(self, &self->settings.warnings, self->pod->notes, lc_pod_note);
    if (self->settings.config) {
        self->sidecar = self->settings.config->sidecar;
        lc_config_policy(self->settings.config, &self->policy);
    }
    return 0;
}

void lc_container_deinit(struct lc_container *self)
{
    lc_ctl_settings_deinit(&self->settings);
}
