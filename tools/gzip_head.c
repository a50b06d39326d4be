/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "tools/gzip_head.h"

#include <string.h>

enum {
    FLAG_HEADER_CRC = 0x02,
    FLAG_EXTRA = 0x04,
    FLAG_NAME = 0x08,
    FLAG_COMMENT = 0x10
};

/* The parts in their order; all but the first may be missing. */
enum { FIXED, EXTRA_LENGTH, EXTRA, NAME, COMMENT, HEADER_CRC, END };
#define FIXED_BYTES 10

void dp_gzip_head_init(struct dp_gzip_head *head)
{
    memset(head, 0, sizeof(*head));
    head->left = FIXED_BYTES;
}

/* Is the part at hand there at all? */
static bool is_there(const struct dp_gzip_head *head)
{
    switch (head->part) {
    case EXTRA_LENGTH:
        return head->flags & FLAG_EXTRA;
    case EXTRA:
        return head->extra_bytes > 0;
    case NAME:
        return head->flags & FLAG_NAME;
    case COMMENT:
        return head->flags & FLAG_COMMENT;
    case HEADER_CRC:
        return head->flags & FLAG_HEADER_CRC;
    default:
        return true;
    }
}

static void begin_next(struct dp_gzip_head *head)
{
    do
        head->part++;
    while (!is_there(head));
    head->left = head->part == EXTRA ? head->extra_bytes : 2;
}

/* What is too long for `name` is cut. */
static void take_name(struct dp_gzip_head *head, uint8_t byte)
{
    size_t length = strlen(head->name);

    if (length + 1 < sizeof(head->name))
        head->name[length] = (char)byte; /* what follows is zero already */
    else if (byte)
        head->name_is_cut = true;
}

/* True when the byte is the last of its part. */
static bool take_byte(struct dp_gzip_head *head, uint8_t byte)
{
    unsigned place;

    switch (head->part) {
    case FIXED:
        place = FIXED_BYTES - head->left;
        if (place == 3)
            head->flags = byte;
        if (place >= 4 && place < 8)
            head->time |= (uint32_t)byte << 8 * (place - 4);
        break;
    case EXTRA_LENGTH:
        head->extra_bytes |= (unsigned)byte << 8 * (2 - head->left);
        break;
    case NAME:
        take_name(head, byte);
        return byte == 0;
    case COMMENT:
        return byte == 0;
    default:
        break;
    }
    return --head->left == 0;
}

bool dp_gzip_head_take(struct dp_gzip_head *head, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length && head->part != END; i++) {
        head->bytes++;
        if (take_byte(head, bytes[i]))
            begin_next(head);
    }
    return head->part == END;
}
