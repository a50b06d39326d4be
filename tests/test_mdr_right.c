/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/right.c: the margins of a group of variants, whatever was in its rooms before. */

#include "mdr/right.h"
#include "tests/mdr_data.h"

static const int32_t weight[2] = {3, 5};

/* Calls of variant `v` in segment `s`, sample by sample. */
static void count_calls(const struct dp_mdr_planes *planes, uint32_t v, size_t s,
                        unsigned counts[4])
{
    const struct dp_mdr_layout *layout = dp_mdr_planes_layout(planes);
    const struct dp_mdr_segment *segment = &layout->segments[s];
    const uint16_t *low = dp_mdr_planes_row(planes, v), *high = low + layout->word_count;
    size_t n, bit = 16 * (size_t)segment->first_word;

    memset(counts, 0, 4 * sizeof(*counts));
    for (n = 0; n < segment->sample_count; n++, bit++)
        counts[(low[bit / 16] >> bit % 16 & 1) | (high[bit / 16] >> bit % 16 & 1) << 1]++;
}

/* Adds a segment's margins to sums[fold][call 1, 2][lane]. */
static void must_count(const struct dp_mdr_right *right, const struct dp_mdr_planes *planes,
                       unsigned lanes, size_t s, int32_t *sums)
{
    const struct dp_mdr_segment *segment = &dp_mdr_planes_layout(planes)->segments[s];
    const int32_t factor = segment->is_case ? weight[1] : -weight[0];
    unsigned counts[4], lane, call;

    for (lane = 0; lane < lanes; lane++) {
        memset(counts, 0, sizeof(counts));
        if (right->first + lane < right->end)
            count_calls(planes, right->first + lane, s, counts);
        if (!right->missing)
            counts[3] = 0;
        for (call = 1; call <= 3; call++)
            if (right->counts[(s * 3 + call - 1) * lanes + lane] != counts[call])
                ck_abort_msg("segment %zu, lane %u, call %u", s, lane, call);
        for (call = 1; call <= 2; call++)
            sums[(segment->fold * 2u + call - 1) * lanes + lane] += factor * (int32_t)counts[call];
    }
}

static void must_be(const struct dp_mdr_right *right, const struct dp_mdr_frame *frame,
                    const struct dp_mdr_planes *planes, unsigned lanes)
{
    size_t n, count = (size_t)frame->fold_count * 2 * lanes;
    int32_t *sums = calloc(count, sizeof(*sums));

    for (n = 0; n < frame->layout->segment_count; n++)
        must_count(right, planes, lanes, n, sums);
    for (n = 0; n < count; n++)
        if (right->sum32[n] != sums[n] || right->sum16[n] != (int16_t)sums[n])
            ck_abort_msg("sum %zu: %d, %d, not %d", n, right->sum32[n], right->sum16[n], sums[n]);
    free(sums);
}

/* More samples than a piece has, also than a segment. */
static const struct mdr_shape shapes[] = {
    {4, 600, 2, 50, 0, true},
    {300, 600, 5, 50, 20, true},
    {2100, 600, 2, 30, 5, false},
    {140001, 6, 2, 95, 5, true},
};

/* One group after the other: so many variants of the last ones. */
static const struct group {
    uint32_t back, count;
    bool missing;
} groups[] = {
    {600, 1000, true},                /* as many as there are lanes */
    {6, 6, true},      {6, 1, false}, /* every third variant has no missing calls */
    {6, 0, true},      {3, 3, true},
};

START_TEST(margins)
{
    const struct mdr_shape *shape = &shapes[_i];
    const uint32_t end = (uint32_t)shape->variants;
    const char *const *name;
    const struct dp_mdr_kernel *kernel;
    struct dp_mdr_frame frame;
    struct dp_mdr_right right;
    struct mdr_data data;
    uint32_t lanes, n;

    mdr_make(shape, 11, &data);
    MUST(dp_mdr_frame_make(data.planes, &frame, NULL));
    for (name = dp_mdr_kernel_names(); *name; name++) {
        MUST(dp_mdr_kernel_find(*name, &kernel, NULL));
        lanes = dp_mdr_right_lanes(kernel);
        MUST(dp_mdr_right_new(&frame, kernel, &right, NULL));
        for (n = 0; n < sizeof(groups) / sizeof(groups[0]); n++) {
            const struct group *group = &groups[n];
            const uint32_t first = end > group->back ? end - group->back : 0;
            const uint32_t stop = first + (group->count < lanes ? group->count : lanes);

            dp_mdr_right_set(&right, &frame, kernel, data.planes, weight, first,
                             stop < end ? stop : end, group->missing);
            ck_assert_int_eq(right.missing, group->missing);
            must_be(&right, &frame, data.planes, lanes);
        }
        ck_assert_uint_gt(dp_mdr_right_bytes(&frame, kernel),
                          3 * frame.row_count * kernel->vector_bytes);
        dp_mdr_right_free(&right);
    }
    dp_mdr_right_free(&right); /* of nothing */
    dp_mdr_frame_free(&frame);
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("right");

    tcase_add_loop_test(tcase, margins, 0, sizeof(shapes) / sizeof(shapes[0]));
    return mdr_run(tcase, "mdr_right");
}
