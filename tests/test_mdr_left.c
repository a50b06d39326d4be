/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/left.c: every sample stands in the list of its class, once, in every kernel. */

#include "mdr/left.h"
#include "tests/mdr_data.h"

/* The call of the sample with bit `n` of the words of a plane. */
static unsigned call_of(const struct dp_mdr_frame *frame, const uint16_t *row, size_t n)
{
    return (row[n / 16] >> n % 16 & 1u) | (row[frame->layout->word_count + n / 16] >> n % 16 & 1u)
                                              << 1;
}

/* Its class: 3 or 9 is a missing call. */
static unsigned class_of(const struct dp_mdr_left *left, const struct dp_mdr_frame *frame,
                         const uint16_t *const rows[2], size_t n)
{
    unsigned a = call_of(frame, rows[0], n), b;

    if (left->classes == 3)
        return a;
    b = call_of(frame, rows[1], n);
    return a == 3 || b == 3 ? 9 : 3 * a + b;
}

/* Of one piece; adds its samples to `counts`. */
static void must_list(const struct dp_mdr_left *left, const struct dp_mdr_frame *frame, size_t p,
                      const struct dp_mdr_kernel *kernel, const uint16_t *const rows[2],
                      unsigned last, uint32_t *counts)
{
    const struct dp_mdr_piece *piece = &frame->pieces[p];
    const uint16_t empty = (uint16_t)(16 * piece->word_count * kernel->vector_bytes), *list;
    size_t length, at, n;
    unsigned class, number = 0;

    for (class = 0; class <= left->classes; class ++) {
        for (at = 0, n = 0; class == last && n < piece->sample_count; n++)
            counts[left->classes - 1] +=
                class_of(left, frame, rows, 16 * (size_t)piece->first_word + n) == class;
        if (class == last)
            continue;
        length = dp_mdr_left_list(left, p, number, &list);
        ck_assert_uint_eq(length % DP_MDR_LIST_STEP, 0);
        for (n = 0; n < piece->sample_count; n++) {
            if (class_of(left, frame, rows, 16 * (size_t)piece->first_word + n) != class)
                continue;
            if (at == length || list[at++] != n * kernel->vector_bytes)
                ck_abort_msg("piece %zu, class %u, sample %zu", p, class, n);
            counts[class == left->classes ? class : number]++;
        }
        ck_assert_uint_lt(length - at, DP_MDR_LIST_STEP);
        for (; at < length; at++)
            ck_assert_uint_eq(list[at], empty);
        number++;
    }
}

static void must_be(const struct dp_mdr_left *left, const struct dp_mdr_frame *frame,
                    const struct dp_mdr_kernel *kernel, const struct dp_mdr_planes *planes,
                    const uint32_t *variants, unsigned last)
{
    const uint16_t *const rows[2] = {dp_mdr_planes_row(planes, variants[0]),
                                     dp_mdr_planes_row(planes, variants[1])};
    size_t count = frame->layout->segment_count * (left->classes + 1), n, missing = 0;
    uint32_t *counts = calloc(count, sizeof(*counts));

    for (n = 0; n < frame->piece_count; n++)
        must_list(left, frame, n, kernel, rows, last,
                  counts + frame->pieces[n].segment * (left->classes + 1));
    ck_assert_int_eq(memcmp(left->counts, counts, count * sizeof(*counts)), 0);
    for (n = left->classes; n < count; n += left->classes + 1)
        missing += counts[n];
    ck_assert_int_eq(left->missing, missing > 0);
    ck_assert_uint_eq(left->variant[0], variants[0]);
    free(counts);
}

static const struct mdr_shape shapes[] = {
    {4, 6, 2, 50, 0, true},    {31, 6, 3, 50, 30, true},    {128, 6, 2, 50, 5, true},
    {2048, 6, 2, 50, 5, true}, {2070, 6, 2, 50, 100, true}, {4111, 6, 5, 20, 10, false},
};

/* One after the other into the same rooms, each class once without a list. */
START_TEST(lists)
{
    static const uint32_t variants[][2] = {{0, 1}, {1, 2}, {3, 4}, {0, 3}, {5, 4}};
    const char *const *name;
    const struct dp_mdr_kernel *kernel;
    struct dp_mdr_frame frame;
    struct dp_mdr_left left;
    struct mdr_data data;
    unsigned classes, n;

    mdr_make(&shapes[_i], 7, &data);
    MUST(dp_mdr_frame_make(data.planes, &frame, NULL));
    for (name = dp_mdr_kernel_names(); *name; name++) {
        MUST(dp_mdr_kernel_find(*name, &kernel, NULL));
        for (classes = 3; classes <= 9; classes += 6) {
            MUST(dp_mdr_left_new(&frame, classes, &left, NULL));
            for (n = 0; n < 2 * classes; n++) {
                dp_mdr_left_set(&left, &frame, kernel, data.planes, variants[n % 5], n % classes);
                must_be(&left, &frame, kernel, data.planes, variants[n % 5], n % classes);
            }
            dp_mdr_left_free(&left);
        }
    }
    dp_mdr_left_free(&left); /* of nothing */
    dp_mdr_frame_free(&frame);
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("left");

    tcase_add_loop_test(tcase, lists, 0, sizeof(shapes) / sizeof(shapes[0]));
    return mdr_run(tcase, "mdr_left");
}
