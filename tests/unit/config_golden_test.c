/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Each file of tests/config is a test: its first line is the sentence. Those in good/ are accepted;
 * of those in bad/ (which the JSON schema refuses as well) and beyond/ (which no schema can refuse)
 * the errors are compared, all of them and word for word, with the file .errors beside it.
 *
 *     config_golden_test DIRECTORY         DIRECTORY: tests/config
 *     config_golden_test DIRECTORY write   writes the .errors anew; look at the difference
 */

#include "base/cleanup.h"
#include "config_load.h"

#include <errno.h>
#include <glob.h>

enum { TEXT_MAX = 64 * 1024 };

static const char *const envp[] = {"GRACE=20s", "NAME=web",        "PORT=8080",
                                   "EMPTY=",    "YAML=[1, 2]: &x", NULL};

static const char *current; /* the file that is the test */

/* The errors of `file` as a person would see them, and what lc_config_load() returned. */
static int load_errors(const char *file, char text[static TEXT_MAX])
{
    bool good = !strncmp(file, "good/", 5);
    const char *argv[] = {"lastcall", "-c", file, good ? "true" : NULL, NULL};
    struct lc_config_errors errors = {0}, warnings = {0};
    struct lc_config *config = NULL;
    char line[2048];
    size_t length = 0;
    enum lc_cli cli;
    int r = lc_config_load(unconst(argv), unconst(envp), &config, &cli, &errors, &warnings);

    text[0] = '\0';
    for (size_t i = 0; i < errors.count && length < TEXT_MAX; i++)
        length += (size_t)snprintf(text + length, TEXT_MAX - length, "%s\n",
                                   lc_config_error_format(&errors.list[i], line, sizeof(line)));
    CHECK((r == 0) == (config != NULL));
    lc_config_free(config);
    lc_config_errors_deinit(&errors);
    lc_config_errors_deinit(&warnings);
    return r;
}

static void expected_name(char name[static 256])
{
    snprintf(name, 256, "%.*s.errors", (int)(strlen(current) - strlen(".yaml")), current);
}

static void test(void)
{
    static char found[TEXT_MAX], expected[TEXT_MAX];
    LC_CLEANUP_FILE FILE *file = NULL;
    char name[256];
    int r = load_errors(current, found);

    if (!strncmp(current, "good/", 5)) {
        CHECK_INT(r, 0);
        CHECK_STR(found, "");
        return;
    }
    CHECK_INT(r, -EINVAL);
    expected_name(name);
    file = fopen(name, "re");
    CHECK(file != NULL);
    if (!file)
        return;
    expected[fread(expected, 1, sizeof(expected) - 1, file)] = '\0';
    CHECK_STR(found, expected);
}

static void run(const char *path)
{
    LC_CLEANUP_FILE FILE *file = fopen(path, "re");
    char line[256] = "";

    current = path;
    if (!file || !fgets(line, sizeof(line), file) || strncmp(line, "# ", 2) != 0)
        snprintf(line, sizeof(line), "# %s", path);
    line[strcspn(line, ".\n")] = '\0';
    for (char *at = line; *at; at++)
        if (*at == '#') /* a directive to TAP */
            *at = ' ';
    tap_run(line + 2, test);
}

static int write_errors(const char *path)
{
    static char found[TEXT_MAX];
    LC_CLEANUP_FILE FILE *file = NULL;
    char name[256];

    current = path;
    load_errors(path, found);
    if (!strncmp(path, "good/", 5))
        return 0;
    expected_name(name);
    file = fopen(name, "we");
    return file && fputs(found, file) >= 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    bool anew = argc == 3 && !strcmp(argv[2], "write");
    glob_t files;

    if (argc < 2 || chdir(argv[1]) < 0 || glob("*/*.yaml", 0, NULL, &files) != 0) {
        puts("Bail out! no directory with files");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < files.gl_pathc; i++) {
        if (!anew)
            run(files.gl_pathv[i]);
        else if (write_errors(files.gl_pathv[i]) < 0)
            return EXIT_FAILURE;
    }
    globfree(&files);
    return anew ? EXIT_SUCCESS : tap_done();
}
