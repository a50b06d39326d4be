/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/timestamp.h"

static int64_t parse(const char *text)
{
    int64_t seconds = -1;

    ck_assert_msg(dp_timestamp_parse(text, &seconds), "%s", text);
    return seconds;
}

START_TEST(times_as_services_write_them)
{
    ck_assert_int_eq(parse("1970-01-01T00:00:00Z"), 0);
    ck_assert_int_eq(parse("2026-11-22T10:00:00Z"), 1795341600);
    ck_assert_int_eq(parse("2026-11-22T10:00:00.123456Z"), 1795341600);
    ck_assert_int_eq(parse("2026-11-22T11:30:00+01:30"), 1795341600);
    ck_assert_int_eq(parse("2026-11-22T05:00:00-0500"), 1795341600);
    ck_assert_int_eq(parse("2026-11-22 10:00:00"), 1795341600);
}
END_TEST

START_TEST(what_is_no_time)
{
    static const char *const texts[] = {"", "soon", "2026-11-22", "2026-13-22T10:00:00Z",
                                        "2026-11-22T10:00Z", "2026-11-22T10:00:00X",
                                        "2026-11-22T25:00:00Z", "2026-11-22T10:00:00+1"};
    int64_t seconds = 7;
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(!dp_timestamp_parse(texts[i], &seconds), "%s", texts[i]);
    ck_assert(!dp_timestamp_parse_basic("2026-11-22T10:00:00Z", &seconds));
    ck_assert(!dp_timestamp_parse_basic("20261122T1000", &seconds));
    ck_assert_int_eq(seconds, 7);
}
END_TEST

START_TEST(times_of_signatures)
{
    char text[DP_TIMESTAMP_BYTES];
    int64_t seconds;

    dp_timestamp_format(1795341600, text);
    ck_assert_str_eq(text, "20261122T100000Z");
    ck_assert(dp_timestamp_parse_basic(text, &seconds));
    ck_assert_int_eq(seconds, 1795341600);
}
END_TEST

TEST_MAIN("timestamp", times_as_services_write_them, what_is_no_time, times_of_signatures)
