/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/decoder.h"

#include <string.h>

static const char *const names[] = {
    [DP_CODEC_NONE] = "none",
    [DP_CODEC_GZIP] = "gzip",
    [DP_CODEC_BGZF] = "bgzf",
};

enum { CODEC_COUNT = sizeof(names) / sizeof(names[0]) };

const char *dp_codec_name(enum dp_codec codec)
{
    return names[codec];
}

bool dp_codec_parse(const char *name, enum dp_codec *codec)
{
    for (unsigned i = 0; i < CODEC_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *codec = (enum dp_codec)i;
            return true;
        }
    return false;
}

/* A BGZF block is a gzip member whose header is just so: FEXTRA alone, and a subfield BC of two
 * bytes comes first. (A member with BC behind other subfields is decoded as plain gzip.) */
static bool is_bgzf(const uint8_t *head, size_t length)
{
    return length >= 18 && head[2] == 8 && head[3] == 4 && head[12] == 'B' && head[13] == 'C' &&
           head[14] == 2 && head[15] == 0;
}

enum dp_codec dp_codec_sniff(const uint8_t *head, size_t length)
{
    /* 1f 9e is what gzip wrote before 1993 and still reads. */
    if (length < 2 || head[0] != 0x1f || (head[1] != 0x8b && head[1] != 0x9e))
        return DP_CODEC_NONE;
    return is_bgzf(head, length) ? DP_CODEC_BGZF : DP_CODEC_GZIP;
}

/* What objects of other compressors begin with, and what reads them. */
static const struct {
    const char *magic;
    size_t magic_bytes;
    bool by_gzip; /* gzip reads it, too */
    const char *words;
} foreign[] = {
    {"\x1f\x9d", 2, true, "compress (.Z) format is not supported; use uncompress"},
    {"\x1f\x1e", 2, true, "pack (.z) format is not supported; use gzip -dc"},
    {"\x1f\xa0", 2, true, "lzh (.z) format is not supported; use gzip -dc"},
    {"PK\3\4", 4, true, "zip format is not supported; use unzip -p"},
    {"BZh", 3, false, "bzip2 format is not supported; use bzip2 -dc"},
    {"\xfd" "7zXZ", 6, false, "xz format is not supported; use xz -dc"},
    {"\x28\xb5\x2f\xfd", 4, false, "zstd format is not supported; use zstd -dc"},
};

const char *dp_codec_foreign(const uint8_t *head, size_t length, bool by_gzip)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        if (length >= foreign[i].magic_bytes && (foreign[i].by_gzip || !by_gzip) &&
            memcmp(head, foreign[i].magic, foreign[i].magic_bytes) == 0)
            return foreign[i].words;
    return NULL;
}
