/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A test program of one case that needs nothing of the library: TEST_MAIN("name", test, ...). */

#ifndef DP_TESTS_SUITE_H
#define DP_TESTS_SUITE_H

#include "config.h"

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

/* Runs a test case and `count` more tests in it, each of at most so many seconds. */
static inline int test_run_case(TCase *tcase, const char *name, const TTest *const *tests,
                                size_t count, double seconds)
{
    Suite *suite = suite_create(name);
    SRunner *runner;
    int failed;
    size_t i;

    tcase_set_timeout(tcase, seconds);
    for (i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

static inline int test_run(const char *name, const TTest *const *tests, size_t count)
{
    test_forget_environment();
    return test_run_case(tcase_create(name), name, tests, count, 60);
}

#define TEST_MAIN(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
                                                                                                   \
        return test_run(name, tests, sizeof(tests) / sizeof(tests[0]));                            \
    }

#endif
