/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Against the examples that AWS publishes: the signature test suite (a service called "service")
 * and the examples of the S3 manual. */

#include "tests/connectors.h"

#include "connectors/sigv4.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char form_hash[] = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";

static const char session_token[] =
    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";

static const struct suite {
    const char *name;
    const char *method, *path, *query;
    struct dp_sigv4_header headers[6];
    const char *payload_hash; /* NULL: empty */
    const char *signature;
} suite[] = {
    {"get-vanilla", "GET", "/", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-query-order-key", "GET", "/", "Param1=value2&Param1=Value1",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-unreserved", "GET", "/",
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
     "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-empty-query-key", "GET", "/", "Param1=value1",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-utf8-query", "GET", "/", "\xe1\x88\xb4=bar",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-unreserved", "GET",
     "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8", "GET", "/\xe1\x88\xb4", "",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-header-key-duplicate", "GET", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "value2"}, {"My-Header1", "value2"},
      {"My-Header1", "value1"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
    {"get-header-value-order", "GET", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "value4"}, {"My-Header1", "value1"},
      {"My-Header1", "value3"}, {"My-Header1", "value2"}, {"X-Amz-Date", "20150830T123600Z"}},
     NULL, "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
    {"get-header-value-trim", "GET", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", " value1"},
      {"My-Header2", " \"a   b   c\""}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-slash", "GET", "//", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-dot-slash", "GET", "/./", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative", "GET", "/example/..", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-relative-relative", "GET", "/example1/example2/../..", "",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-slash-pointless-dot", "GET", "/./example", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
    {"get-slashes", "GET", "//example//", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
    {"get-space", "GET", "/example space/", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"post-vanilla", "POST", "/", "", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query", "POST", "/", "Param1=value1", {{"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort", "POST", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "value1"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case", "POST", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "VALUE1"},
      {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-sts-header-before", "POST", "/", "",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"},
      {"X-Amz-Security-Token",
       "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpS"
       "PfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQD"
       "YwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
       "scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="}}, NULL,
     "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
    {"post-x-www-form-urlencoded", "POST", "/", "",
     {{"Content-Type", "application/x-www-form-urlencoded"}, {"Host", "example.amazonaws.com"},
      {"X-Amz-Date", "20150830T123600Z"}}, form_hash,
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters", "POST", "/", "",
     {{"Content-Type", "application/x-www-form-urlencoded; charset=utf8"},
      {"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, form_hash,
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
    {"get-vanilla-query-order-value", "GET", "/", "Param1=value2&Param1=value1",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-order-encoded", "GET", "/",
     "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, NULL,
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-with-session-token", "GET", "/", "",
     {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"},
      {"X-Amz-Security-Token", session_token}}, NULL,
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
};

/* The same suite, signed in the query for an hour. */
static const struct presigned {
    const char *name;
    const char *path, *query;
    struct dp_sigv4_header headers[5];
    const char *token;
    const char *signature;
} presigned[] = {
    {"get-vanilla-query", "/", "", {{"Host", "example.amazonaws.com"}}, NULL,
     "e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d"},
    {"get-vanilla-with-session-token", "/", "", {{"Host", "example.amazonaws.com"}}, session_token,
     "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"},
    {"get-vanilla-query-order-key-case", "/", "Param2=value2&Param1=value1",
     {{"Host", "example.amazonaws.com"}}, NULL,
     "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
    {"get-vanilla-query-order-encoded", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
     {{"Host", "example.amazonaws.com"}}, NULL,
     "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
    {"get-header-value-order", "/", "",
     {{"Host", "example.amazonaws.com"}, {"My-Header1", "value4"}, {"My-Header1", "value1"},
      {"My-Header1", "value3"}, {"My-Header1", "value2"}}, NULL,
     "313720e71ca6202fdcfa9b20f88de01a4eb0638a83c833b1c184359a4eda864e"},
    {"get-space-normalized", "/example space/", "", {{"Host", "example.amazonaws.com"}}, NULL,
     "7a1f416954786484c9824d93c1f26ef64acb9b1b6c9154d08c9f07d0e394abf6"},
    {"get-utf8", "/\xe1\x88\xb4", "", {{"Host", "example.amazonaws.com"}}, NULL,
     "10eae3f14a260bd3911cc6d008d3c576d143b05b62f09782a7a4b37f52178e44"},
};

static size_t count_headers(const struct dp_sigv4_header *headers, size_t room)
{
    size_t n = 0;

    while (n < room && headers[n].name)
        n++;
    return n;
}

static void check_suite(const struct suite *test)
{
    struct dp_sigv4_scope scope = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   "us-east-1", "service", "20150830T123600Z"};
    struct dp_sigv4_request request = {
        .method = test->method,
        .path = test->path,
        .query = test->query,
        .headers = test->headers,
        .header_count = count_headers(test->headers, COUNT(test->headers)),
        .payload_hash = test->payload_hash ? test->payload_hash : DP_SIGV4_EMPTY_HASH,
        .normalize_path = true};
    char *value;

    ck_assert_int_eq(dp_sigv4_authorization(&request, &scope, &value, NULL), DP_OK);
    ck_assert_msg(strcmp(strstr(value, "Signature=") + 10, test->signature) == 0, "%s: %s",
                  test->name, value);
    free(value);
}

START_TEST(the_published_suite)
{
    size_t i;

    for (i = 0; i < COUNT(suite); i++)
        check_suite(&suite[i]);
}
END_TEST

START_TEST(the_published_suite_presigned)
{
    struct dp_sigv4_scope scope = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   "us-east-1", "service", "20150830T123600Z"};
    size_t i;

    for (i = 0; i < COUNT(presigned); i++) {
        const struct presigned *test = &presigned[i];
        struct dp_sigv4_request request = {
            .method = "GET",
            .path = test->path,
            .query = test->query,
            .headers = test->headers,
            .header_count = count_headers(test->headers, COUNT(test->headers)),
            .payload_hash = DP_SIGV4_EMPTY_HASH,
            .normalize_path = true};
        char *query;

        ck_assert_int_eq(dp_sigv4_presign(&request, &scope, 3600, test->token, &query, NULL),
                         DP_OK);
        ck_assert_msg(strcmp(strstr(query, "X-Amz-Signature=") + 16, test->signature) == 0,
                      "%s: %s", test->name, query);
        free(query);
    }
}
END_TEST

START_TEST(the_canonical_request_of_the_suite)
{
    struct dp_sigv4_header headers[] = {{"X-Amz-Date", "20150830T123600Z"},
                                        {"My-Header1", "value2"},
                                        {"Host", "example.amazonaws.com"},
                                        {"my-header1", "value1"},
                                        {"My-Header", "prefix"}};
    struct dp_sigv4_request request = {.method = "GET",
                                       .path = "/a b/../c",
                                       .query = "b=2&a&b=1&%61=%7e",
                                       .headers = headers,
                                       .header_count = COUNT(headers),
                                       .payload_hash = DP_SIGV4_EMPTY_HASH,
                                       .normalize_path = true};
    char *text;

    ck_assert_int_eq(dp_sigv4_canonical(&request, &text, NULL), DP_OK);
    ck_assert_str_eq(text, "GET\n/c\na=&a=~&b=1&b=2\nhost:example.amazonaws.com\n"
                           "my-header:prefix\nmy-header1:value2,value1\n"
                           "x-amz-date:20150830T123600Z\n\n"
                           "host;my-header;my-header1;x-amz-date\n" DP_SIGV4_EMPTY_HASH);
    free(text);
    request.normalize_path = false;
    request.path = "/a/../b//c%20d";
    ck_assert_int_eq(dp_sigv4_canonical(&request, &text, NULL), DP_OK);
    ck_assert_int_eq(strncmp(text, "GET\n/a/../b//c%20d\n", 19), 0);
    free(text);
}
END_TEST

/* The examples of the S3 manual. */
static const struct dp_sigv4_scope s3_scope = {
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3",
    "20130524T000000Z"};

static void check_s3(const struct dp_sigv4_request *request, const char *expected)
{
    char *value;

    ck_assert_int_eq(dp_sigv4_authorization(request, &s3_scope, &value, NULL), DP_OK);
    ck_assert_str_eq(value, expected);
    free(value);
}

#define S3_CREDENTIAL                                                                              \
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "

START_TEST(the_s3_manual)
{
    static const char put_hash[] =
        "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    struct dp_sigv4_header get[] = {{"Host", "examplebucket.s3.amazonaws.com"},
                                    {"Range", "bytes=0-9"},
                                    {"x-amz-content-sha256", DP_SIGV4_EMPTY_HASH},
                                    {"x-amz-date", "20130524T000000Z"}};
    struct dp_sigv4_header put[] = {{"Host", "examplebucket.s3.amazonaws.com"},
                                    {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                    {"x-amz-date", "20130524T000000Z"},
                                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                    {"x-amz-content-sha256", put_hash}};
    struct dp_sigv4_header list[] = {{"Host", "examplebucket.s3.amazonaws.com"},
                                     {"x-amz-date", "20130524T000000Z"},
                                     {"x-amz-content-sha256", DP_SIGV4_EMPTY_HASH}};
    struct dp_sigv4_request request = {.method = "GET",
                                       .path = "/test.txt",
                                       .query = "",
                                       .headers = get,
                                       .header_count = COUNT(get),
                                       .payload_hash = DP_SIGV4_EMPTY_HASH};

    check_s3(&request, S3_CREDENTIAL
             "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
             "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    request = (struct dp_sigv4_request){.method = "PUT",
                                        .path = "/test%24file.text",
                                        .query = "",
                                        .headers = put,
                                        .header_count = COUNT(put),
                                        .payload_hash = put_hash};
    check_s3(&request, S3_CREDENTIAL
             "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
             "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    request = (struct dp_sigv4_request){.method = "GET",
                                        .path = "/",
                                        .query = "lifecycle",
                                        .headers = list,
                                        .header_count = COUNT(list),
                                        .payload_hash = DP_SIGV4_EMPTY_HASH};
    check_s3(&request, S3_CREDENTIAL
             "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
             "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    request.query = "max-keys=2&prefix=J";
    check_s3(&request, S3_CREDENTIAL
             "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
             "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}
END_TEST

START_TEST(a_presigned_url_of_the_s3_manual)
{
    struct dp_sigv4_header host = {"host", "examplebucket.s3.amazonaws.com"};
    struct dp_sigv4_request request = {.method = "GET",
                                       .path = "/test.txt",
                                       .query = "",
                                       .headers = &host,
                                       .header_count = 1,
                                       .payload_hash = DP_SIGV4_UNSIGNED};
    char *query;

    ck_assert_int_eq(dp_sigv4_presign(&request, &s3_scope, 86400, NULL, &query, NULL), DP_OK);
    ck_assert_str_eq(
        query,
        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
    free(query);
    request.query = "versionId=a%2Fb";
    ck_assert_int_eq(dp_sigv4_presign(&request, &s3_scope, 60, "to/ken", &query, NULL), DP_OK);
    ck_assert_int_eq(strncmp(query, "versionId=a%2Fb&X-Amz-", 22), 0);
    ck_assert_ptr_nonnull(strstr(query, "&X-Amz-Security-Token=to%2Fken&"));
    free(query);
}
END_TEST

START_TEST(when_presigned_urls_end)
{
    static const char *const others[] = {
        "https://h/k", "https://h/k?X-Amz-Date=20130524T000000Z", "https://h/k?X-Amz-Expires=9",
        "https://h/k?X-Amz-Date=now&X-Amz-Expires=9",
        "https://h/k?X-Amz-Date=20130524T000000Z&X-Amz-Expires=x"};
    int64_t end = 0;
    size_t i;

    ck_assert(dp_sigv4_expiry("https://h/k?versionId=v&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date="
                              "20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host",
                              &end));
    ck_assert_int_eq(end, 1369440000);
    for (i = 0; i < COUNT(others); i++)
        ck_assert_msg(!dp_sigv4_expiry(others[i], &end), "%s", others[i]);
    ck_assert_int_eq(end, 1369440000);
}
END_TEST

START_TEST(too_many_headers_are_refused)
{
    struct dp_sigv4_header headers[65];
    struct dp_sigv4_request request = {.method = "GET",
                                       .path = "/",
                                       .query = "",
                                       .headers = headers,
                                       .header_count = 65,
                                       .payload_hash = DP_SIGV4_EMPTY_HASH};
    char *value = NULL;
    size_t i;

    for (i = 0; i < 65; i++)
        headers[i] = (struct dp_sigv4_header){"a", "b"};
    ck_assert_int_eq(dp_sigv4_authorization(&request, &s3_scope, &value, NULL), DP_INVALID);
    ck_assert_ptr_null(value);
}
END_TEST

TEST_MAIN("sigv4", the_published_suite, the_published_suite_presigned,
          the_canonical_request_of_the_suite, the_s3_manual,
          a_presigned_url_of_the_s3_manual, when_presigned_urls_end,
          too_many_headers_are_refused)
