/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* FASTQ: pieces, kernels and stops do not change the verdict, and it is that of a plain reader
 * which has all lines before it. */

#include "index/format/fastq.h"
#include "tests/fuzz/pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct line {
    const uint8_t *bytes;
    size_t length; /* without its ending */
    bool ended;
};

struct text {
    const uint8_t *at, *end;
};

static struct line next_line(struct text *text)
{
    size_t left = (size_t)(text->end - text->at);
    const uint8_t *newline = left ? memchr(text->at, '\n', left) : NULL;
    struct line line = {text->at, newline ? (size_t)(newline - text->at) : left, newline != NULL};

    text->at = newline ? newline + 1 : text->end;
    if (newline && line.length && line.bytes[line.length - 1] == '\r')
        line.length--;
    return line;
}

static bool begins(const struct line *line, char byte)
{
    return line->length && line->bytes[0] == byte;
}

static bool all_graph(const struct line *line)
{
    size_t i;

    for (i = 0; i < line->length; i++)
        if (line->bytes[i] < 33 || line->bytes[i] > 126)
            return false;
    return true;
}

/* The lines of a sequence up to and with the '+' line. */
static bool read_sequence(struct text *text, struct line *plus, uint64_t *bases)
{
    struct line line;
    unsigned lines;

    for (lines = 0; text->at < text->end; lines++) {
        line = next_line(text);
        if (!line.ended)
            return false;
        if (begins(&line, '+')) {
            *plus = line;
            return true;
        }
        if (begins(&line, '@') || !all_graph(&line) || (lines && (!line.length || !*bases)))
            return false;
        *bases += line.length;
    }
    return false;
}

static bool read_quality(struct text *text, uint64_t bases)
{
    struct text before = *text;
    struct line line;
    uint64_t count = 0;

    if (bases == 0) {
        line = next_line(text);
        if (line.length == 0)
            return true;
        *text = before;
        return begins(&line, '@');
    }
    do {
        line = next_line(text);
        count += line.length;
        if (!line.length || !all_graph(&line) || count > bases)
            return false;
    } while (count < bases && line.ended);
    return count == bases;
}

static bool read_record(struct text *text, uint64_t *bases)
{
    struct line title = next_line(text), plus;
    uint64_t count = 0;

    if (!title.ended || !begins(&title, '@') || !read_sequence(text, &plus, &count))
        return false;
    if (plus.length > 1 && (plus.length != title.length ||
                            memcmp(plus.bytes + 1, title.bytes + 1, plus.length - 1) != 0))
        return false;
    *bases += count;
    return read_quality(text, count);
}

static bool only_empty_lines(struct text text)
{
    struct line line;

    while (text.at < text.end) {
        line = next_line(&text);
        if (line.length)
            return false;
    }
    return true;
}

static bool judge(struct text text, uint64_t *records, uint64_t *bases)
{
    for (*records = *bases = 0; text.at < text.end; ++*records) {
        if (*records && only_empty_lines(text))
            break;
        if (!read_record(&text, bases))
            return false;
    }
    return *records > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ending ending;
    struct text text = {data + 2, data + size};
    uint64_t records, bases;

    if (size < 2)
        return 0;
    dp_fastq.sniff(data + 2, size - 2, data[0] & 1);
    ending = demand_pieces_agree(&dp_fastq, data, size);
    demand((ending.rc == 0) == judge(text, &records, &bases));
    if (ending.rc == 0)
        demand(ending.edge.record == records && ending.edge.bases == bases);
    free(ending.facts);
    return 0;
}
