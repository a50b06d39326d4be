/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What the tests of connectors/ share: a context, a temporary folder. */

#ifndef DP_TESTS_CONNECTORS_H
#define DP_TESTS_CONNECTORS_H

#include "tests/suite.h"

#include "dataplug.h"

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

#endif
