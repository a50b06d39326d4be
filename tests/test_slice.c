/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "slicer/slice.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* The example of SLICE.md with real checksums, made without the library. */
static const char referenced[] =
    "{\"v\":2,\"id\":\"9f0c0123456789abcdef0123456789ab\",\"plan\":\"51ab0123456789abcdef01"
    "23456789ab\",\"n\":3,\"of\":64,\"sources\":[{\"uri\":\"s3://bucket/reads.fastq.gz\",\""
    "validator\":\"etag:\\\"7d1f\\\"\",\"size\":104857600,\"format\":\"fastq\",\"codec\":\""
    "gzip\"}],\"outputs\":[{\"name\":\"fastq\"}],\"interval\":{\"unit\":\"records\",\"begin"
    "\":31250,\"end\":46875,\"last\":false,\"size\":0,\"span\":false},\"counts\":{\"records"
    "\":15625},\"pieces\":[{\"kind\":\"records\",\"source\":0,\"output\":0,\"filter\":null,"
    "\"interval\":{\"unit\":\"records\",\"begin\":31250,\"end\":46875,\"last\":false},\"rec"
    "ords\":15625,\"range\":[3276412,4915217],\"point\":{\"offset\":9437213,\"bit\":2621129"
    "8,\"mid_member\":true,\"window\":{\"raw_bytes\":32768,\"crc32\":\"0badcafe\",\"uri\":"
    "\"s3://bucket/reads.fastq.gz.dpi\",\"size\":1048576,\"range\":[77824,79780]}},\"checkp"
    "oint\":{\"record\":31248,\"offset\":9437301,\"bases\":3156048,\"line\":124992},\"decod"
    "ed\":{\"end\":14680112,\"crc32\":\"89abcdef\"}}],\"check\":\"20d28840\"}";

/* An inlined window ("abc", CRC-32 352441c2), in a byte plan. */
static const char inlined[] =
    "{\"v\":2,\"id\":\"9f0c0123456789abcdef0123456789ab\",\"plan\":\"51ab0123456789abcdef01"
    "23456789ab\",\"n\":64,\"of\":64,\"sources\":[{\"uri\":\"file:///data/a%20b.gz\",\"vali"
    "dator\":\"\",\"size\":5000,\"format\":\"text\",\"codec\":\"gzip\"}],\"outputs\":[{\"na"
    "me\":\"text\"}],\"interval\":{\"unit\":\"bytes\",\"begin\":60000,\"end\":70000,\"last"
    "\":true,\"size\":10000,\"span\":false},\"counts\":{\"records\":null},\"pieces\":[{\"ki"
    "nd\":\"records\",\"source\":0,\"output\":0,\"filter\":null,\"interval\":{\"unit\":\"by"
    "tes\",\"begin\":60000,\"end\":70000,\"last\":true},\"records\":null,\"range\":[100,500"
    "0],\"point\":{\"offset\":50000,\"bit\":807,\"mid_member\":true,\"window\":{\"raw_bytes"
    "\":3,\"crc32\":\"352441c2\",\"base64\":\"YWJj\"}},\"checkpoint\":{\"record\":900,\"off"
    "set\":50010,\"bases\":0,\"line\":900},\"decoded\":{\"end\":70000,\"crc32\":\"00000000"
    "\"}}],\"check\":\"39b1c155\"}";

static const char nothing[] =
    "{\"v\":2,\"id\":\"9f0c0123456789abcdef0123456789ab\",\"plan\":\"51ab0123456789abcdef01"
    "23456789ab\",\"n\":2,\"of\":9,\"sources\":[{\"uri\":\"https://host/a.fq\",\"validator"
    "\":\"modified:x\",\"size\":5000,\"format\":\"fastq\",\"codec\":\"none\"}],\"outputs\":"
    "[{\"name\":\"fastq\"}],\"interval\":{\"unit\":\"bases\",\"begin\":7,\"end\":7,\"last\""
    ":false,\"size\":0,\"span\":false},\"counts\":{\"records\":0},\"pieces\":[],\"check\":"
    "\"63a78137\"}";

/* From the begin of an object to its end, with what tells its index. */
static const char first[] =
    "{\"v\":2,\"id\":\"9f0c0123456789abcdef0123456789ab\",\"plan\":\"51ab0123456789abcdef"
    "0123456789ab\",\"n\":1,\"of\":64,\"sources\":[{\"uri\":\"file:///data/a%20b.gz\",\"v"
    "alidator\":\"\",\"size\":5000,\"format\":\"text\",\"codec\":\"gzip\"}],\"outputs\":["
    "{\"name\":\"text\"}],\"interval\":{\"unit\":\"bytes\",\"begin\":0,\"end\":10000,\"la"
    "st\":false,\"size\":10000,\"span\":false},\"counts\":{\"records\":null},\"pieces\":["
    "{\"kind\":\"records\",\"source\":0,\"output\":0,\"filter\":null,\"interval\":{\"unit"
    "\":\"bytes\",\"begin\":0,\"end\":10000,\"last\":false},\"records\":null,\"range\":[0"
    ",5000],\"point\":{\"offset\":0,\"bit\":0,\"mid_member\":false,\"window\":null,\"next"
    "\":{\"raw_bytes\":32768,\"crc32\":\"0badcafe\",\"uri\":\"file:///data/a%20b.gz.dpi\""
    ",\"size\":2000,\"range\":[1000,1900]}},\"checkpoint\":{\"record\":0,\"offset\":0,\"b"
    "ases\":0,\"line\":0},\"decoded\":{\"end\":60000,\"crc32\":\"00000000\",\"last\":true"
    "}}],\"check\":\"4296ad24\"}";

/* Two objects, two outputs, a header of either kind. */
static const char several[] =
    "{\"v\":2,\"id\":\"9f0c0123456789abcdef0123456789ab\",\"plan\":\"51ab0123456789abcdef01"
    "23456789ab\",\"n\":1,\"of\":1,\"sources\":[{\"uri\":\"http://host/a.txt\",\"validator"
    "\":\"\",\"size\":1000,\"format\":\"text\",\"codec\":\"none\"},{\"uri\":\"http://host/b"
    ".txt\",\"validator\":\"\",\"size\":900,\"format\":\"text\",\"codec\":\"none\"}],\"outp"
    "uts\":[{\"name\":\"R1\"},{\"name\":\"R2\"}],\"interval\":{\"unit\":\"records\",\"begin"
    "\":0,\"end\":20,\"last\":true,\"size\":0,\"span\":false},\"counts\":{\"records\":20},"
    "\"pieces\":[{\"kind\":\"bytes\",\"source\":0,\"output\":0,\"filter\":null,\"prologue\""
    ":true,\"bytes\":[0,10],\"range\":[0,10],\"point\":{\"offset\":0,\"bit\":0,\"mid_member"
    "\":false,\"window\":null},\"decoded\":{\"end\":10,\"crc32\":\"00000000\"}},{\"kind\":"
    "\"inline\",\"source\":1,\"output\":1,\"filter\":null,\"prologue\":true,\"raw_bytes\":8"
    ",\"gzip\":\"H4sIAAAAAAACA1POSE1MSS3iAgC/421RCAAAAA==\"},{\"kind\":\"records\",\"source"
    "\":0,\"output\":0,\"filter\":null,\"interval\":{\"unit\":\"records\",\"begin\":0,\"end"
    "\":20,\"last\":true},\"records\":20,\"range\":[0,1000],\"point\":{\"offset\":0,\"bit\""
    ":0,\"mid_member\":false,\"window\":null},\"checkpoint\":{\"record\":0,\"offset\":0,\"b"
    "ases\":0,\"line\":0},\"decoded\":{\"end\":1000,\"crc32\":\"00000000\"}},{\"kind\":\"re"
    "cords\",\"source\":1,\"output\":1,\"filter\":null,\"interval\":{\"unit\":\"records\","
    "\"begin\":10,\"end\":30,\"last\":false},\"records\":20,\"range\":[0,900],\"point\":{\""
    "offset\":0,\"bit\":0,\"mid_member\":false,\"window\":null},\"checkpoint\":{\"record\":"
    "9,\"offset\":18,\"bases\":0,\"line\":9},\"decoded\":{\"end\":900,\"crc32\":\"00000000"
    "\"}}],\"check\":\"6059f411\"}";

static const char *const good_lines[] = {referenced, inlined, nothing, several, first};
enum { GOOD_COUNT = sizeof(good_lines) / sizeof(good_lines[0]) };

static int parse(const char *line, struct dp_error *err)
{
    struct dp_slice *slice = NULL;
    int rc = dp_slice_parse(line, strlen(line), &slice, err);

    ck_assert((rc == 0) == (slice != NULL));
    ck_assert_int_eq(err->code, rc);
    dp_slice_free(slice);
    return rc;
}

/* Parses what must be a good line and writes it anew. */
static char *write_anew(const char *line)
{
    struct dp_slice *slice = NULL;
    struct dp_error err = {0};
    char *anew = NULL;

    ck_assert_msg(!dp_slice_parse(line, strlen(line), &slice, &err), "%s", err.message);
    ck_assert_msg(!dp_slice_format(slice, &anew, &err), "%s", err.message);
    dp_slice_free(slice);
    return anew;
}

/* The line with the right check in place, computed here from the specification. */
static char *with_check(json_t *root)
{
    char *text, *line, check[9];

    json_object_del(root, "check");
    text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    snprintf(check, sizeof(check), "%08lx", crc32(0, (const Bytef *)text, (uInt)strlen(text)));
    free(text);
    json_object_set_new(root, "check", json_string(check));
    line = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(root);
    return line;
}

START_TEST(test_round_trip)
{
    char *anew = write_anew(good_lines[_i]);

    ck_assert_str_eq(anew, good_lines[_i]);
    dp_text_free(anew);
}
END_TEST

/* Whatever wrote the line anew without changing a value does no harm. */
START_TEST(test_other_spelling)
{
    static const size_t flags[] = {JSON_INDENT(2), JSON_SORT_KEYS, JSON_ESCAPE_SLASH, 0};
    json_t *root = json_loads(good_lines[_i], 0, NULL);
    size_t i;

    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        char *spelled = json_dumps(root, flags[i]);
        char *anew = write_anew(spelled);

        ck_assert_str_eq(anew, good_lines[_i]);
        dp_text_free(anew);
        free(spelled);
    }
    json_decref(root);
}
END_TEST

START_TEST(test_info)
{
    struct dp_slice_info info = {.struct_bytes = sizeof(info)};
    struct dp_slice *slice = NULL;

    ck_assert_int_eq(dp_slice_parse(referenced, strlen(referenced), &slice, NULL), 0);
    dp_slice_info(slice, &info);
    ck_assert_str_eq(info.id, "9f0c0123456789abcdef0123456789ab");
    ck_assert_str_eq(info.plan_id, "51ab0123456789abcdef0123456789ab");
    ck_assert_str_eq(info.uri, "s3://bucket/reads.fastq.gz");
    ck_assert_str_eq(info.format, "fastq");
    ck_assert_str_eq(info.codec, "gzip");
    ck_assert_int_eq(info.unit, DP_UNIT_RECORDS);
    ck_assert_uint_eq(info.number, 3);
    ck_assert_uint_eq(info.slice_count, 64);
    ck_assert_uint_eq(info.begin, 31250);
    ck_assert_uint_eq(info.end, 46875);
    ck_assert_int_eq(info.last, 0);
    ck_assert_uint_eq(info.record_count, 15625);
    ck_assert_uint_eq(info.fetch_bytes, 4915217 - 3276412);
    ck_assert_uint_eq(info.decoded_bytes, 14680112 - 9437213);
    ck_assert_uint_eq(info.request_count, 2);
    ck_assert_str_eq(dp_slice_index(slice, 0), "s3://bucket/reads.fastq.gz.dpi");
    ck_assert_ptr_null(dp_slice_index(slice, 1));
    dp_slice_free(slice);
    ck_assert_int_eq(dp_slice_parse(nothing, strlen(nothing), &slice, NULL), 0);
    ck_assert_ptr_null(dp_slice_index(slice, 0));
    dp_slice_info(slice, &info);
    ck_assert_uint_eq(info.record_count, 0);
    ck_assert_uint_eq(info.fetch_bytes, 0);
    ck_assert_uint_eq(info.decoded_bytes, 0);
    ck_assert_uint_eq(info.request_count, 0);
    dp_slice_free(slice);
}
END_TEST

/* An older caller has a shorter struct. */
START_TEST(test_info_of_an_older_caller)
{
    struct dp_slice_info info;
    struct dp_slice *slice = NULL;

    memset(&info, 0x55, sizeof(info));
    info.struct_bytes = offsetof(struct dp_slice_info, uri);
    ck_assert_int_eq(dp_slice_parse(referenced, strlen(referenced), &slice, NULL), 0);
    dp_slice_info(slice, &info);
    ck_assert_str_eq(info.plan_id, "51ab0123456789abcdef0123456789ab");
    ck_assert_uint_eq(info.begin, UINT64_C(0x5555555555555555));
    dp_slice_free(slice);
}
END_TEST

/* Every byte of a line, replaced by others, dropped, and the line cut there: refused, or it is
 * still the same slice (a blank more, "\u0041" for "A"). */
START_TEST(test_every_changed_byte_is_noticed)
{
    static const char others[] = "0123456789 \"\\,:{}[]aefnulrst-.~";
    const char *line = good_lines[_i];
    size_t length = strlen(line), at, i;
    char *changed = malloc(length + 1);

    for (at = 0; at < length; at++) {
        for (i = 0; i <= sizeof(others); i++) {
            struct dp_slice *slice = NULL;
            size_t changed_bytes = length;
            char *anew = NULL;

            memcpy(changed, line, length);
            if (i < sizeof(others))
                changed[at] = others[i]; /* the NUL at its end, too */
            else
                memmove(changed + at, line + at + 1, --changed_bytes - at);
            if (dp_slice_parse(changed, changed_bytes, &slice, NULL))
                continue;
            ck_assert_int_eq(dp_slice_format(slice, &anew, NULL), 0);
            ck_assert_str_eq(anew, line);
            dp_text_free(anew);
            dp_slice_free(slice);
        }
        memcpy(changed, line, at);
        ck_assert_int_eq(dp_slice_parse(changed, at, &(struct dp_slice *){NULL}, NULL),
                         DP_BAD_INDEX);
    }
    free(changed);
}
END_TEST

START_TEST(test_not_a_slice)
{
    static const char *const lines[] = {"",
                                        " ",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"v\":\"1\"}",
                                        "{\"v\":2}",
                                        "{\"v\":2,\"v\":2}",
                                        "{\"v\":2.0}",
                                        "{\"v\":99999999999999999999}",
                                        "@SEQ",
                                        "{\"v\":2"};
    struct dp_error err = {0};
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        dp_error_clear(&err);
        ck_assert_msg(parse(lines[i], &err) == DP_BAD_INDEX, "%s", lines[i]);
        ck_assert_str_ne(err.message, "");
    }
    ck_assert_int_eq(parse("{\"v\":1,\"anything\":[]}", &err), DP_UNSUPPORTED);
    ck_assert_int_eq(parse("{\"v\":3,\"anything\":[]}", &err), DP_UNSUPPORTED);
    ck_assert_int_eq(err.detail, DP_DETAIL_VERSION);
}
END_TEST

START_TEST(test_line_too_long)
{
    size_t length = strlen(nothing), padded = DP_SLICE_LINE_MAX;
    struct dp_slice *slice = NULL;
    char *line = malloc(padded + 1);

    memset(line, ' ', padded + 1);
    memcpy(line, nothing, length);
    ck_assert_int_eq(dp_slice_parse(line, padded, &slice, NULL), 0);
    dp_slice_free(slice);
    ck_assert_int_eq(dp_slice_parse(line, padded + 1, &slice, NULL), DP_BAD_INDEX);
    memset(line, '[', padded); /* nesting must not eat the stack */
    ck_assert_int_eq(dp_slice_parse(line, padded, &slice, NULL), DP_BAD_INDEX);
    free(line);
}
END_TEST

/* A value of a good line replaced, with the right check: what is refused is the contradiction. */
struct change {
    int line;          /* of good_lines */
    const char *path;  /* keys and array positions, slash-separated */
    const char *value; /* JSON; NULL: the key is dropped */
    int code;
};

static const struct change changes[] = {
    {0, "id", "\"9F0C0123456789ABCDEF0123456789AB\"", DP_BAD_INDEX},
    {0, "plan", "\"51ab\"", DP_BAD_INDEX},
    {0, "n", "0", DP_BAD_INDEX},
    {0, "n", "65", DP_BAD_INDEX},
    {0, "n", "-1", DP_BAD_INDEX},
    {0, "n", "1.5", DP_BAD_INDEX},
    {0, "of", "2", DP_BAD_INDEX},
    {0, "of", "2147483649", DP_BAD_INDEX},
    {0, "of", NULL, DP_BAD_INDEX},
    {0, "extra", "1", DP_BAD_INDEX},
    {0, "sources", "[]", DP_BAD_INDEX},
    {0, "sources", "{}", DP_BAD_INDEX},
    {0, "sources/0/uri", "\"\\n\"", DP_BAD_INDEX},
    {0, "sources/0/uri", "\"s3://b/\\u00e4\"", DP_BAD_INDEX},
    {0, "sources/0/validator", "\"etag:\\\"x\\\"\\r\\nHost: other\"", DP_BAD_INDEX},
    {0, "sources/0/size", "4915216", DP_BAD_INDEX},
    {0, "sources/0/size", "9007199254740992", DP_BAD_INDEX},
    {0, "sources/0/format", "\"fastp\"", DP_UNSUPPORTED},
    {0, "sources/0/codec", "\"zstd\"", DP_UNSUPPORTED},
    {0, "sources/0/codec", "\"none\"", DP_BAD_INDEX},
    {0, "sources/0/codec", "\"bgzf\"", DP_BAD_INDEX},
    {0, "outputs", "[]", DP_BAD_INDEX},
    {0, "outputs/0/name", "\"../../x\"", DP_BAD_INDEX},
    {0, "outputs/0/name", "\"\"", DP_BAD_INDEX},
    {0, "outputs/0/name", "\".x\"", DP_BAD_INDEX},
    {0, "outputs/0/name", "\"a23456789012345678901234567890123\"", DP_BAD_INDEX},
    {0, "interval/unit", "\"points\"", DP_UNSUPPORTED},
    {0, "interval/begin", "46876", DP_BAD_INDEX},
    {0, "interval/begin", "31200", DP_BAD_INDEX},
    {0, "interval/last", "true", DP_BAD_INDEX},
    {0, "interval/last", "0", DP_BAD_INDEX},
    {0, "interval/size", "-1", DP_BAD_INDEX},
    {0, "interval/span", "1", DP_BAD_INDEX},
    {0, "counts/records", "15624", DP_BAD_INDEX},
    {0, "counts/records", "null", DP_BAD_INDEX},
    {0, "pieces", "null", DP_BAD_INDEX},
    {0, "pieces", "[]", DP_BAD_INDEX},
    {0, "pieces/0", "[]", DP_BAD_INDEX},
    {0, "pieces/0/kind", NULL, DP_BAD_INDEX},
    {0, "pieces/0/kind", "\"bits\"", DP_UNSUPPORTED},
    {0, "pieces/0/kind", "\"inline\"", DP_BAD_INDEX},
    {0, "pieces/0/prologue", "true", DP_BAD_INDEX},
    {0, "pieces/0/source", "1", DP_BAD_INDEX},
    {0, "pieces/0/output", "1", DP_BAD_INDEX},
    {0, "pieces/0/output", "4294967296", DP_BAD_INDEX},
    {0, "pieces/0/filter", "[]", DP_BAD_INDEX},
    {0, "pieces/0/filter", "{}", DP_BAD_INDEX}, /* FASTQ has none */
    {0, "pieces/0/interval/unit", "\"bytes\"", DP_BAD_INDEX},
    {0, "pieces/0/interval/begin", "31247", DP_BAD_INDEX},
    {0, "pieces/0/records", "15624", DP_BAD_INDEX},
    {0, "pieces/0/records", "null", DP_BAD_INDEX},
    {0, "pieces/0/range", "[]", DP_BAD_INDEX},
    {0, "pieces/0/range", "[3276412]", DP_BAD_INDEX},
    {0, "pieces/0/range", "[3276412,4915217,4915218]", DP_BAD_INDEX},
    {0, "pieces/0/range/0", "3276411", DP_BAD_INDEX},
    {0, "pieces/0/range/1", "3276412", DP_BAD_INDEX},
    {0, "pieces/0/range/1", "104857601", DP_BAD_INDEX},
    {0, "pieces/0/point", "null", DP_BAD_INDEX},
    {0, "pieces/0/point/offset", "9437302", DP_BAD_INDEX},
    {0, "pieces/0/point/bit", "26211304", DP_BAD_INDEX},
    {0, "pieces/0/point/mid_member", "false", DP_BAD_INDEX},
    {0, "pieces/0/point/window", "null", DP_BAD_INDEX},
    {0, "pieces/0/point/window/raw_bytes", "0", DP_BAD_INDEX},
    {0, "pieces/0/point/window/raw_bytes", "32769", DP_BAD_INDEX},
    {0, "pieces/0/point/window/crc32", "\"0badcaf\"", DP_BAD_INDEX},
    {0, "pieces/0/point/window/crc32", "\"0badcafex\"", DP_BAD_INDEX},
    {0, "pieces/0/point/window/crc32", "\"0BADCAFE\"", DP_BAD_INDEX},
    {0, "pieces/0/point/window/size", "79779", DP_BAD_INDEX},
    {0, "pieces/0/point/window/range", "[77824,77824]", DP_BAD_INDEX},
    {0, "pieces/0/point/window/range", "[77824,277824]", DP_BAD_INDEX},
    {0, "pieces/0/checkpoint/offset", "9437212", DP_BAD_INDEX},
    {0, "pieces/0/checkpoint/offset", "14680113", DP_BAD_INDEX},
    {0, "pieces/0/checkpoint/record", "31251", DP_BAD_INDEX},
    {0, "pieces/0/checkpoint/line", "9437302", DP_BAD_INDEX},
    {0, "pieces/0/decoded/end", "9437213", DP_BAD_INDEX},
    {0, "pieces/0/decoded/crc32", "2309737967", DP_BAD_INDEX},
    {1, "interval/unit", "\"bases\"", DP_BAD_INDEX}, /* text has none */
    {1, "pieces/0/interval/unit", "\"bases\"", DP_BAD_INDEX},
    {1, "counts/records", "7", DP_BAD_INDEX},
    {1, "pieces/0/records", "7", DP_BAD_INDEX},
    {1, "pieces/0/point/window/base64", "\"YWJ\"", DP_BAD_INDEX},
    {1, "pieces/0/point/window/base64", "\"YWJk\"", DP_BAD_INDEX},
    {1, "pieces/0/point/window/base64", "\"\"", DP_BAD_INDEX},
    {1, "pieces/0/point/window/raw_bytes", "4", 0},
    {2, "pieces", "[{}]", DP_BAD_INDEX},
    {2, "interval/unit", "\"records\"", 0},
    {2, "interval/end", "6", DP_BAD_INDEX},
    {2, "counts/records", "null", DP_BAD_INDEX},
    {3, "outputs/1", "{\"name\":\"R3\",\"x\":1}", DP_BAD_INDEX},
    {3, "pieces/0/bytes", "[10,10]", DP_BAD_INDEX},
    {3, "pieces/0/bytes", "[0,11]", DP_BAD_INDEX},
    {3, "pieces/0/bytes", "[0,9]", 0},
    {3, "pieces/0/bytes", "[0]", DP_BAD_INDEX},
    {3, "pieces/0/prologue", "false", 0},
    {3, "pieces/0/prologue", "1", DP_BAD_INDEX},
    {3, "pieces/0/output", "1", 0},
    {3, "pieces/0/source", "1", 0},
    {3, "pieces/1/raw_bytes", "0", DP_BAD_INDEX},
    {3, "pieces/1/raw_bytes", "67108865", DP_BAD_INDEX},
    {3, "pieces/1/gzip", "\"\"", DP_BAD_INDEX},
    {3, "pieces/1/gzip", "\"YWJ\"", DP_BAD_INDEX},
    {3, "pieces/2/output", "1", DP_BAD_INDEX}, /* 0 records for one output, 40 for the other */
    {3, "pieces/3/interval/end", "31", DP_BAD_INDEX},
    {3, "pieces/3/records", "19", DP_BAD_INDEX},
    {4, "pieces/0/decoded/last", NULL, 0},
    {4, "pieces/0/decoded/last", "false", DP_BAD_INDEX}, /* it is absent then */
    {4, "pieces/0/decoded/last", "1", DP_BAD_INDEX},
    {3, "pieces/0/decoded/last", "true", 0},
    {4, "pieces/0/point/next", NULL, 0},
    {4, "pieces/0/point/next", "[]", DP_BAD_INDEX},
    {4, "pieces/0/point/next/raw_bytes", "0", DP_BAD_INDEX},
    {4, "pieces/0/point/next/raw_bytes", "32769", DP_BAD_INDEX},
    {4, "pieces/0/point/next/uri", NULL, DP_BAD_INDEX},
    {4, "pieces/0/point/next/size", "1899", DP_BAD_INDEX},
    {4, "pieces/0/point/next/range", "[1000,1000]", DP_BAD_INDEX},
    {4, "pieces/0/point/next",
     "{\"raw_bytes\":3,\"crc32\":\"352441c2\",\"base64\":\"YWJj\"}", DP_BAD_INDEX},
    {4, "sources/0/codec", "\"bgzf\"", DP_BAD_INDEX},
    /* It has a window itself. */
    {0, "pieces/0/point/next",
     "{\"raw_bytes\":9,\"crc32\":\"0badcafe\",\"uri\":\"file:///x\",\"size\":9,\"range\":[0,9]}",
     DP_BAD_INDEX},
};

/* The container that holds the last part of a path; *last is that part. */
static json_t *container_of(json_t *root, const char *path, char last[32])
{
    const char *slash;

    while ((slash = strchr(path, '/')) != NULL) {
        snprintf(last, 32, "%.*s", (int)(slash - path), path);
        root = json_is_array(root) ? json_array_get(root, (size_t)atoi(last))
                                   : json_object_get(root, last);
        path = slash + 1;
    }
    snprintf(last, 32, "%s", path);
    return root;
}

static char *change_line(const struct change *change)
{
    json_t *root = json_loads(good_lines[change->line], 0, NULL), *where;
    char last[32];

    where = container_of(root, change->path, last);
    ck_assert_ptr_nonnull(where);
    if (!change->value)
        json_object_del(where, last);
    else if (json_is_array(where))
        json_array_set_new(where, (size_t)atoi(last),
                           json_loads(change->value, JSON_DECODE_ANY, 0));
    else
        json_object_set_new(where, last, json_loads(change->value, JSON_DECODE_ANY, 0));
    return with_check(root);
}

START_TEST(test_contradiction)
{
    struct dp_error err = {0};
    char *line = change_line(&changes[_i]);
    int rc = parse(line, &err);

    ck_assert_msg(rc == changes[_i].code, "%s: %d %s", line, rc, err.message);
    /* It must be refused for what it says, not for the check, which is right. */
    ck_assert_int_ne(err.detail, DP_DETAIL_CHECKSUM);
    ck_assert_int_eq(err.detail == DP_DETAIL_VERSION, rc == DP_UNSUPPORTED);
    free(line);
}
END_TEST

START_TEST(test_wrong_check)
{
    char *line = strdup(referenced), *digit = line + strlen(line) - 3;
    struct dp_error err = {0};

    *digit = *digit == '0' ? '1' : '0';
    ck_assert_int_eq(parse(line, &err), DP_BAD_INDEX);
    ck_assert_int_eq(err.detail, DP_DETAIL_CHECKSUM);
    free(line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slice");
    TCase *tests = tcase_create("slice");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_round_trip, 0, GOOD_COUNT);
    tcase_add_loop_test(tests, test_other_spelling, 0, GOOD_COUNT);
    tcase_add_test(tests, test_info);
    tcase_add_test(tests, test_info_of_an_older_caller);
    tcase_add_loop_test(tests, test_every_changed_byte_is_noticed, 0, GOOD_COUNT);
    tcase_add_test(tests, test_not_a_slice);
    tcase_add_test(tests, test_line_too_long);
    tcase_add_loop_test(tests, test_contradiction, 0, sizeof(changes) / sizeof(changes[0]));
    tcase_add_test(tests, test_wrong_check);
    suite_add_tcase(suite, tests);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
