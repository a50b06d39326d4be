/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "mdr/whole.h"

#include <inttypes.h>

int dp_mdr_whole_refuse(const char *name, uint64_t bytes, struct dp_error *err)
{
    return dp_error_set(err, DP_DATA,
                        "%s: offset %" PRIu64 ": no BGZF EOF block: the object may be truncated",
                        name, bytes);
}

int dp_mdr_whole_check(const struct dp_stream *stream, const char *name, struct dp_error *err)
{
    struct dp_stream_info info = {.struct_bytes = sizeof(info)};

    dp_stream_info(stream, &info);
    return info.bgzf_eof_missing ? dp_mdr_whole_refuse(name, info.compressed_bytes, err) : DP_OK;
}
