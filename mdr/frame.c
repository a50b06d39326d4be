/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/frame.h"

#include <stdlib.h>
#include <string.h>

static size_t pieces_of(const struct dp_mdr_segment *segment)
{
    return (segment->word_count + DP_MDR_PIECE_WORDS - 1) / DP_MDR_PIECE_WORDS;
}

/* Cuts a segment into pieces of about equal size. */
static struct dp_mdr_piece *cut(const struct dp_mdr_layout *layout, uint32_t number,
                                struct dp_mdr_piece *piece, uint32_t *row)
{
    const struct dp_mdr_segment *segment = &layout->segments[number];
    uint32_t count = (uint32_t)pieces_of(segment), n, begin, end, samples;

    for (n = 0; n < count; n++, piece++) {
        begin = (uint32_t)((uint64_t)segment->word_count * n / count);
        end = (uint32_t)((uint64_t)segment->word_count * (n + 1) / count);
        samples = (end < segment->word_count ? 16 * end : segment->sample_count) - 16 * begin;
        *piece = (struct dp_mdr_piece){segment->first_word + begin, end - begin, samples, *row,
                                       number, n == 0};
        *row += 16 * (end - begin) + 1;
    }
    return piece;
}

int dp_mdr_frame_make(const struct dp_mdr_planes *planes, struct dp_mdr_frame *frame,
                      struct dp_error *err)
{
    const struct dp_mdr_layout *layout = dp_mdr_planes_layout(planes);
    struct dp_mdr_piece *piece;
    size_t n, count = 0;
    uint32_t row = 0, word;

    memset(frame, 0, sizeof(*frame));
    for (n = 0; n < layout->segment_count; n++)
        count += pieces_of(&layout->segments[n]);
    frame->layout = layout;
    frame->fold_count = dp_mdr_planes_cohort(planes)->fold_count;
    frame->piece_count = count;
    frame->pieces = malloc((count ? count : 1) * sizeof(*frame->pieces));
    frame->row_of_word = malloc((layout->word_count + 1) * sizeof(*frame->row_of_word));
    if (!frame->pieces || !frame->row_of_word) {
        dp_mdr_frame_free(frame);
        return dp_error_no_memory(err);
    }
    piece = frame->pieces;
    for (n = 0; n < layout->segment_count; n++)
        piece = cut(layout, (uint32_t)n, piece, &row);
    frame->row_count = row;
    for (n = 0; n < count; n++) {
        piece = &frame->pieces[n];
        for (word = 0; word < piece->word_count; word++)
            frame->row_of_word[piece->first_word + word] = piece->row + 16 * word;
    }
    return 0;
}

void dp_mdr_frame_free(struct dp_mdr_frame *frame)
{
    free(frame->pieces);
    free(frame->row_of_word);
    memset(frame, 0, sizeof(*frame));
}
