/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

static int read_text(const char *text, bool with_version, struct dp_credentials *keys,
                     struct dp_error *err)
{
    return dp_credentials_json_read("it", text, strlen(text), "Token", with_version, keys, err);
}

START_TEST(a_whole_document)
{
    struct dp_credentials keys = {0};

    ck_assert_int_eq(read_text("{\"Version\": 1, \"Code\": \"Success\", \"AccessKeyId\": \"A\","
                               "\"SecretAccessKey\": \"a\", \"Token\": \"t\", \"More\": {},"
                               "\"Expiration\": \"2026-11-22T10:00:00Z\"}", true, &keys, NULL),
                     DP_OK);
    ck_assert_str_eq(keys.access_key, "A");
    ck_assert_str_eq(keys.secret_key, "a");
    ck_assert_str_eq(keys.token, "t");
    ck_assert_int_eq(keys.expires, 1795341600);
    dp_credentials_clear(&keys);
    ck_assert_int_eq(read_text("{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"a\"}", false, &keys,
                               NULL), DP_OK);
    ck_assert_ptr_null(keys.token);
    ck_assert_int_eq(keys.expires, 0);
    dp_credentials_clear(&keys);
}
END_TEST

/* The document is secret: messages tell nothing of it. */
START_TEST(documents_that_are_refused)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "no JSON object"},
        {"hunter2", "no JSON object"},
        {"[\"hunter2\"]", "no JSON object"},
        {"{\"AccessKeyId\": \"hunter2\"}", "Version"},
        {"{\"Version\": 2, \"AccessKeyId\": \"hunter2\", \"SecretAccessKey\": \"a\"}", "Version"},
        {"{\"Version\": 1, \"AccessKeyId\": \"hunter2\"}", "no SecretAccessKey"},
        {"{\"Version\": 1, \"SecretAccessKey\": \"hunter2\"}", "no AccessKeyId"},
        {"{\"Version\": 1, \"AccessKeyId\": 1, \"SecretAccessKey\": \"hunter2\"}", "no AccessKey"},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hunter2\", "
         "\"Expiration\": \"later\"}", "'later' is no time"},
        {"{\"Version\": 1, \"AccessKeyId\": \"A\\r\\nX: y\", \"SecretAccessKey\": \"hunter2\"}",
         "control"},
        {"{\"Version\": 1, \"Code\": \"Failed\"}", "'Failed'"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dp_credentials keys = {0};
        struct dp_error err = {0};

        ck_assert_int_eq(read_text(cases[i].text, true, &keys, &err), DP_DENIED);
        ck_assert_msg(strstr(err.message, cases[i].message), "%s", err.message);
        ck_assert_ptr_null(strstr(err.message, "hunter2"));
        ck_assert_ptr_null(keys.access_key);
    }
}
END_TEST

TEST_MAIN("credentials_json", a_whole_document, documents_that_are_refused)
