/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of connectors/ share: a context, a temporary folder, a runner. */

#ifndef DP_TESTS_CONNECTORS_H
#define DP_TESTS_CONNECTORS_H

#include "config.h"

#include "dataplug.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Takes away what the environment says of stores, proxies, passwords, certificates and indexes: the
 * caller's are not the tests'. */
static inline void test_forget_environment(void)
{
    static const char *const names[] = {"DP_INDEX_DIR",  "NETRC",       "CURL_CA_BUNDLE",
                                        "SSL_CERT_FILE", "SSL_CERT_DIR"};
    char name[256];
    size_t i = 0;

    while (environ[i]) {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(environ[i], "="), environ[i]);
        if (strncmp(name, "AWS_", 4) == 0 || strcasestr(name, "_proxy"))
            unsetenv(name);
        else
            i++;
    }
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
}

/* Where temporary folders go: TMPDIR, where its name is the same in a URI. */
static inline const char *test_temporary(void)
{
    const char *base = getenv("TMPDIR");
    size_t n = base ? strspn(base, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789/._-") : 0;

    return n && !base[n] ? base : "/tmp";
}

static inline struct dp_context *test_context(void)
{
    struct dp_context *context = NULL;

    ck_assert_int_eq(dp_context_new(NULL, &context, NULL), DP_OK);
    return context;
}

/* Makes an empty folder and goes there; its path stays valid. */
static inline const char *test_enter_folder(void)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/dataplug-test-XXXXXX", test_temporary());
    ck_assert_ptr_nonnull(mkdtemp(path));
    ck_assert_int_eq(chdir(path), 0);
    return path;
}

static inline void test_leave_folder(const char *path)
{
    char command[600];

    ck_assert_int_eq(chdir("/"), 0);
    snprintf(command, sizeof(command), "chmod -R u+w '%s' && rm -r '%s'", path, path);
    ck_assert_int_eq(system(command), 0);
}

static inline void test_write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
}

/* Runs one test case of `count` tests. */
static inline int test_run(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    SRunner *runner;
    int failed;
    size_t i;

    test_forget_environment();
    tcase_set_timeout(tcase, 60);
    for (i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

#define TEST_MAIN(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
                                                                                                   \
        return test_run(name, tests, sizeof(tests) / sizeof(tests[0]));                            \
    }

#endif
