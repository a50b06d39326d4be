/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* mdr/frame.c: the pieces are the segments, each sample once, with a row of its own. */

#include "mdr/frame.h"
#include "tests/mdr_data.h"

/* The pieces of segment `number` begin at `piece`; returns how many they are. Check's assertions
 * are too slow for every row. */
static size_t must_be_segment(const struct dp_mdr_frame *frame, uint32_t number,
                              const struct dp_mdr_piece *piece, uint32_t *row)
{
    const struct dp_mdr_segment *segment = &frame->layout->segments[number];
    uint32_t word = segment->first_word, stop = word + segment->word_count, samples = 0, w;
    const struct dp_mdr_piece *first = piece;

    for (; word < stop; piece++) {
        ck_assert(piece < frame->pieces + frame->piece_count);
        ck_assert_uint_eq(piece->segment, number);
        ck_assert_uint_eq(piece->first_word, word);
        ck_assert_uint_ge(piece->word_count, 1);
        ck_assert_uint_le(piece->word_count, DP_MDR_PIECE_WORDS);
        ck_assert_uint_eq(piece->row, *row);
        ck_assert_int_eq(piece->opens, piece == first);
        word += piece->word_count;
        samples += piece->sample_count;
        if (word < stop)
            ck_assert_uint_eq(piece->sample_count, 16 * piece->word_count);
        else /* the last one may end within its last word */
            ck_assert_uint_gt(piece->sample_count, 16 * (piece->word_count - 1));
        ck_assert_uint_le(piece->sample_count, 16 * piece->word_count);
        for (w = 0; w < piece->word_count; w++)
            if (frame->row_of_word[piece->first_word + w] != *row + 16 * w)
                ck_abort_msg("word %u", piece->first_word + w);
        *row += 16 * piece->word_count + 1; /* and the row without a bit */
    }
    ck_assert_uint_eq(word, stop);
    ck_assert_uint_eq(samples, segment->sample_count);
    return (size_t)(piece - first);
}

/* Around the sizes of words, pieces (512 samples) and segments (65520). */
static const struct mdr_shape shapes[] = {
    {2, 1, 2, 50, 0, true},      {4, 1, 2, 50, 0, true},      {64, 1, 2, 50, 0, true},
    {68, 1, 2, 50, 0, true},     {2048, 1, 2, 50, 0, true},   {2044, 1, 2, 50, 0, true},
    {2052, 1, 2, 50, 0, true},   {5000, 1, 20, 3, 0, false},  {262080, 1, 2, 50, 0, true},
    {262084, 1, 2, 50, 0, true}, {140001, 1, 2, 95, 0, true},
};

START_TEST(every_sample_has_a_row)
{
    struct mdr_data data;
    struct dp_mdr_frame frame;
    uint64_t samples = 0;
    size_t piece = 0;
    uint32_t row = 0, n;

    mdr_make(&shapes[_i], 3, &data);
    MUST(dp_mdr_frame_make(data.planes, &frame, NULL));
    ck_assert_ptr_eq(frame.layout, dp_mdr_planes_layout(data.planes));
    ck_assert_uint_eq(frame.fold_count, shapes[_i].folds);
    for (n = 0; n < frame.layout->segment_count; n++) {
        piece += must_be_segment(&frame, n, frame.pieces + piece, &row);
        samples += frame.layout->segments[n].sample_count;
    }
    ck_assert_uint_eq(piece, frame.piece_count);
    ck_assert_uint_eq(row, frame.row_count);
    ck_assert_uint_eq(samples, shapes[_i].samples);
    dp_mdr_frame_free(&frame);
    ck_assert_ptr_null(frame.pieces);
    dp_mdr_frame_free(&frame); /* of nothing */
    mdr_free(&data);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("frame");

    tcase_add_loop_test(tcase, every_sample_has_a_row, 0, sizeof(shapes) / sizeof(shapes[0]));
    return mdr_run(tcase, "mdr_frame");
}
