/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/left.h"

#include <stdlib.h>
#include <string.h>

/* One bit for each sample of a piece. */
typedef uint16_t members __attribute__((vector_size(2 * DP_MDR_PIECE_WORDS), __may_alias__));

int dp_mdr_left_new(const struct dp_mdr_frame *frame, unsigned classes, struct dp_mdr_left *left,
                    struct dp_error *err)
{
    size_t entries = frame->row_count + DP_MDR_LIST_SLACK +
                     frame->piece_count * classes * DP_MDR_LIST_STEP;

    memset(left, 0, sizeof(*left));
    left->classes = classes;
    left->entries = malloc(entries * sizeof(*left->entries));
    left->begin = malloc((frame->piece_count * classes + 1) * sizeof(*left->begin));
    left->counts =
        malloc((frame->layout->segment_count + 1) * (classes + 1) * sizeof(*left->counts));
    if (!left->entries || !left->begin || !left->counts) {
        dp_mdr_left_free(left);
        return dp_error_no_memory(err);
    }
    return 0;
}

/* Calls 0, 1, 2 and missing; of padding none. */
static void find_calls(const struct dp_mdr_piece *piece, const uint16_t *row, size_t plane_words,
                       members calls[4])
{
    const uint32_t rest = piece->sample_count % 16;
    members low = {0}, high = {0};

    memcpy(&low, row + piece->first_word, piece->word_count * sizeof(*row));
    memcpy(&high, row + piece->first_word + plane_words, piece->word_count * sizeof(*row));
    calls[0] = ~(low | high);
    calls[1] = low & ~high;
    calls[2] = high & ~low;
    calls[3] = low & high;
    if (rest)
        calls[0][piece->word_count - 1] &= (uint16_t)((1u << rest) - 1);
}

/* Of each class; the last are those with a missing call. */
static void find_members(const struct dp_mdr_left *left, const struct dp_mdr_piece *piece,
                         const uint16_t *const rows[2], size_t plane_words,
                         members found[DP_MDR_MAX_CLASSES + 1])
{
    members one[4], other[4];
    unsigned a, b;

    if (left->classes == 3) {
        find_calls(piece, rows[0], plane_words, found);
        return;
    }
    find_calls(piece, rows[0], plane_words, one);
    find_calls(piece, rows[1], plane_words, other);
    for (a = 0; a < 3; a++) {
        for (b = 0; b < 3; b++)
            found[3 * a + b] = one[a] & other[b];
    }
    found[9] = one[3] | other[3];
}

static bool is_empty(const members *found)
{
    uint16_t all = 0;
    unsigned n;

    for (n = 0; n < DP_MDR_PIECE_WORDS; n++)
        all |= (*found)[n];
    return all == 0;
}

/* Pads a list, which ends at entry `at`, to a whole number of steps from `begin`; returns the entry
 * behind. As many entries are written in any case, which is faster than to find out how many. */
static uint32_t pad(uint16_t *entries, uint32_t begin, uint32_t at, uint16_t empty)
{
    unsigned n;

    for (n = 0; n < DP_MDR_LIST_STEP; n++)
        entries[at + n] = empty;
    return begin + (at - begin + DP_MDR_LIST_STEP - 1) / DP_MDR_LIST_STEP * DP_MDR_LIST_STEP;
}

/* Lists of one piece from entry `at` on; returns the entry behind. */
static uint32_t list_piece(struct dp_mdr_left *left, const struct dp_mdr_piece *piece,
                           const struct dp_mdr_kernel *kernel, const members *found, unsigned last,
                           uint32_t *begin, uint32_t at)
{
    const uint16_t empty = (uint16_t)(piece->word_count * 16 * kernel->vector_bytes);
    uint32_t *counts = left->counts + piece->segment * (left->classes + 1);
    uint32_t length, listed = 0;
    unsigned class, number = 0;

    for (class = 0; class <= left->classes; class++) {
        if (class == last)
            continue;
        begin[number] = at;
        length = 0; /* mostly nothing is missing */
        if (class < left->classes || !is_empty(&found[class]))
            length = (uint32_t)kernel->list((const uint16_t *)&found[class], piece->word_count,
                                            left->entries + at);
        counts[class == left->classes ? class : number] += length;
        listed += length;
        number++;
        at = pad(left->entries, at, at + length, empty);
        if (class == left->classes && length)
            left->missing = true;
    }
    counts[left->classes - 1] += piece->sample_count - listed;
    return at;
}

void dp_mdr_left_set(struct dp_mdr_left *left, const struct dp_mdr_frame *frame,
                     const struct dp_mdr_kernel *kernel, const struct dp_mdr_planes *planes,
                     const uint32_t *variants, unsigned last)
{
    const unsigned order = left->classes == 3 ? 1 : 2;
    const uint16_t *rows[2] = {NULL, NULL};
    members found[DP_MDR_MAX_CLASSES + 1];
    uint32_t at = 0;
    unsigned n;
    size_t p;

    for (n = 0; n < order; n++) {
        left->variant[n] = variants[n];
        rows[n] = dp_mdr_planes_row(planes, variants[n]);
    }
    left->missing = false;
    memset(left->counts, 0,
           frame->layout->segment_count * (left->classes + 1) * sizeof(*left->counts));
    for (p = 0; p < frame->piece_count; p++) {
        find_members(left, &frame->pieces[p], rows, frame->layout->word_count, found);
        at = list_piece(left, &frame->pieces[p], kernel, found, last,
                        left->begin + p * left->classes, at);
    }
    left->begin[frame->piece_count * left->classes] = at;
}

void dp_mdr_left_free(struct dp_mdr_left *left)
{
    free(left->entries);
    free(left->begin);
    free(left->counts);
    memset(left, 0, sizeof(*left));
}
