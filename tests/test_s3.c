/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/scripted.h"

#include "connectors/s3.h"
#include "connectors/sigv4.h"

#include <time.h>

static atomic_long clock_step, clock_offset;

/* The library asks this clock, which a test can make to run by `clock_step` seconds each time. */
time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += atomic_fetch_add(&clock_offset, atomic_load(&clock_step));
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

static struct dp_context *s3_context(const char *endpoint)
{
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .attempts = 2,
                                         .timeout_seconds = 30,
                                         .region = "us-east-1",
                                         .endpoint_url = endpoint};
    struct dp_context *context = NULL;

    unsetenv("http_proxy");
    unsetenv("AWS_PROFILE");
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_S3");
    unsetenv("AWS_SESSION_TOKEN");
    setenv("no_proxy", "*", 1);
    setenv("HOME", "/nonexistent", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret/example", 1);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    return context;
}

/* The parts of the request for `uri`. */
static void check_place(const char *endpoint, const char *uri, const char *canonical,
                        const char *base, const char *host, const char *path)
{
    struct dp_context *context = s3_context(endpoint);
    struct dp_s3_place *place;
    struct dp_error err = {0};

    ck_assert_msg(dp_s3_place_open(context, uri, &place, &err) == DP_OK, "%s", err.message);
    ck_assert_str_eq(place->uri, canonical);
    ck_assert_str_eq(place->base, base);
    ck_assert_str_eq(place->host, host);
    ck_assert_str_eq(place->path, path);
    dp_s3_place_free(place);
    dp_context_free(context);
}

START_TEST(addresses)
{
    check_place(NULL, "s3://bucket/a/b", "s3://bucket/a/b",
                "https://bucket.s3.us-east-1.amazonaws.com", "bucket.s3.us-east-1.amazonaws.com",
                "/a/b");
    check_place(NULL, "s3://my.bucket/k", "s3://my.bucket/k",
                "https://s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com",
                "/my.bucket/k");
    check_place("http://h:8000", "S3://bucket/a b", "s3://bucket/a%20b", "http://h:8000", "h:8000",
                "/bucket/a%20b");
    check_place("http://h:80/", "s3://bucket/k", "s3://bucket/k", "http://h:80", "h",
                "/bucket/k");
    check_place("https://h:443/gate/way", "s3://bucket/k", "s3://bucket/k", "https://h:443", "h",
                "/gate/way/bucket/k");
    check_place("http://h", "s3://bucket/k?versionId=a/b", "s3://bucket/k?versionId=a%2Fb",
                "http://h", "h", "/bucket/k");
    check_place("http://h", "s3://bucket/k?x", "s3://bucket/k%3Fx", "http://h", "h",
                "/bucket/k%3Fx");
    check_place("http://h", "s3://tenant:bucket/k", "s3://tenant:bucket/k", "http://h", "h",
                "/tenant:bucket/k");
}
END_TEST

START_TEST(which_of_the_endpoints_of_aws)
{
    setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
    check_place(NULL, "s3://bucket/k", "s3://bucket/k",
                "https://bucket.s3-fips.us-east-1.amazonaws.com",
                "bucket.s3-fips.us-east-1.amazonaws.com", "/k");
    setenv("AWS_USE_DUALSTACK_ENDPOINT", "true", 1);
    check_place(NULL, "s3://bucket/k", "s3://bucket/k",
                "https://bucket.s3-fips.dualstack.us-east-1.amazonaws.com",
                "bucket.s3-fips.dualstack.us-east-1.amazonaws.com", "/k");
    check_place("http://h", "s3://bucket/k", "s3://bucket/k", "http://h", "h", "/bucket/k");
    unsetenv("AWS_USE_FIPS_ENDPOINT");
    unsetenv("AWS_USE_DUALSTACK_ENDPOINT");
}
END_TEST

/* A redirect changes the host, for this object and for the next one of the bucket. */
START_TEST(redirects_change_the_host)
{
    struct dp_context *context = s3_context(NULL);
    struct dp_http_request request = {.method = "GET", .url = "", .name = "s3://bucket/k"};
    struct dp_http_answer answer = {.status = 307, .region = "cn-north-1"};
    struct dp_s3_place *place, *next;

    ck_assert_int_eq(dp_s3_place_open(context, "s3://bucket/k", &place, NULL), DP_OK);
    ck_assert(place->auth.mend(&place->auth, &request, &answer));
    ck_assert_str_eq(place->host, "bucket.s3.cn-north-1.amazonaws.com.cn");
    ck_assert(!place->auth.mend(&place->auth, &request, &answer)); /* it is there already */
    ck_assert_int_eq(dp_s3_place_open(context, "s3://bucket/other", &next, NULL), DP_OK);
    ck_assert_str_eq(next->host, "bucket.s3.cn-north-1.amazonaws.com.cn");
    dp_s3_place_free(next);
    ck_assert_int_eq(dp_s3_place_open(context, "s3://another/k", &next, NULL), DP_OK);
    ck_assert_str_eq(next->host, "another.s3.us-east-1.amazonaws.com");
    dp_s3_place_free(next);
    dp_s3_place_free(place);
    dp_context_free(context);
}
END_TEST

START_TEST(presigned_urls)
{
    struct dp_context *context = s3_context("http://h:8000");
    struct dp_context_options options = {.struct_bytes = sizeof(options), .no_sign_request = 1};
    int64_t expires = 0, end;
    char *url = NULL;

    atomic_store(&clock_step, 1); /* the expiry told is that of the URL, however slow we are */
    ck_assert_int_eq(dp_s3_presign(context, "s3://bucket/a b?versionId=v", 60, &url, &expires,
                                   NULL), DP_OK);
    atomic_store(&clock_step, 0);
    ck_assert_int_eq(strncmp(url, "http://h:8000/bucket/a%20b?versionId=v&X-Amz-Algorithm=", 55),
                     0);
    ck_assert_ptr_nonnull(strstr(url, "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Sig"));
    ck_assert_ptr_null(strstr(url, "secret"));
    ck_assert(dp_sigv4_expiry(url, &end));
    ck_assert_int_eq(end, expires);
    free(url);
    url = NULL;
    dp_context_free(context);
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_presign(context, "s3://bucket/k", 60, &url, &expires, NULL), DP_INVALID);
    ck_assert_ptr_null(url);
    dp_context_free(context);
}
END_TEST

START_TEST(what_names_no_object)
{
    static const char *const uris[] = {"s3://", "s3:///key", "s3://bucket", "s3://bucket/",
                                       "s3://b c/key", "s3://ab/key", "s3://bucket/a%00b",
                                       "s3://a%2Fb/key",
                                       "s3://bucket@host/key"};
    struct dp_context *context = s3_context("http://h");
    struct dp_s3_place *place = NULL;
    struct dp_error err;
    size_t i;

    for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
        ck_assert_msg(dp_s3_place_open(context, uris[i], &place, &err) == DP_INVALID, "%s",
                      uris[i]);
    ck_assert_ptr_null(place);
    dp_context_free(context);
}
END_TEST

#define GOOD                                                                                       \
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\n"                             \
    "Content-Length: 10\r\nETag: \"x\""

START_TEST(requests_are_signed)
{
    struct scripted *server = scripted_start(SCRIPT({.head = GOOD, .body_bytes = 10}));
    struct dp_context *context = s3_context(server->url);
    struct dp_object *object;
    const char *request = server->requests[0];

    setenv("AWS_SESSION_TOKEN", "the-token", 1);
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/a b?versionId=v", NULL, &object, NULL),
                     DP_OK);
    ck_assert_int_eq(strncmp(request, "GET /bucket/a%20b?versionId=v HTTP/1.1\r\n", 40), 0);
    ck_assert_ptr_nonnull(strstr(request, "\r\nHost: 127.0.0.1:"));
    ck_assert_ptr_nonnull(strstr(request, "\r\nx-amz-date: 20"));
    ck_assert_ptr_nonnull(strstr(request, "\r\nx-amz-security-token: the-token\r\n"));
    ck_assert_ptr_nonnull(
        strstr(request, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20"));
    ck_assert_ptr_nonnull(
        strstr(request, "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token"));
    ck_assert_ptr_null(strstr(request, "secret/example"));
    dp_object_free(object);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(anonymous_requests_are_not)
{
    struct scripted *server = scripted_start(SCRIPT({.head = GOOD, .body_bytes = 10}));
    struct dp_context_options options = {.struct_bytes = sizeof(options),
                                         .endpoint_url = server->url,
                                         .no_sign_request = 1};
    struct dp_context *context;
    struct dp_object *object;

    dp_context_free(s3_context(server->url));
    ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_OK);
    ck_assert_ptr_null(strstr(server->requests[0], "Authorization"));
    ck_assert_ptr_null(strstr(server->requests[0], "x-amz-"));
    dp_object_free(object);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

/* AWS answers so when the region is wrong, and names the right one. */
START_TEST(the_right_region_is_learnt)
{
    struct scripted *server = scripted_start(
        SCRIPT({.head = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: eu-west-1\r\n"
                        "Content-Length: 0"},
               {.head = GOOD, .body_bytes = 10},
               {.head = "HTTP/1.1 400 Bad Request\r\nContent-Length: 83",
                .text = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-south-1"
                        "</Region></Error>"},
               {.head = GOOD, .body_bytes = 10},
               {.head = "HTTP/1.1 301 Moved Permanently\r\nx-amz-bucket-region: a/b\r\n"
                        "Content-Length: 0"}));
    struct dp_context *context = s3_context(server->url);
    struct dp_object *object = NULL;

    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_OK);
    ck_assert_ptr_nonnull(strstr(server->requests[0], "/us-east-1/s3/aws4_request"));
    ck_assert_ptr_nonnull(strstr(server->requests[1], "/eu-west-1/s3/aws4_request"));
    dp_object_free(object);
    /* The next object of the bucket begins there. */
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_OK);
    ck_assert_ptr_nonnull(strstr(server->requests[2], "/eu-west-1/s3/aws4_request"));
    ck_assert_ptr_nonnull(strstr(server->requests[3], "/ap-south-1/s3/aws4_request"));
    dp_object_free(object);
    object = NULL;
    /* What cannot be a region goes into no host name. */
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_IO);
    ck_assert_ptr_null(object);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

START_TEST(expired_keys_are_renewed_once)
{
    static const char expired[] = "<Error><Code>ExpiredToken</Code></Error>";
    static const char head[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 40";
    struct scripted *server = scripted_start(
        SCRIPT({.head = GOOD, .body_bytes = 10}, {.head = head, .text = expired},
               {.head = GOOD, .body_bytes = 10}, {.head = head, .text = expired},
               {.head = head, .text = expired}));
    struct dp_context *context = s3_context(server->url);
    struct dp_object *object;
    struct dp_error err;

    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_OK);
    dp_object_free(object);
    setenv("AWS_ACCESS_KEY_ID", "AKIDFRESH", 1);
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, NULL), DP_OK);
    dp_object_free(object);
    ck_assert_ptr_nonnull(strstr(server->requests[1], "Credential=AKIDEXAMPLE/"));
    ck_assert_ptr_nonnull(strstr(server->requests[2], "Credential=AKIDFRESH/"));
    /* Renewed just now, they are tried once more, and that is all. */
    ck_assert_int_eq(dp_object_open(context, "s3://bucket/k", NULL, &object, &err), DP_DENIED);
    ck_assert_ptr_nonnull(strstr(err.message, "expired"));
    ck_assert_uint_eq(server->next, 5);
    dp_context_free(context);
    scripted_stop(server);
}
END_TEST

static void keep_log(void *user, enum dp_log_level level, const char *message)
{
    (void)level;
    strncat(user, message, 4000 - strlen(user));
}

/* Whatever goes wrong, neither messages nor the log tell a secret. */
START_TEST(secrets_stay_secret)
{
    static const char *const heads[] = {
        "HTTP/1.1 403 No\r\nContent-Length: 0", "HTTP/1.1 500 No\r\nContent-Length: 0",
        "HTTP/1.1 301 No\r\nContent-Length: 0", "HTTP/1.1 404 No\r\nContent-Length: 0", NULL};
    char log[4096] = "", url[200];
    struct dp_context_options options = {
        .struct_bytes = sizeof(options), .attempts = 2, .log = keep_log, .user = log};
    size_t i;

    dp_context_free(s3_context(NULL));
    setenv("AWS_SESSION_TOKEN", "token-example", 1);
    for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct scripted_answer answers[4] = {
            {.head = heads[i]}, {.head = heads[i]}, {.head = heads[i]}, {.head = heads[i]}};
        struct scripted *server = scripted_start(answers, 4);
        struct dp_context *context;
        struct dp_object *object;
        struct dp_error err = {0};

        options.endpoint_url = server->url;
        ck_assert_int_eq(dp_context_new(&options, &context, NULL), DP_OK);
        ck_assert_int_ne(dp_object_open(context, "s3://bucket/k", NULL, &object, &err), DP_OK);
        strncat(log, err.message, sizeof(log) - 1 - strlen(log));
        snprintf(url, sizeof(url), "http://me:secret%%2Fexample@%s/k?X-Amz-Signature=token-example",
                 server->url + 7);
        ck_assert_int_ne(dp_object_open(context, url, NULL, &object, &err), DP_OK);
        strncat(log, err.message, sizeof(log) - 1 - strlen(log));
        dp_context_free(context);
        scripted_stop(server);
    }
    ck_assert_uint_gt(strlen(log), 200);
    ck_assert_ptr_null(strstr(log, "secret"));
    ck_assert_ptr_null(strstr(log, "token-example"));
    ck_assert_ptr_null(strstr(log, "Signature="));
}
END_TEST

TEST_MAIN("s3", addresses, which_of_the_endpoints_of_aws, redirects_change_the_host,
          presigned_urls, what_names_no_object, requests_are_signed, anonymous_requests_are_not,
          the_right_region_is_learnt, expired_keys_are_renewed_once, secrets_stay_secret)
