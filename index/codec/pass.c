/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/pass.h"

#include "base/crc32.h"

static const struct dp_pass_ops *const passes[] = {
    [DP_CODEC_NONE] = &dp_pass_none,
    [DP_CODEC_GZIP] = &dp_pass_gzip,
    [DP_CODEC_BGZF] = &dp_pass_bgzf,
};

const struct dp_pass_ops *dp_pass_find(const struct dp_decoder_config *config)
{
    if (config->codec == DP_CODEC_GZIP && config->guide && config->guide->span_count)
        return &dp_pass_spans;
    return passes[config->codec];
}

size_t dp_pass_room(const struct dp_decoder_config *config, size_t most, size_t beyond)
{
    uint64_t begin = config->start.uncompressed_offset;
    uint64_t wanted = config->end_offset > begin ? config->end_offset - begin : 1;

    return wanted < most - beyond ? (size_t)wanted + beyond : most;
}

void dp_pass_sum(struct dp_batch *batch)
{
    struct dp_segment *segments = batch->segments.data;
    const uint8_t *at = batch->bytes;

    for (size_t i = 0; i < batch->segments.length; i++) {
        if (!(segments[i].flags & DP_SEGMENT_SUMMED))
            segments[i].crc32 = dp_crc32(0, at, segments[i].length);
        at += segments[i].length;
    }
}

void dp_worker_free(struct dp_worker *worker)
{
    dp_inflate_free(worker->inflate);
    dp_window_packer_free(worker->packer);
    libdeflate_free_decompressor(worker->decompressor);
}
