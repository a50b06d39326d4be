/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/codec/gzip.h"

#include "base/crc32.h"
#include "base/le.h"
#include "index/codec/window.h"

#include <inttypes.h>
#include <string.h>

/* Flags of a member's header (RFC 1952). GNU gzip takes bit 5 for "encrypted". */
enum {
    FLAG_HEADER_CRC = 0x02,
    FLAG_EXTRA = 0x04,
    FLAG_NAME = 0x08,
    FLAG_COMMENT = 0x10,
    FLAG_ENCRYPTED = 0x20,
    FLAG_RESERVED = 0xc0
};

enum state {
    HEADER,  /* a member may begin here */
    DEFLATE, /* inside a member's data */
    TRAILER, /* the last block has ended */
    REST,    /* behind the last member, when that is given too */
    DONE
};

static int fail(const struct dp_gzip *gzip, struct dp_error *err, enum dp_detail detail,
                const char *text)
{
    return dp_error_set_detail(err, DP_DATA, detail, "%s: offset %" PRIu64 ": %s", gzip->name,
                               dp_source_offset(gzip->source), text);
}

static int unexpected_end(const struct dp_gzip *gzip, struct dp_error *err)
{
    return fail(gzip, err, DP_DETAIL_UNEXPECTED_END, "unexpected end of file");
}

int dp_gzip_init(struct dp_gzip *gzip, struct dp_source *source, struct dp_inflate *inflate,
                 const char *name, const struct dp_seek_point *start, struct dp_window *window,
                 struct dp_error *err)
{
    unsigned skip = (unsigned)(start->compressed_bit % 8);
    uint8_t first = 0;
    int rc = DP_OK;

    memset(gzip, 0, sizeof(*gzip));
    gzip->source = source;
    gzip->inflate = inflate;
    gzip->name = name;
    gzip->state = HEADER;
    gzip->member_offset = dp_source_offset(source);
    if (!start->mid_member)
        return DP_OK;
    if (!window->placed)
        rc = dp_window_place(window, source, inflate, skip, name, err);
    if (rc)
        return rc;
    if (skip) {
        rc = dp_source_byte(source, &first, err);
        if (rc <= 0)
            return rc ? rc : unexpected_end(gzip, err);
    }
    inflate->ops->begin(inflate, (unsigned)first >> skip, skip ? 8 - skip : 0,
                        window->bytes, window->raw_bytes);
    gzip->state = DEFLATE;
    gzip->any_member = true;
    return DP_OK;
}

/* ------------------------------------------------------------------------------- headers */

/* Takes `count` bytes that must be there, adding them to the header's CRC. */
static int take(struct dp_gzip *gzip, uint8_t *bytes, size_t count, uint32_t *crc,
                struct dp_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = dp_source_byte(gzip->source, &bytes[i], err);

        if (rc <= 0)
            return rc ? rc : unexpected_end(gzip, err);
    }
    *crc = dp_crc32(*crc, bytes, count);
    return DP_OK;
}

/* Skips the extra field: its length and so many bytes. */
static int skip_extra(struct dp_gzip *gzip, uint32_t *crc, struct dp_error *err)
{
    uint8_t bytes[2];
    int rc = take(gzip, bytes, 2, crc, err);

    for (unsigned left = dp_le16_load(bytes); !rc && left; left--)
        rc = take(gzip, bytes, 1, crc, err);
    return rc;
}

/* Skips a text up to its zero byte. */
static int skip_text(struct dp_gzip *gzip, uint32_t *crc, struct dp_error *err)
{
    uint8_t byte;
    int rc;

    do
        rc = take(gzip, &byte, 1, crc, err);
    while (!rc && byte);
    return rc;
}

static int check_header_crc(struct dp_gzip *gzip, uint32_t crc, struct dp_error *err)
{
    uint32_t expected = crc & 0xffff;
    uint8_t bytes[2];
    int rc = take(gzip, bytes, 2, &crc, err);

    if (rc || dp_le16_load(bytes) == expected)
        return rc;
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_GZIP_HEADER,
                               "%s: offset %" PRIu64
                               ": header checksum 0x%04x != computed checksum 0x%04x",
                               gzip->name, dp_source_offset(gzip->source) - 2,
                               (unsigned)dp_le16_load(bytes), (unsigned)expected);
}

/* Reads the rest of a header; `magic` are its first two bytes. GNU gzip's order of checks: the
 * method as soon as it is read, then the flags, then the rest. */
static int read_header(struct dp_gzip *gzip, const uint8_t magic[2], struct dp_error *err)
{
    uint32_t crc = dp_crc32(0, magic, 2);
    uint8_t method, flags, rest[6];
    int rc = take(gzip, &method, 1, &crc, err);

    if (rc)
        return rc;
    if (method != 8)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_GZIP_METHOD,
                                   "%s: offset %" PRIu64 ": unknown method %u -- not supported",
                                   gzip->name, dp_source_offset(gzip->source) - 1, method);
    rc = take(gzip, &flags, 1, &crc, err);
    if (rc)
        return rc;
    if (flags & FLAG_ENCRYPTED)
        return fail(gzip, err, DP_DETAIL_GZIP_FLAGS, "encrypted -- not supported");
    if (flags & FLAG_RESERVED)
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_GZIP_FLAGS,
                                   "%s: offset %" PRIu64 ": flags 0x%x -- not supported",
                                   gzip->name, dp_source_offset(gzip->source) - 1, flags);
    rc = take(gzip, rest, sizeof(rest), &crc, err);
    if (!rc && (flags & FLAG_EXTRA))
        rc = skip_extra(gzip, &crc, err);
    if (!rc && (flags & FLAG_NAME))
        rc = skip_text(gzip, &crc, err);
    if (!rc && (flags & FLAG_COMMENT))
        rc = skip_text(gzip, &crc, err);
    if (!rc && (flags & FLAG_HEADER_CRC))
        rc = check_header_crc(gzip, crc, err);
    return rc;
}

/* Counts everything up to the end of the object as garbage, or nothing when it is all zeros from
 * where zeros count (GNU gzip: padding when the first byte is zero too). */
static int skip_garbage(struct dp_gzip *gzip, const uint8_t *magic, unsigned count,
                        struct dp_error *err)
{
    struct dp_source *source = gzip->source;
    bool zeros = magic[0] == 0 && (count < 2 || magic[1] == 0);
    uint64_t bytes = count;
    int rc;

    while ((rc = dp_source_fill(source, err)) == 1) {
        size_t length = (size_t)(source->end - source->at);

        for (size_t i = 0; zeros && i < length; i++)
            zeros = source->at[i] == 0;
        bytes += length;
        source->at = source->end;
    }
    if (rc < 0)
        return rc;
    gzip->garbage_bytes = zeros ? 0 : bytes;
    gzip->zero_bytes = zeros ? bytes : 0;
    gzip->state = DONE;
    return DP_GZIP_END;
}

/* Behind a member, `magic` is none of gzip's: garbage or the rest, unless gzip would decompress it,
 * too. */
static int leave_members(struct dp_gzip *gzip, const uint8_t *magic, unsigned count,
                         struct dp_error *err)
{
    const char *foreign = dp_codec_foreign(magic, count, true);

    if (!foreign && gzip->pass_rest) {
        memcpy(gzip->rest, magic, count);
        gzip->rest_count = count;
        gzip->state = REST;
        return DP_OK;
    }
    if (!foreign)
        return skip_garbage(gzip, magic, count, err);
    return dp_error_set_detail(err, DP_DATA, DP_DETAIL_NOT_GZIP, "%s: offset %" PRIu64 ": %s",
                               gzip->name, dp_source_offset(gzip->source) - count, foreign);
}

/* What stands where a member may begin: a header, or the end, or something else. State REST and 0
 * when that is to be given. */
static int begin_member(struct dp_gzip *gzip, struct dp_error *err)
{
    uint64_t offset = dp_source_offset(gzip->source);
    uint8_t magic[2] = {0, 0};
    int rc = dp_source_byte(gzip->source, &magic[0], err);

    if (rc < 0)
        return rc;
    if (rc == 0) {
        gzip->state = DONE;
        return gzip->any_member ? DP_GZIP_END : unexpected_end(gzip, err);
    }
    rc = dp_source_byte(gzip->source, &magic[1], err);
    if (rc < 0)
        return rc;
    if (rc == 0 && magic[0] && !(gzip->any_member && gzip->pass_rest))
        return unexpected_end(gzip, err);
    if (magic[0] != 0x1f || (magic[1] != 0x8b && magic[1] != 0x9e)) {
        if (gzip->any_member)
            return leave_members(gzip, magic, rc ? 2 : 1, err);
        return dp_error_set_detail(err, DP_DATA, DP_DETAIL_NOT_GZIP,
                                   "%s: offset %" PRIu64 ": not in gzip format", gzip->name,
                                   offset);
    }
    rc = read_header(gzip, magic, err);
    if (rc)
        return rc;
    gzip->any_member = true;
    gzip->member_count++;
    gzip->member_offset = offset;
    gzip->inflate->ops->begin(gzip->inflate, 0, 0, NULL, 0);
    gzip->state = DEFLATE;
    return DP_GZIP_MEMBER;
}

/* ---------------------------------------------------------------------------- the data */

static int end_data(struct dp_gzip *gzip)
{
    dp_source_back(gzip->source, gzip->inflate->ops->spare_bits(gzip->inflate) / 8);
    gzip->trailer_offset = dp_source_offset(gzip->source);
    gzip->state = TRAILER;
    return DP_OK;
}

/* More input; at its end what was decoded but had no room is still given. 0: go on. */
static int more_input(struct dp_gzip *gzip, size_t room, struct dp_error *err)
{
    int rc = dp_source_fill(gzip->source, err);

    if (rc == 0)
        return room ? unexpected_end(gzip, err) : DP_GZIP_FULL;
    return rc < 0 ? rc : 0;
}

static int run_data(struct dp_gzip *gzip, uint8_t **out, size_t *room, bool stop,
                    struct dp_error *err)
{
    struct dp_source *source = gzip->source;
    struct dp_inflate_io io;
    enum dp_inflate_status status;
    int rc;

    for (;;) {
        io = (struct dp_inflate_io){source->at, (size_t)(source->end - source->at), *out, *room};
        status = gzip->inflate->ops->run(gzip->inflate, &io, stop);
        source->at = io.in;
        *out = io.out;
        *room = io.out_bytes;
        switch (status) {
        case DP_INFLATE_MORE:
            rc = more_input(gzip, *room, err);
            if (rc)
                return rc;
            break;
        case DP_INFLATE_FULL:
            return DP_GZIP_FULL;
        case DP_INFLATE_BOUNDARY:
            if (stop)
                return DP_GZIP_BOUNDARY;
            break;
        case DP_INFLATE_END:
            return end_data(gzip);
        default:
            return fail(gzip, err, DP_DETAIL_DEFLATE, "invalid compressed data--format violated");
        }
    }
}

static int read_trailer(struct dp_gzip *gzip, struct dp_error *err)
{
    uint32_t unused = 0;
    uint8_t bytes[8];
    int rc = take(gzip, bytes, sizeof(bytes), &unused, err);

    if (rc)
        return rc;
    gzip->trailer_crc32 = dp_le32_load(bytes);
    gzip->trailer_length = dp_le32_load(bytes + 4);
    gzip->state = HEADER;
    return DP_GZIP_TRAILER;
}

/* Moves up to `length` bytes to where the caller wants them. */
static size_t give(const uint8_t *from, size_t length, uint8_t **out, size_t *room)
{
    if (length > *room)
        length = *room;
    memcpy(*out, from, length);
    *out += length;
    *room -= length;
    return length;
}

/* Gives what follows the last member as it is. */
static int run_rest(struct dp_gzip *gzip, uint8_t **out, size_t *room, struct dp_error *err)
{
    struct dp_source *source = gzip->source;
    size_t given = give(gzip->rest, gzip->rest_count, out, room);
    int rc = 1;

    gzip->rest_count -= (unsigned)given;
    memmove(gzip->rest, gzip->rest + given, gzip->rest_count);
    while (gzip->rest_count == 0 && (rc = dp_source_fill(source, err)) == 1 && *room)
        source->at += give(source->at, (size_t)(source->end - source->at), out, room);
    if (rc == 0)
        gzip->state = DONE;
    return rc == 1 ? DP_GZIP_FULL : rc;
}

int dp_gzip_run(struct dp_gzip *gzip, uint8_t **out, size_t *room, bool stop,
                struct dp_error *err)
{
    int rc;

    switch (gzip->state) {
    case HEADER:
        rc = begin_member(gzip, err);
        return rc == 0 && gzip->state == REST ? run_rest(gzip, out, room, err) : rc;
    case DEFLATE:
        rc = run_data(gzip, out, room, stop, err);
        return rc == 0 && gzip->state == TRAILER ? read_trailer(gzip, err) : rc;
    case TRAILER:
        return read_trailer(gzip, err);
    case REST:
        return run_rest(gzip, out, room, err);
    default:
        return DP_GZIP_END;
    }
}

uint64_t dp_gzip_position(const struct dp_gzip *gzip)
{
    return dp_source_offset(gzip->source) * 8 - gzip->inflate->ops->spare_bits(gzip->inflate);
}
