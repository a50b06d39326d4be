/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/s3_error.h"

static bool parse(const char *text, struct dp_s3_error *document)
{
    return dp_s3_error_parse(text, strlen(text), document);
}

START_TEST(what_stores_say)
{
    struct dp_s3_error document;

    ck_assert(parse("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>"
                    "<Message>The key\ndoes not &lt;exist&gt;</Message><Region>eu-west-1</Region>"
                    "<Inner><Code>no</Code></Inner></Error>", &document));
    ck_assert_str_eq(document.code, "NoSuchKey");
    ck_assert_str_eq(document.message, "The key does not <exist>");
    ck_assert_str_eq(document.region, "eu-west-1");
    ck_assert_str_eq(document.upload_id, "");
    ck_assert(parse("<InitiateMultipartUploadResult xmlns=\"http://s3/\"><Bucket>b</Bucket>"
                    "<UploadId>2~ab/c</UploadId></InitiateMultipartUploadResult>", &document));
    ck_assert_str_eq(document.upload_id, "2~ab/c");
    ck_assert(!document.completed);
    ck_assert(parse(" \r\n<?xml version=\"1.0\"?>\n"
                    "<CompleteMultipartUploadResult xmlns=\"http://s3/\">"
                    "<ETag>e</ETag></CompleteMultipartUploadResult>", &document));
    ck_assert(document.completed);
    ck_assert(parse("\n\n<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code></Error>",
                    &document));
    ck_assert(!document.completed);
    ck_assert_str_eq(document.code, "InternalError");
}
END_TEST

static void check_region(const char *endpoint, const char *region)
{
    struct dp_s3_error document;
    char text[400];

    snprintf(text, sizeof(text), "<Error><Code>TemporaryRedirect</Code><Endpoint>%s</Endpoint>"
             "</Error>", endpoint);
    ck_assert(parse(text, &document));
    ck_assert_str_eq(document.region, region);
}

START_TEST(regions_in_names_of_hosts)
{
    check_region("bucket.s3.eu-west-1.amazonaws.com", "eu-west-1");
    check_region("bucket.s3-us-west-2.amazonaws.com", "us-west-2");
    check_region("s3.cn-north-1.amazonaws.com.cn", "cn-north-1");
    check_region("bucket.s3.amazonaws.com", "");
    check_region("s3.amazonaws.com", "");
    check_region("bucket.example.org", "");
    check_region(".amazonaws.com", "");
}
END_TEST

/* Those of STS have one more level. */
START_TEST(errors_of_other_services)
{
    struct dp_s3_error document;

    ck_assert(parse("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                    "<Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>",
                    &document));
    ck_assert_str_eq(document.code, "AccessDenied");
    ck_assert_str_eq(document.message, "no");
}
END_TEST

START_TEST(what_is_no_document)
{
    struct dp_s3_error document = {.code = "kept"};

    ck_assert(!parse("", &document));
    ck_assert(!parse("<html><body>502</body></html>", &document));
    ck_assert(!parse("<Error><Code>Cut", &document));
    ck_assert(!parse("plain text", &document));
    ck_assert(!parse("<!DOCTYPE a [<!ENTITY b \"c\"><!ENTITY d \"&b;&b;\">]><a>", &document));
    ck_assert(!dp_s3_error_parse(NULL, 0, &document));
    ck_assert(!parse(" \n ", &document));
    ck_assert_str_eq(document.code, "kept");
}
END_TEST

START_TEST(long_values_are_cut_and_long_ids_dropped)
{
    struct dp_s3_error document;
    char *text = malloc(5000), *p;

    strcpy(text, "<Error><Code>");
    p = text + strlen(text);
    memset(p, 'c', 500);
    strcpy(p + 500, "</Code><UploadId>");
    p = text + strlen(text);
    memset(p, 'i', 2000);
    strcpy(p + 2000, "</UploadId></Error>");
    ck_assert(parse(text, &document));
    ck_assert_uint_eq(strlen(document.code), sizeof(document.code) - 1);
    ck_assert_str_eq(document.upload_id, "");
    free(text);
}
END_TEST

TEST_MAIN("s3_error", what_stores_say, regions_in_names_of_hosts, errors_of_other_services,
          what_is_no_document,
          long_values_are_cut_and_long_ids_dropped)
