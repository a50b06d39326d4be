/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tests/mdr_data.h"

static const struct mdr_shape shapes[] = {
    {10, 5, 2, 50, 0, true},    {10, 5, 5, 50, 30, true},   {33, 7, 3, 10, 10, false},
    {100, 9, 20, 50, 5, true},  {777, 6, 5, 90, 20, false}, {1128, 8, 5, 50, 1, true},
    {5000, 4, 20, 10, 0, true}, {70000, 3, 2, 50, 2, true}, {140000, 3, 2, 95, 2, true},
};

/* Every sample is in the segment of its fold and class, in order, with its own call. */
START_TEST(bits)
{
    struct mdr_data data;
    const struct dp_mdr_layout *layout;
    const struct dp_mdr_segment *segment;
    const uint16_t *row;
    size_t v, n, k, s, word, samples = 0;
    unsigned code, wanted;

    mdr_make(&shapes[_i], 7 + (uint64_t)_i, &data);
    layout = dp_mdr_planes_layout(data.planes);
    ck_assert_uint_eq(dp_mdr_planes_variant_count(data.planes), data.variant_count);
    for (n = 0; n < layout->segment_count; n++)
        samples += layout->segments[n].sample_count;
    ck_assert_uint_eq(samples, data.cohort.sample_count);
    for (v = 0; v < data.variant_count; v++) {
        row = dp_mdr_planes_row(data.planes, v);
        s = 0;
        for (n = 0; n < layout->segment_count; n++) {
            segment = &layout->segments[n];
            ck_assert_uint_le(segment->sample_count, DP_MDR_SEGMENT_SAMPLES);
            if (n && (segment->fold != segment[-1].fold || segment->is_case != segment[-1].is_case))
                s = 0;
            for (k = 0; k < (size_t)segment->word_count * 16; k++) {
                word = segment->first_word + k / 16;
                code = (row[word] >> k % 16 & 1) |
                       (row[layout->word_count + word] >> k % 16 & 1) * 2u;
                wanted = 0;
                if (k < segment->sample_count) {
                    while (data.cohort.fold[s] != segment->fold ||
                           data.cohort.is_case[s] != segment->is_case)
                        s++;
                    wanted = data.calls[v * data.columns + data.cohort.column[s++]];
                }
                if (code != wanted)
                    ck_abort_msg("sample %zu of segment %zu: %u", k, n, code);
            }
        }
    }
    mdr_free(&data);
}
END_TEST

/* The same bytes in memory of the caller's, wherever that lies, and nothing behind them. */
START_TEST(memory)
{
    struct mdr_data data;
    struct dp_mdr_planes *other;
    size_t bytes;
    uint8_t *room;

    mdr_make(&shapes[_i], 3, &data);
    bytes = dp_mdr_planes_bytes(&data.cohort, data.variant_count);
    ck_assert_uint_gt(bytes, 0);
    room = aligned_alloc(64, bytes + 64);
    memset(room, 0xa5, bytes + 64);
    MUST(dp_mdr_planes_new(&data.cohort, data.variant_count, room, &other, NULL));
    mdr_set_planes(&data, other);
    ck_assert_mem_eq(room, dp_mdr_planes_row(data.planes, 0), bytes);
    ck_assert_uint_eq(room[bytes], 0xa5);
    ck_assert_uint_eq(room[bytes + 63], 0xa5);
    dp_mdr_planes_free(other);
    free(room);
    mdr_free(&data);
}
END_TEST

START_TEST(too_much)
{
    struct mdr_data data;
    struct dp_mdr_planes *planes = NULL;
    struct dp_error err;

    mdr_make(&shapes[0], 3, &data);
    ck_assert_uint_eq(dp_mdr_planes_bytes(&data.cohort, SIZE_MAX / 16), 0);
    ck_assert_int_eq(dp_mdr_planes_new(&data.cohort, SIZE_MAX / 16, NULL, &planes, &err),
                     DP_NO_MEMORY);
    ck_assert_ptr_null(planes);
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("planes");

    tcase_add_loop_test(tcase, bits, 0, sizeof(shapes) / sizeof(shapes[0]));
    tcase_add_loop_test(tcase, memory, 0, sizeof(shapes) / sizeof(shapes[0]));
    tcase_add_test(tcase, too_much);
    return mdr_run(tcase, "mdr_planes");
}
