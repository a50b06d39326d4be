/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/s3_regions.h"

START_TEST(what_was_learnt_is_known)
{
    char region[DP_S3_REGION_BYTES] = "none";
    struct dp_s3_regions regions;

    dp_s3_regions_init(&regions);
    ck_assert(!dp_s3_regions_find(&regions, "a", region));
    ck_assert_str_eq(region, "none");
    dp_s3_regions_learn(&regions, "a", "eu-west-1");
    dp_s3_regions_learn(&regions, "b", "eu-west-2");
    ck_assert(dp_s3_regions_find(&regions, "a", region));
    ck_assert_str_eq(region, "eu-west-1");
    dp_s3_regions_learn(&regions, "a", "eu-west-3");
    ck_assert(dp_s3_regions_find(&regions, "a", region));
    ck_assert_str_eq(region, "eu-west-3");
    ck_assert(dp_s3_regions_find(&regions, "b", region));
    ck_assert_str_eq(region, "eu-west-2");
    dp_s3_regions_free(&regions);
}
END_TEST

START_TEST(memory_is_bounded)
{
    char region[DP_S3_REGION_BYTES], bucket[32];
    struct dp_s3_regions regions;
    int i;

    dp_s3_regions_init(&regions);
    for (i = 0; i < 2000; i++) {
        snprintf(bucket, sizeof(bucket), "bucket%d", i);
        dp_s3_regions_learn(&regions, bucket, "eu-west-1");
    }
    ck_assert_uint_eq(regions.rows.length, 1024);
    ck_assert(dp_s3_regions_find(&regions, "bucket1023", region));
    ck_assert(!dp_s3_regions_find(&regions, "bucket1024", region));
    dp_s3_regions_free(&regions);
}
END_TEST

TEST_MAIN("s3_regions", what_was_learnt_is_known, memory_is_bounded)
