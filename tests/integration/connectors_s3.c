/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The connectors against a real S3 service, which test-connectors.sh starts: a Ceph RADOS gateway.
 * Not part of `make check`. */

#include "tests/integration/servers.h"

#include "connectors/context.h"
#include "connectors/s3.h"
#include "connectors/sigv4.h"

#include <time.h>

static void expect_key(struct dp_context *context, const char *uri, const char *canonical)
{
    struct dp_object *object;
    char text[64] = "";

    servers_put(context, uri, uri, strlen(uri));
    object = servers_open(context, uri);
    ck_assert_str_eq(dp_object_uri(object), canonical ? canonical : uri);
    dp_object_free(object);
    object = servers_open(context, canonical ? canonical : uri);
    ck_assert_uint_eq(dp_object_size(object), strlen(uri));
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){0, strlen(uri)}, text, NULL),
                     DP_OK);
    ck_assert_str_eq(text, uri);
    dp_object_free(object);
}

START_TEST(odd_keys)
{
    struct dp_context *context = servers_context(0, NULL);

    expect_key(context, "s3://test-bucket/odd/plain", NULL);
    expect_key(context, "s3://test-bucket/odd/two words", "s3://test-bucket/odd/two%20words");
    expect_key(context, "s3://test-bucket/odd/a+b=c&d", "s3://test-bucket/odd/a%2Bb%3Dc%26d");
    expect_key(context, "s3://test-bucket/odd/100%", "s3://test-bucket/odd/100%25");
    expect_key(context, "s3://test-bucket/odd/%25zz", "s3://test-bucket/odd/%25zz");
    expect_key(context, "s3://test-bucket/odd/\xc3\xa9\xe2\x82\xac",
               "s3://test-bucket/odd/%C3%A9%E2%82%AC");
    expect_key(context, "s3://test-bucket/odd//double", NULL);
    expect_key(context, "s3://test-bucket/odd/a/../b", NULL);
    expect_key(context, "s3://test-bucket/odd/?x#y", "s3://test-bucket/odd/%3Fx%23y");
    expect_key(context, "s3://test-bucket/odd/~*'()!", "s3://test-bucket/odd/~%2A%27%28%29%21");
    dp_context_free(context);
}
END_TEST

START_TEST(ranges_over_s3)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object;
    uint64_t requests;

    servers_put(context, "s3://test-bucket/reads.bin", servers_data(), SERVERS_DATA_BYTES);
    requests = servers_stats(context).requests;
    object = servers_open(context, "s3://test-bucket/reads.bin");
    ck_assert_uint_eq(servers_stats(context).requests - requests, 1);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    servers_check_ranges(object);
    servers_check_input(object, 70001);
    dp_object_free(object);
    servers_check_threads("s3://test-bucket/reads.bin");
    servers_put(context, "s3://test-bucket/empty", "", 0);
    object = servers_open(context, "s3://test-bucket/empty");
    ck_assert_uint_eq(dp_object_size(object), 0);
    ck_assert_int_eq(strncmp(dp_object_validator(object), "etag:\"", 6), 0);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(an_overwritten_s3_object_is_refused)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object_options options = {.struct_bytes = sizeof(options), .size_bytes = 100000};
    struct dp_object *object, *planned;
    struct dp_error err;
    char validator[300];
    uint8_t byte;

    servers_put(context, "s3://test-bucket/swap", servers_data(), 100000);
    object = servers_open(context, "s3://test-bucket/swap");
    snprintf(validator, sizeof(validator), "%s", dp_object_validator(object));
    servers_put(context, "s3://test-bucket/swap", servers_data() + 1, 100000);
    ck_assert_int_eq(dp_object_read_at(object, (struct dp_range){99999, 100000}, &byte, &err),
                     DP_CHANGED);
    ck_assert_int_eq(err.http_status, 412);
    options.validator = validator;
    ck_assert_int_eq(dp_object_open(context, "s3://test-bucket/swap", &options, &planned, NULL),
                     DP_OK);
    ck_assert_int_eq(dp_object_read_at(planned, (struct dp_range){0, 1}, &byte, &err), DP_CHANGED);
    dp_object_free(planned);
    options.size_bytes = 0;
    ck_assert_int_eq(dp_object_open(context, "s3://test-bucket/swap", &options, &planned, &err),
                     DP_CHANGED);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(s3_refusals_are_plain_words)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options)};
    struct dp_context *context = servers_context(0, NULL);
    struct dp_sink *sink = NULL;
    struct dp_error err = {0};

    servers_put(context, "s3://test-bucket/there", "x", 1);
    servers_expect_failure(context, "s3://test-bucket/none", DP_NOT_FOUND, 404,
                           "no such object (NoSuchKey");
    servers_expect_failure(context, "s3://no-bucket-here/x", DP_NOT_FOUND, 404, "NoSuchBucket");
    ck_assert_int_eq(dp_sink_open(context, "s3://no-bucket-here/x", &sink, &err), DP_NOT_FOUND);
    servers_expect_failure(context, "s3://test-bucket/", DP_INVALID, 0, "key");
    dp_context_free(context);

    options.no_sign_request = 1;
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    servers_expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403, "AccessDenied");
    ck_assert_int_eq(dp_sink_open(context, "s3://test-bucket/no", &sink, &err), DP_DENIED);
    dp_context_free(context);

    setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret", 1);
    context = servers_context(0, NULL);
    servers_expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403,
                           "SignatureDoesNotMatch");
    dp_context_free(context);
    setenv("AWS_ACCESS_KEY_ID", "NOBODY", 1);
    context = servers_context(0, NULL);
    servers_expect_failure(context, "s3://test-bucket/there", DP_DENIED, 403, "InvalidAccessKeyId");
    dp_context_free(context);
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("HOME", "/nonexistent", 1);
    context = servers_context(0, NULL);
    servers_expect_failure(context, "s3://test-bucket/there", DP_DENIED, 0, "no S3 credentials");
    dp_context_free(context);
}
END_TEST

START_TEST(keys_from_a_profile)
{
    const char *folder = test_enter_folder();
    struct dp_context *context;
    struct dp_object *object;
    char text[1000];
    FILE *file;

    context = servers_context(0, NULL);
    servers_put(context, "s3://test-bucket/there", "x", 1);
    dp_context_free(context);

    file = fopen("credentials", "w");
    fprintf(file,
            "[default]\naws_access_key_id = NOBODY\naws_secret_access_key = x\n"
            "[lab]\naws_access_key_id = %s\naws_secret_access_key = %s\n",
            servers_need("AWS_ACCESS_KEY_ID"), servers_need("AWS_SECRET_ACCESS_KEY"));
    fclose(file);
    snprintf(text, sizeof(text), "[profile lab]\nendpoint_url = %s/\nregion = eu-west-1\n",
             servers_need("AWS_ENDPOINT_URL"));
    test_write_file("config", text, strlen(text));
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_REGION");
    setenv("AWS_SHARED_CREDENTIALS_FILE", "credentials", 1);
    setenv("AWS_CONFIG_FILE", "config", 1);
    setenv("AWS_PROFILE", "lab", 1);
    context = servers_context(0, NULL);
    object = servers_open(context, "s3://test-bucket/there");
    ck_assert_uint_eq(dp_object_size(object), 1);
    dp_object_free(object);
    dp_context_free(context);
    test_leave_folder(folder);
}
END_TEST

/* A presigned URL as an AWS tool would make it. */
static char *presign(struct dp_context *context, const char *uri, const char *method)
{
    struct dp_sigv4_header host;
    struct dp_sigv4_request request = {.method = method,
                                       .query = "",
                                       .headers = &host,
                                       .header_count = 1,
                                       .payload_hash = DP_SIGV4_UNSIGNED};
    char timestamp[32], *query, *url;
    struct dp_sigv4_scope scope = {servers_need("AWS_ACCESS_KEY_ID"),
                                   servers_need("AWS_SECRET_ACCESS_KEY"), "us-east-1", "s3",
                                   timestamp};
    struct dp_s3_place *place;
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(timestamp, sizeof(timestamp), "%Y%m%dT%H%M%SZ", &utc);
    ck_assert_int_eq(dp_s3_place_open(context, uri, &place, NULL), DP_OK);
    host = (struct dp_sigv4_header){"host", place->host};
    request.path = place->path;
    ck_assert_int_eq(dp_sigv4_presign(&request, &scope, 600, NULL, &query, NULL), DP_OK);
    ck_assert_int_gt(asprintf(&url, "%s%s?%s", place->base, place->path, query), 0);
    free(query);
    dp_s3_place_free(place);
    return url;
}

START_TEST(presigned_urls)
{
    struct dp_context *context = servers_context(0, NULL);
    char *url = presign(context, "s3://test-bucket/signed object", "PUT"), *bad;
    struct dp_object *object;
    struct dp_error err = {0};

    servers_put(context, url, servers_data(), SERVERS_DATA_BYTES);
    free(url);
    url = presign(context, "s3://test-bucket/signed object", "GET");
    object = servers_open(context, url);
    ck_assert_int_eq(dp_object_is_signed(object), 1);
    ck_assert_str_eq(dp_object_uri(object), servers_url("RGW_URL", "/test-bucket/signed%20object"));
    servers_check_ranges(object);
    dp_object_free(object);
    bad = strstr(url, "X-Amz-Signature=") + 16;
    bad[0] = bad[0] == '0' ? '1' : '0';
    ck_assert_int_eq(dp_object_open(context, url, NULL, &object, &err), DP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.message, "SignatureDoesNotMatch"));
    ck_assert_ptr_null(strstr(err.message, "X-Amz-"));
    free(url);
    dp_context_free(context);
}
END_TEST

/* Of 100 small reads, how many took less than a delayed acknowledgement, which costs 40 ms. */
static int count_swift_reads(struct dp_object *object)
{
    struct timespec before, after;
    uint8_t buffer[1000];
    uint64_t i;
    int count = 0;

    for (i = 0; i < 100; i++) {
        clock_gettime(CLOCK_MONOTONIC, &before);
        ck_assert_int_eq(
            dp_object_read_at(object, (struct dp_range){100000 + i, 101000 + i}, buffer, NULL),
            DP_OK);
        clock_gettime(CLOCK_MONOTONIC, &after);
        count += (after.tv_sec - before.tv_sec) * 1000 +
                     (after.tv_nsec - before.tv_nsec) / 1000000 < 35;
    }
    return count;
}

/* They would, nearly all of them and every time; on a busy machine some are slow sometimes. */
START_TEST(small_reads_do_not_wait_for_acknowledgements)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_object *object;
    int tries = 1;

    servers_put(context, "s3://test-bucket/many", servers_data(), SERVERS_DATA_BYTES);
    object = servers_open(context, "s3://test-bucket/many");
    while (count_swift_reads(object) < 50)
        ck_assert_int_lt(tries++, 8);
    dp_object_free(object);
    dp_context_free(context);
}
END_TEST

START_TEST(a_big_object_goes_in_parts)
{
    struct dp_context *context = servers_context(0, NULL);
    struct dp_sink *sink;
    struct dp_object *object;
    struct dp_error err = {0};
    uint64_t written = 0, size = 0;
    char uri[100];
    uint8_t *buffer = malloc(SERVERS_DATA_BYTES);

    snprintf(uri, sizeof(uri), "s3://test-bucket/big-%ld", (long)getpid());
    ck_assert_int_eq(dp_sink_open(context, uri, &sink, NULL), DP_OK);
    for (; written < (uint64_t)140 << 20; written += SERVERS_DATA_BYTES) {
        int rc = dp_sink_write(sink, servers_data(), SERVERS_DATA_BYTES, &err);

        ck_assert_msg(rc == DP_OK, "%s", err.message);
        size += SERVERS_DATA_BYTES;
    }
    servers_expect_failure(context, uri, DP_NOT_FOUND, 404, "");
    ck_assert_int_eq(dp_sink_commit(sink, &err), DP_OK);
    dp_sink_free(sink);
    object = servers_open(context, uri);
    ck_assert_uint_eq(dp_object_size(object), size);
    for (written = 0; written < size; written += SERVERS_DATA_BYTES) {
        ck_assert_int_eq(dp_object_read_at(object,
                                           (struct dp_range){written, written + SERVERS_DATA_BYTES},
                                           buffer, &err),
                         DP_OK);
        ck_assert_int_eq(memcmp(buffer, servers_data(), SERVERS_DATA_BYTES), 0);
    }
    dp_object_free(object);

    /* Given up in the middle, also when the caller wants to stop: nothing is left. */
    ck_assert_int_eq(dp_sink_open(context, "s3://test-bucket/half", &sink, NULL), DP_OK);
    for (written = 0; written < (uint64_t)70 << 20; written += SERVERS_DATA_BYTES)
        ck_assert_int_eq(dp_sink_write(sink, servers_data(), SERVERS_DATA_BYTES, &err), DP_OK);
    dp_sink_free(sink);
    servers_expect_failure(context, "s3://test-bucket/half", DP_NOT_FOUND, 404, "");
    free(buffer);
    dp_context_free(context);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {odd_keys,
                                  ranges_over_s3,
                                  an_overwritten_s3_object_is_refused,
                                  s3_refusals_are_plain_words,
                                  keys_from_a_profile,
                                  presigned_urls,
                                  small_reads_do_not_wait_for_acknowledgements,
                                  a_big_object_goes_in_parts};

    return servers_run("connectors over S3", tests, sizeof(tests) / sizeof(tests[0]));
}
