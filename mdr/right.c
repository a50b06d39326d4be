/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "mdr/right.h"

#include <stdlib.h>
#include <string.h>

static size_t matrix_bytes(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel)
{
    size_t bytes = frame->row_count * kernel->vector_bytes;

    return (bytes + DP_MDR_MAX_VECTOR) / DP_MDR_MAX_VECTOR * DP_MDR_MAX_VECTOR;
}

static size_t count_bytes(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel)
{
    return frame->layout->segment_count * 3 * dp_mdr_right_lanes(kernel) * sizeof(uint16_t);
}

static size_t sum_count(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel)
{
    return (size_t)frame->fold_count * 2 * dp_mdr_right_lanes(kernel);
}

size_t dp_mdr_right_bytes(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel)
{
    return 3 * matrix_bytes(frame, kernel) + count_bytes(frame, kernel) +
           sum_count(frame, kernel) * (sizeof(int16_t) + sizeof(int32_t));
}

static void *get(size_t bytes)
{
    void *memory = aligned_alloc(DP_MDR_MAX_VECTOR, (bytes + DP_MDR_MAX_VECTOR) /
                                                        DP_MDR_MAX_VECTOR * DP_MDR_MAX_VECTOR);

    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

int dp_mdr_right_new(const struct dp_mdr_frame *frame, const struct dp_mdr_kernel *kernel,
                     struct dp_mdr_right *right, struct dp_error *err)
{
    const size_t bytes = matrix_bytes(frame, kernel);

    memset(right, 0, sizeof(*right));
    right->matrices.calls[0] = get(bytes);
    right->matrices.calls[1] = get(bytes);
    right->counts = get(count_bytes(frame, kernel));
    right->sum16 = get(sum_count(frame, kernel) * sizeof(int16_t));
    right->sum32 = get(sum_count(frame, kernel) * sizeof(int32_t));
    right->matrices.missing = get(bytes);
    if (!right->matrices.calls[0] || !right->matrices.calls[1] || !right->counts ||
        !right->sum16 || !right->sum32 || !right->matrices.missing) {
        dp_mdr_right_free(right);
        return dp_error_no_memory(err);
    }
    return 0;
}

/* Counts of every variant in every segment: a list of all samples. */
static void count_margins(struct dp_mdr_right *right, const struct dp_mdr_frame *frame,
                          const struct dp_mdr_kernel *kernel, bool missing)
{
    const unsigned lanes = dp_mdr_right_lanes(kernel), half = lanes / 2;
    uint16_t list[16 * DP_MDR_PIECE_WORDS], *to;
    const struct dp_mdr_piece *piece;
    size_t n, p, at;

    for (n = 0; n < 16 * DP_MDR_PIECE_WORDS; n++)
        list[n] = (uint16_t)(n * kernel->vector_bytes);
    for (p = 0; p < frame->piece_count; p++) {
        piece = &frame->pieces[p];
        at = (size_t)piece->row * kernel->vector_bytes;
        to = right->counts + (size_t)piece->segment * 3 * lanes;
        n = 16 * piece->word_count; /* the rows of padding have no bits */
        kernel->count(right->matrices.calls[0] + at, list, n, !piece->opens, to, to + lanes);
        kernel->count(right->matrices.calls[1] + at, list, n, !piece->opens, to + half,
                      to + lanes + half);
        if (missing)
            kernel->count(right->matrices.missing + at, list, n, !piece->opens, to + 2 * lanes,
                          to + 2 * lanes + half);
    }
    for (n = 0; !missing && n < frame->layout->segment_count; n++)
        memset(right->counts + (n * 3 + 2) * lanes, 0, lanes * sizeof(*right->counts));
}

static void sum_margins(struct dp_mdr_right *right, const struct dp_mdr_frame *frame,
                        const struct dp_mdr_kernel *kernel, const int32_t weight[2])
{
    const unsigned lanes = dp_mdr_right_lanes(kernel);
    const struct dp_mdr_segment *segment;
    const uint16_t *counts;
    size_t s, n, count = sum_count(frame, kernel);
    uint32_t factor, *sums;

    memset(right->sum32, 0, count * sizeof(*right->sum32));
    for (s = 0; s < frame->layout->segment_count; s++) {
        segment = &frame->layout->segments[s];
        factor = segment->is_case ? (uint32_t)weight[1] : -(uint32_t)weight[0];
        counts = right->counts + s * 3 * lanes;
        sums = (uint32_t *)right->sum32 + (size_t)segment->fold * 2 * lanes;
        for (n = 0; n < 2 * lanes; n++)
            sums[n] += factor * counts[n];
    }
    for (n = 0; n < count; n++)
        right->sum16[n] = (int16_t)right->sum32[n];
}

void dp_mdr_right_set(struct dp_mdr_right *right, const struct dp_mdr_frame *frame,
                      const struct dp_mdr_kernel *kernel, const struct dp_mdr_planes *planes,
                      const int32_t weight[2], uint32_t first, uint32_t end, bool missing)
{
    const uint16_t *rows[8 * DP_MDR_MAX_VECTOR] = {NULL};
    struct dp_mdr_matrices matrices = right->matrices;
    uint32_t v;

    for (v = first; v < end; v++)
        rows[v - first] = dp_mdr_planes_row(planes, v);
    if (!missing)
        matrices.missing = NULL;
    kernel->spread(frame, rows, &matrices);
    count_margins(right, frame, kernel, missing);
    sum_margins(right, frame, kernel, weight);
    right->first = first;
    right->end = end;
    right->missing = missing;
}

void dp_mdr_right_free(struct dp_mdr_right *right)
{
    free(right->matrices.calls[0]);
    free(right->matrices.calls[1]);
    free(right->matrices.missing);
    free(right->counts);
    free(right->sum16);
    free(right->sum32);
    memset(right, 0, sizeof(*right));
}
