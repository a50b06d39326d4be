/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/kernel_table.h"
#include "tests/mdr_data.h"

START_TEST(found_by_name)
{
    const char *const *names = dp_mdr_kernel_names();
    const struct dp_mdr_kernel *kernel = NULL;
    struct dp_error err;
    size_t n;

    MUST(dp_mdr_kernel_find(NULL, &kernel, NULL));
    ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[0]);
    MUST(dp_mdr_kernel_find("auto", &kernel, NULL));
    ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[0]);
    for (n = 0; names[n]; n++) {
        MUST(dp_mdr_kernel_find(names[n], &kernel, NULL));
        ck_assert_str_eq(dp_mdr_kernel_name(kernel), names[n]);
    }
    ck_assert_uint_ge(n, 1);
    ck_assert_str_eq(names[n - 1], "generic");
    kernel = NULL;
    ck_assert_int_eq(dp_mdr_kernel_find("no such", &kernel, &err), DP_UNSUPPORTED);
    ck_assert_ptr_null(kernel);
}
END_TEST

enum { SAMPLES = 16 * DP_MDR_PIECE_WORDS };

/* What a lane of a matrix counts: the bit of variant `lane` of half a row (see turn()). */
static unsigned naive_count(const uint8_t *rows, unsigned row_bytes, unsigned lane,
                            const uint16_t *list, size_t length)
{
    const unsigned words = row_bytes / 4, bit = lane % words * 16 + lane / words;
    unsigned sum = 0;
    size_t n;

    for (n = 0; n < length; n++)
        sum += rows[list[n] + bit / 8] >> bit % 8 & 1;
    return sum;
}

/* Lists of every length, each sum with its first half and its second. */
START_TEST(counts)
{
    const char *name = dp_mdr_kernel_names()[_i];
    const struct dp_mdr_kernel *kernel;
    uint8_t *rows = aligned_alloc(DP_MDR_MAX_VECTOR, (SAMPLES + 1) * DP_MDR_MAX_VECTOR);
    uint16_t *sums = aligned_alloc(DP_MDR_MAX_VECTOR, 2 * 4 * DP_MDR_MAX_VECTOR * sizeof(*sums));
    uint16_t list[SAMPLES];
    uint64_t random = 5;
    unsigned lane, half, bytes;
    size_t length, n;

    MUST(dp_mdr_kernel_find(name, &kernel, NULL));
    bytes = kernel->vector_bytes;
    for (n = 0; n < (SAMPLES + 1) * bytes; n++)
        rows[n] = (uint8_t)(random_below(&random, 3) ? 0xff : random_below(&random, 256));
    for (length = 0; length <= SAMPLES; length += DP_MDR_LIST_STEP) {
        for (n = 0; n < length; n++)
            list[n] = (uint16_t)(random_below(&random, SAMPLES + 1) * bytes);
        half = 4 * bytes;
        for (n = 0; n < 2 * half; n++)
            sums[n] = 1000;
        kernel->count(rows, list, length, length % 16 == 0, sums, sums + half);
        for (lane = 0; lane < half; lane++) {
            unsigned before = length % 16 == 0 ? 1000 : 0;

            ck_assert_uint_eq(sums[lane], before + naive_count(rows, bytes, lane, list, length));
            ck_assert_uint_eq(sums[half + lane],
                              before + naive_count(rows + bytes / 2, bytes, lane, list, length));
        }
    }
    free(rows);
    free(sums);
}
END_TEST

/* Offsets of the rows whose bits are set, in order. */
START_TEST(lists)
{
    const char *name = dp_mdr_kernel_names()[_i];
    const struct dp_mdr_kernel *kernel;
    uint16_t members[DP_MDR_PIECE_WORDS], list[SAMPLES + DP_MDR_LIST_SLACK];
    uint64_t random = 6;
    size_t words, n, k, found, length;

    MUST(dp_mdr_kernel_find(name, &kernel, NULL));
    for (words = 0; words <= DP_MDR_PIECE_WORDS; words++) {
        for (n = 0; n < DP_MDR_PIECE_WORDS; n++)
            members[n] = (uint16_t)(n % 5 ? random_next(&random) : n % 2 ? 0xffff : 0);
        length = kernel->list(members, words, list);
        found = 0;
        for (k = 0; k < 16 * words; k++) {
            if (members[k / 16] >> k % 16 & 1)
                ck_assert_uint_eq(list[found++], k * kernel->vector_bytes);
        }
        ck_assert_uint_eq(found, length);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kernel");
    int kernels = 0;

    while (dp_mdr_kernel_names()[kernels])
        kernels++;
    tcase_add_loop_test(tcase, counts, 0, kernels);
    tcase_add_loop_test(tcase, lists, 0, kernels);

    tcase_add_test(tcase, found_by_name);
    return mdr_run(tcase, "mdr_kernel");
}
