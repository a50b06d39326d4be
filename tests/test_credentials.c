/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/credentialing.h"

#include "connectors/credentials.h"

#include <time.h>

/* The keys that a context with `options` finds, "KEY SECRET TOKEN", or the code of the failure. */
static void check(const struct dp_context_options *options, const char *expected, int expected_rc)
{
    struct dp_credentials keys = {0};
    struct dp_s3_account *account;
    struct dp_context *context;
    struct dp_error err = {0};
    char text[200];
    int rc;

    ck_assert_int_eq(dp_context_new(options, &context, NULL), DP_OK);
    rc = dp_credentials_account(context, &account, &err);
    if (!rc)
        rc = dp_credentials_get(account, &keys, &err);
    ck_assert_msg(rc == expected_rc, "%s", err.message);
    if (!rc) {
        snprintf(text, sizeof(text), "%s %s %s", keys.access_key, keys.secret_key,
                 keys.token ? keys.token : "-");
        ck_assert_str_eq(text, expected);
    }
    dp_credentials_clear(&keys);
    dp_context_free(context);
}

START_TEST(sources_in_their_order)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    const char *folder =
        credentialing_begin("[default]\naws_access_key_id = A\naws_secret_access_key = a\n"
              "[two]\naws_access_key_id=B\naws_secret_access_key=b\naws_session_token=t\n",
              "[default]\naws_access_key_id = X\naws_secret_access_key = x\n"
              "[profile three]\naws_access_key_id = C\naws_secret_access_key = c\n");

    check(NULL, "A a -", DP_OK);
    setenv("AWS_PROFILE", "two", 1);
    check(NULL, "B b t", DP_OK);
    setenv("AWS_PROFILE", "three", 1);
    check(NULL, "C c -", DP_OK);
    setenv("AWS_ACCESS_KEY_ID", "E", 1);
    check(NULL, NULL, DP_INVALID);
    setenv("AWS_SECRET_ACCESS_KEY", "e", 1);
    check(NULL, "E e -", DP_OK);
    setenv("AWS_SESSION_TOKEN", "f", 1);
    check(NULL, "E e f", DP_OK);
    /* Named by the caller, a profile goes before the environment. */
    options.profile = "two";
    check(&options, "B b t", DP_OK);
    options.profile = "none";
    check(&options, NULL, DP_INVALID);
    options.profile = NULL;
    options.no_sign_request = 1;
    check(&options, "  -", DP_OK);
    test_leave_folder(folder);
}
END_TEST

START_TEST(other_files)
{
    const char *folder = credentialing_begin(NULL, NULL);

    check(NULL, NULL, DP_DENIED);
    test_write_file("keys", "[default]\naws_access_key_id=A\naws_secret_access_key=a\n", 54);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/keys", 1);
    check(NULL, "A a -", DP_OK);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "keys", 1);
    check(NULL, "A a -", DP_OK);
    test_leave_folder(folder);
}
END_TEST

static void check_settings(const struct dp_context_options *options, const char *region,
                           const char *endpoint)
{
    const struct dp_s3_settings *settings;
    struct dp_s3_account *account, *again;
    struct dp_context *context;

    ck_assert_int_eq(dp_context_new(options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    settings = dp_credentials_settings(account);
    ck_assert_str_eq(settings->region, region);
    ck_assert_str_eq(settings->endpoint ? settings->endpoint : "-", endpoint);
    ck_assert_int_eq(dp_credentials_account(context, &again, NULL), DP_OK);
    ck_assert_ptr_eq(account, again);
    dp_context_free(context);
}

START_TEST(region_and_endpoint)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    const char *folder =
        credentialing_begin(NULL, "[profile lab]\nregion = eu-north-1\nservices = inside\n"
                                     "endpoint_url = http://general\n"
                                     "[services inside]\ns3 =\n  endpoint_url = http://own:1//\n"
                                     "[profile other]\nendpoint_url = http://general\n");
    struct dp_s3_account *account = NULL;
    struct dp_context *context;

    check_settings(NULL, "us-east-1", "-");
    setenv("AWS_PROFILE", "lab", 1);
    check_settings(NULL, "eu-north-1", "http://own:1");
    setenv("AWS_PROFILE", "other", 1);
    check_settings(NULL, "us-east-1", "http://general");
    setenv("AWS_DEFAULT_REGION", "d", 1);
    setenv("AWS_ENDPOINT_URL", "http://two", 1);
    check_settings(NULL, "d", "http://two");
    setenv("AWS_REGION", "r", 1);
    setenv("AWS_ENDPOINT_URL_S3", "https://three", 1);
    check_settings(NULL, "r", "https://three");
    setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
    check_settings(NULL, "r", "-");
    options.region = "o";
    options.endpoint_url = "http://four/";
    check_settings(&options, "o", "http://four");
    options.endpoint_url = "four";
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_INVALID);
    ck_assert_ptr_null(account);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

START_TEST(keys_can_be_renewed)
{
    const char *folder =
        credentialing_begin("[default]\naws_access_key_id = A\naws_secret_access_key = a\n", NULL);
    static const char text[] = "[default]\naws_access_key_id = B\naws_secret_access_key = b\n";
    struct dp_credentials old = {0}, new = {0};
    struct dp_context *context = test_context();
    struct dp_s3_account *account;

    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    ck_assert_int_eq(dp_credentials_get(account, &old, NULL), DP_OK);
    ck_assert(!dp_credentials_renew(account));
    test_write_file(".aws/credentials", text, sizeof(text) - 1);
    ck_assert(dp_credentials_renew(account));
    ck_assert_int_eq(dp_credentials_get(account, &new, NULL), DP_OK);
    ck_assert_str_eq(new.access_key, "B");
    /* Another thread comes, refused with the old ones: they are renewed already. */
    ck_assert(dp_credentials_renew(account));
    dp_credentials_clear(&old);
    dp_credentials_clear(&new);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* ----------------------------------------------------------------------------------- expiry */

static atomic_long clock_offset;

/* The library asks this clock: the tests turn it. */
time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += atomic_load(&clock_offset);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

/* A command that gives other keys each time, good for an hour from then on by our clock; it fails
 * while there is a file "broken". Its calls are counted in "calls". */
static const char *begin_process(void)
{
    static const char script[] =
        "echo >>calls; sleep 0.2; test ! -e broken || exit 1\n"
        "echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"K$(wc -l <calls)\\\", "
        "\\\"SecretAccessKey\\\": \\\"s\\\", \\\"Expiration\\\": \\\"$(date -u -d @$(cat expires) "
        "+%Y-%m-%dT%H:%M:%SZ)\\\"}\"\n";
    const char *folder =
        credentialing_begin(NULL, "[default]\ncredential_process = sh ./process\n");

    test_write_file("process", script, sizeof(script) - 1);
    return folder;
}

static void expire_at(time_t at)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld\n", (long long)at);
    test_write_file("expires", text, strlen(text));
}

static void check_key(struct dp_s3_account *account, const char *expected)
{
    struct dp_credentials keys = {0};
    struct dp_error err = {0};
    int rc = dp_credentials_get(account, &keys, &err);

    ck_assert_msg(rc == (expected ? DP_OK : DP_DENIED), "%d: %s", rc, err.message);
    if (expected)
        ck_assert_str_eq(keys.access_key, expected);
    dp_credentials_clear(&keys);
}

static void *get_first_key(void *account)
{
    check_key(account, "K1");
    return NULL;
}

START_TEST(many_threads_ask_once)
{
    const char *folder = begin_process();
    struct dp_context *context = test_context();
    struct dp_s3_account *account;
    pthread_t threads[8];
    size_t i;

    expire_at(time(NULL) + 3600);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    for (i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, get_first_key, account), 0);
    for (i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(system("test $(wc -l <calls) = 1"), 0);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

static void turn_clock(long seconds)
{
    atomic_fetch_add(&clock_offset, seconds);
}

START_TEST(keys_are_renewed_before_they_expire)
{
    const char *folder = begin_process();
    struct dp_context *context = test_context();
    struct dp_s3_account *account;

    expire_at(time(NULL) + 3600);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    check_key(account, "K1");
    turn_clock(3000);
    check_key(account, "K1");
    expire_at(time(NULL) + 4000);
    turn_clock(400); /* 200 seconds before the expiry */
    check_key(account, "K2");
    check_key(account, "K2");
    /* Keys that cannot be renewed yet are used on, and it is not tried all the time. */
    turn_clock(3400);
    test_write_file("broken", "", 0);
    check_key(account, "K2");
    check_key(account, "K2");
    ck_assert_int_eq(system("test $(wc -l <calls) = 3"), 0);
    turn_clock(60);
    check_key(account, "K2");
    ck_assert_int_eq(system("test $(wc -l <calls) = 4"), 0);
    turn_clock(3600);
    check_key(account, NULL);
    expire_at(time(NULL) + 60);
    ck_assert_int_eq(unlink("broken"), 0);
    check_key(account, "K6");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* Services that cannot renew keys hand expired ones on; the store has the last word. */
START_TEST(expired_keys_are_not_asked_for_all_the_time)
{
    const char *folder = begin_process();
    struct dp_context *context = test_context();
    struct dp_s3_account *account;

    expire_at(time(NULL) - 10);
    ck_assert_int_eq(dp_credentials_account(context, &account, NULL), DP_OK);
    check_key(account, "K1");
    check_key(account, "K1");
    turn_clock(31);
    check_key(account, "K2");
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

TEST_MAIN("credentials", sources_in_their_order, other_files, region_and_endpoint,
          keys_can_be_renewed, many_threads_ask_once, keys_are_renewed_before_they_expire,
          expired_keys_are_not_asked_for_all_the_time)
