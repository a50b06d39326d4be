/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/connectors.h"

#include "connectors/spool.h"

START_TEST(bytes_length_and_hash)
{
    struct dp_spool spool;
    char hash[65], text[8] = "";

    ck_assert_int_eq(dp_spool_open(&spool, NULL), DP_OK);
    ck_assert_int_eq(dp_spool_write(&spool, "ab", 2, NULL), DP_OK);
    ck_assert_int_eq(dp_spool_write(&spool, "c", 1, NULL), DP_OK);
    ck_assert_uint_eq(spool.length_bytes, 3);
    ck_assert_int_eq(pread(spool.fd, text, 8, 0), 3);
    ck_assert_str_eq(text, "abc");
    dp_spool_hash(&spool, hash);
    ck_assert_str_eq(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    dp_spool_close(&spool);
    dp_spool_close(&spool);
}
END_TEST

START_TEST(no_place_is_said)
{
    struct dp_spool spool;
    struct dp_error err;

    setenv("TMPDIR", "/nonexistent", 1);
    ck_assert_int_ne(dp_spool_open(&spool, &err), DP_OK);
    ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent"));
    dp_spool_close(&spool);
}
END_TEST

TEST_MAIN("spool", bytes_length_and_hash, no_place_is_said)
