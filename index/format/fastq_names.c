/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "index/format/fastq_names.h"

#include "base/le.h"

#include <string.h>

/* Two short hashes for each record: calls into a shared library would take a tenth of the time of a
 * scan. The functions are inlined (XXH_INLINE_ALL). */
#include <xxhash.h>

/* Bits of dp_fastq_names.schemes. */
enum { SCHEME_SLASH = 1, SCHEME_CASAVA = 2, SCHEME_SRA = 4 };

int dp_fastq_names_open(struct dp_fastq_names *names, struct dp_error *err)
{
    memset(names, 0, sizeof(*names));
    names->stream = XXH3_createState();
    if (!names->stream)
        return dp_error_no_memory(err);
    names->pairs_fit = true;
    names->schemes = SCHEME_SLASH | SCHEME_CASAVA | SCHEME_SRA;
    return 0;
}

void dp_fastq_names_close(struct dp_fastq_names *names)
{
    XXH3_freeState(names->stream);
    dp_array_free(&names->digests);
}

/* ------------------------------------------------------------------------ what a name says */

static inline bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* "/1", "/2", ".1", ".2", the end of a name that has more before it. */
static inline bool is_mate_suffix(const uint8_t suffix[2])
{
    return (suffix[0] == '/' || suffix[0] == '.') && (suffix[1] == '1' || suffix[1] == '2');
}

/* "1:N:0", the begin of a comment as Casava 1.8 and later write it. */
static inline bool is_casava(const uint8_t *comment, size_t length)
{
    return length >= 5 && (comment[0] == '1' || comment[0] == '2') && comment[1] == ':' &&
           (comment[2] == 'N' || comment[2] == 'Y') && comment[3] == ':' && is_digit(comment[4]);
}

/* "SRR001666.71" or "ERR001666.71.1": an accession of a run, then numbers. */
static bool is_sra(const uint8_t *name, size_t length)
{
    size_t i = 3;
    unsigned dots = 0;

    if (length < 6 || !memchr("SED", name[0], 3) || name[1] != 'R' || name[2] != 'R')
        return false;
    for (; i < length; i++) {
        if (name[i] == '.' && is_digit(name[i - 1]))
            dots++;
        else if (!is_digit(name[i]))
            return false;
    }
    return dots && is_digit(name[length - 1]);
}

/* Which of the wanted schemes a title fits. `kept` is as much of the name as is at hand, `tail` its
 * last two bytes. A name too long to be kept is no run accession. */
static unsigned schemes_of(unsigned wanted, const uint8_t *kept, uint64_t name_bytes,
                           const uint8_t *tail, const uint8_t *comment, size_t comment_bytes)
{
    unsigned fit = 0;

    if (wanted & SCHEME_SLASH && name_bytes > 2 && tail[0] == '/' && is_mate_suffix(tail))
        fit |= SCHEME_SLASH;
    if (wanted & SCHEME_CASAVA && is_casava(comment, comment_bytes))
        fit |= SCHEME_CASAVA;
    if (wanted & SCHEME_SRA && name_bytes <= DP_NAME_KEPT_BYTES && is_sra(kept, name_bytes))
        fit |= SCHEME_SRA;
    return fit;
}

size_t dp_fastq_names_of(const uint8_t *record, size_t length, const uint8_t **name)
{
    size_t end = 1;

    *name = record + (length > 0);
    while (end < length && record[end] != ' ' && record[end] != '\t' && record[end] != '\n')
        end++;
    if (end + 1 < length && record[end] == '\n' && record[end - 1] == '\r')
        end--;
    if (end < 1 || length == 0)
        return 0;
    return end > 3 && is_mate_suffix(record + end - 2) ? end - 3 : end - 1;
}

static void keep_text(struct dp_kept_text *kept, const uint8_t *bytes, size_t length)
{
    size_t room = kept->length < sizeof(kept->bytes) ? sizeof(kept->bytes) - kept->length : 0;

    if (length)
        memcpy(kept->bytes + (sizeof(kept->bytes) - room), bytes, length < room ? length : room);
    kept->length += length;
}

void dp_fastq_names_title(struct dp_fastq_names *names, const uint8_t *title, size_t title_bytes,
                          size_t name_bytes)
{
    size_t normal_bytes = name_bytes;
    size_t comment_at = name_bytes < title_bytes ? name_bytes + 1 : title_bytes;

    if (name_bytes > 2 && is_mate_suffix(title + name_bytes - 2))
        normal_bytes -= 2;
    names->hash = XXH3_64bits(title, normal_bytes);
    if (names->schemes)
        names->schemes = schemes_of(names->schemes, title, name_bytes,
                                    title + (name_bytes > 2 ? name_bytes - 2 : 0),
                                    title + comment_at, title_bytes - comment_at);
    if (names->count == 0) {
        dp_fastq_names_keep(names, title, name_bytes);
        names->first = names->last;
    }
}

void dp_fastq_names_keep(struct dp_fastq_names *names, const uint8_t *name, size_t name_bytes)
{
    names->last.length = 0;
    keep_text(&names->last, name, name_bytes);
}

/* ------------------------------------------------------------------- a title in many pieces */

void dp_fastq_names_begin(struct dp_fastq_names *names)
{
    XXH3_64bits_reset(names->stream);
    names->held_count = 0;
    names->last.length = 0;
    names->in_comment = false;
    names->comment_bytes = 0;
}

/* Everything but the last two bytes goes into the hash; these may be a suffix. */
static void hash_name(struct dp_fastq_names *names, const uint8_t *part, size_t length)
{
    if (length >= 2) {
        XXH3_64bits_update(names->stream, names->held, names->held_count);
        XXH3_64bits_update(names->stream, part, length - 2);
        memcpy(names->held, part + length - 2, 2);
        names->held_count = 2;
    } else if (length == 1 && names->held_count == 2) {
        XXH3_64bits_update(names->stream, names->held, 1);
        names->held[0] = names->held[1];
        names->held[1] = part[0];
    } else if (length == 1) {
        names->held[names->held_count++] = part[0];
    }
}

/* How many of the bytes belong to the name: up to the first blank or tab. */
static size_t name_length(const uint8_t *part, size_t length)
{
    size_t i = 0;

    while (i < length && part[i] != ' ' && part[i] != '\t')
        i++;
    return i;
}

void dp_fastq_names_part(struct dp_fastq_names *names, const uint8_t *part, size_t length)
{
    size_t taken = 0;

    if (!names->in_comment) {
        taken = name_length(part, length);
        hash_name(names, part, taken);
        keep_text(&names->last, part, taken);
        if (taken == length)
            return;
        names->in_comment = true;
        taken++;
    }
    while (taken < length && names->comment_bytes < sizeof(names->comment))
        names->comment[names->comment_bytes++] = part[taken++];
}

void dp_fastq_names_end(struct dp_fastq_names *names)
{
    bool suffix = names->last.length > 2 && is_mate_suffix(names->held);

    if (!suffix)
        XXH3_64bits_update(names->stream, names->held, names->held_count);
    names->hash = XXH3_64bits_digest(names->stream);
    if (names->schemes)
        names->schemes = schemes_of(names->schemes, names->last.bytes, names->last.length,
                                    names->held, names->comment, names->comment_bytes);
    if (names->count == 0)
        names->first = names->last;
}

/* --------------------------------------------------------------------------- whole records */

static int close_group(struct dp_fastq_names *names, const struct dp_edge *end,
                       struct dp_error *err)
{
    struct dp_name_digest row = {.digest = names->digest, .bases = end->bases};

    if (!dp_array_append(&names->digests, &row, 1, sizeof(row)))
        return dp_error_no_memory(err);
    names->digest = 0;
    names->group_count = 0;
    return 0;
}

int dp_fastq_names_record(struct dp_fastq_names *names, const struct dp_edge *end,
                          struct dp_error *err)
{
    uint8_t hash[8];

    if (names->pairs_fit) {
        if (names->count % 2 == 0)
            names->mate_hash = names->hash;
        else
            names->pairs_fit = names->mate_hash == names->hash;
    }
    dp_le64_store(hash, names->hash);
    names->digest = XXH3_64bits_withSeed(hash, sizeof(hash), names->digest);
    names->count++;
    names->group_count++;
    return end->record % DP_DIGEST_RECORDS == 0 ? close_group(names, end, err) : 0;
}

int dp_fastq_names_finish(struct dp_fastq_names *names, const struct dp_edge *end,
                          struct dp_error *err)
{
    return names->group_count ? close_group(names, end, err) : 0;
}

const char *dp_fastq_names_scheme(const struct dp_fastq_names *names)
{
    if (names->count == 0)
        return "plain";
    return names->schemes & SCHEME_SLASH    ? "slash"
           : names->schemes & SCHEME_CASAVA ? "casava"
           : names->schemes & SCHEME_SRA    ? "sra"
                                            : "plain";
}

bool dp_fastq_names_interleaved(const struct dp_fastq_names *names)
{
    return names->count > 0 && names->count % 2 == 0 && names->pairs_fit;
}
