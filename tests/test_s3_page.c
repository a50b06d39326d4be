/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/s3_page.h"

#define ENTRY(key, size, etag)                                                                     \
    "<Contents><Key>" key "</Key><Size>" size "</Size><ETag>" etag "</ETag></Contents>"
#define PAGE(inside) "<?xml version=\"1.0\"?><ListBucketResult>" inside "</ListBucketResult>"

/* Reads `text` in pieces of `step` bytes. */
static int read_page(struct dp_s3_page *page, const char *text, size_t step, struct dp_error *err)
{
    size_t i, length = strlen(text);
    int rc = dp_s3_page_begin(page, err);

    for (i = 0; !rc && i < length; i += step)
        rc = dp_s3_page_feed(page, "s3://b/", text + i, length - i < step ? length - i : step, err);
    return rc ? rc : dp_s3_page_end(page, "s3://b/", err);
}

static const struct dp_s3_page_entry *entry(const struct dp_s3_page *page, size_t i)
{
    ck_assert_uint_lt(i, page->entries.length);
    return (const struct dp_s3_page_entry *)page->entries.data + i;
}

START_TEST(pages_as_stores_send_them)
{
    static const char text[] = PAGE(
        "<Name>b</Name><Prefix>x</Prefix><IsTruncated>true</IsTruncated>"
        "<EncodingType>url</EncodingType><NextContinuationToken>a&amp;b</NextContinuationToken>"
        ENTRY("x%2F+two%20words%2B", "18446744073709551615", "&quot;abc-2&quot;")
        "<Contents><Owner><ID>me</ID></Owner><StorageClass>S</StorageClass><Size>0</Size>"
        "<Key>x%C3%A9</Key></Contents>"
        "<CommonPrefixes><Prefix>x/y/</Prefix></CommonPrefixes>"
        ENTRY("z", "7", "d41d8"));
    struct dp_s3_page page = {0};
    struct dp_error err = {0};
    size_t step;

    for (step = 1; step < sizeof(text); step += 13) {
        ck_assert_msg(read_page(&page, text, step, &err) == DP_OK, "%s", err.message);
        ck_assert_uint_eq(page.entries.length, 3);
        ck_assert_str_eq(entry(&page, 0)->key, "x/ two words+");
        ck_assert(entry(&page, 0)->size_bytes == UINT64_MAX);
        ck_assert_str_eq(entry(&page, 0)->etag, "\"abc-2\"");
        ck_assert_str_eq(entry(&page, 1)->key, "x\xc3\xa9");
        ck_assert_str_eq(entry(&page, 1)->etag, "");
        ck_assert_str_eq(entry(&page, 2)->etag, "\"d41d8\"");
        ck_assert_str_eq(page.next_token, "a&b");
    }
    /* Without the element that says so, nothing is encoded. */
    ck_assert_int_eq(read_page(&page, PAGE(ENTRY("a+%20b", "1", "W/&quot;x&quot;")), 100, &err),
                     DP_OK);
    ck_assert_uint_eq(page.entries.length, 1);
    ck_assert_str_eq(entry(&page, 0)->key, "a+%20b");
    ck_assert_str_eq(entry(&page, 0)->etag, "");
    ck_assert_ptr_null(page.next_token);
    dp_s3_page_free(&page);
}
END_TEST

START_TEST(what_is_no_page)
{
    static const char *const texts[] = {
        "",
        "not xml",
        "<html><body>hello</body></html>",
        "<ListBucketResult><Contents>",
        PAGE("<IsTruncated>true</IsTruncated>"),
        PAGE("<Contents><Key>a</Key></Contents>"),
        PAGE("<Contents><Size>1</Size></Contents>"),
        PAGE(ENTRY("", "1", "")),
        PAGE(ENTRY("a", "-1", "")),
        PAGE(ENTRY("a", "1x", "")),
        PAGE(ENTRY("a", "99999999999999999999", "")),
        PAGE("<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a>"
             "</a></a></a></a></a></a></a></a>"),
        "<!DOCTYPE ListBucketResult><ListBucketResult></ListBucketResult>",
        "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]>"
        "<ListBucketResult><Contents><Key>&c;</Key><Size>1</Size></Contents></ListBucketResult>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>"
        "<ListBucketResult><Name>&b;</Name></ListBucketResult>",
    };
    struct dp_s3_page page = {0};
    struct dp_error err;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_msg(read_page(&page, texts[i], 50, &err) == DP_IO, "%s", texts[i]);
        ck_assert_int_eq(strncmp(err.message, "s3://b/: ", 9), 0);
    }
    ck_assert_int_eq(read_page(&page, PAGE("<EncodingType>url</EncodingType>"
                                           ENTRY("a%00b", "1", "")), 50, &err),
                     DP_UNSUPPORTED);
    dp_s3_page_free(&page);
}
END_TEST

START_TEST(sizes_are_bounded)
{
    struct dp_s3_page page = {0};
    struct dp_error err;
    char *text = calloc(1, 20000);
    int rc, i;

    strcpy(text, "<ListBucketResult><Contents><Key>");
    memset(text + strlen(text), 'k', 17000);
    ck_assert_int_eq(dp_s3_page_begin(&page, NULL), DP_OK);
    ck_assert_int_eq(dp_s3_page_feed(&page, "s3://b/", text, strlen(text), &err), DP_IO);
    ck_assert_ptr_nonnull(strstr(err.message, "too long"));

    strcpy(text, "<ListBucketResult>");
    ck_assert_int_eq(dp_s3_page_begin(&page, NULL), DP_OK);
    rc = dp_s3_page_feed(&page, "s3://b/", text, strlen(text), &err);
    strcpy(text, ENTRY("k", "1", "e"));
    for (i = 0; i <= 10000 && !rc; i++)
        rc = dp_s3_page_feed(&page, "s3://b/", text, strlen(text), &err);
    ck_assert_int_eq(rc, DP_IO);
    ck_assert_int_eq(i, 10001);
    ck_assert_ptr_nonnull(strstr(err.message, "too many"));
    dp_s3_page_free(&page);
    free(text);
}
END_TEST

TEST_MAIN("s3_page", pages_as_stores_send_them, what_is_no_page, sizes_are_bounded)
