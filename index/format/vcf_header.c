/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/vcf_header.h"

#include "base/crc32.h"
#include "index/format/vcf_line.h"

#include <stdio.h>
#include <string.h>

static const char first_key[] = "##fileformat=";
static const char site_columns[] = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO";

/* A part of a line, without an ending. */
struct text {
    const char *at;
    size_t length;
};

static bool begins(struct text line, const char *with)
{
    size_t length = strlen(with);

    return line.length >= length && memcmp(line.at, with, length) == 0;
}

static bool equals(struct text text, const char *to)
{
    return text.length == strlen(to) && memcmp(text.at, to, text.length) == 0;
}

/* ------------------------------------------------------------------------------- key = value */

/* Takes "KEY=VALUE" and the comma behind it off `rest`. A value in quotes may hold commas; it is
 * given without its quotes. False when there is no more. */
static bool next_pair(struct text *rest, struct text *key, struct text *value)
{
    const char *end = rest->at + rest->length, *p = memchr(rest->at, '=', rest->length);
    bool quoted;

    if (!p)
        return false;
    *key = (struct text){rest->at, (size_t)(p - rest->at)};
    p++;
    quoted = p < end && *p == '"';
    p += quoted;
    value->at = p;
    while (p < end && (quoted ? *p != '"' : *p != ',' && *p != '>'))
        p += quoted && *p == '\\' && end - p > 1 ? 2 : 1;
    value->length = (size_t)(p - value->at);
    while (p < end && *p != ',')
        p++;
    p += p < end;
    *rest = (struct text){p, (size_t)(end - p)};
    return true;
}

/* The value of a key in "<KEY=VALUE,...>"; empty when it is not there. */
static struct text value_of(struct text pairs, const char *wanted)
{
    struct text key, value;

    while (next_pair(&pairs, &key, &value))
        if (equals(key, wanted))
            return value;
    return (struct text){NULL, 0};
}

/* A number of bases, or DP_CONTIG_NO_LENGTH. */
static uint64_t length_of(struct text digits)
{
    uint64_t length = 0;
    size_t i;

    if (digits.length == 0 || digits.length > 18)
        return DP_CONTIG_NO_LENGTH;
    for (i = 0; i < digits.length; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return DP_CONTIG_NO_LENGTH;
        length = 10 * length + (uint64_t)(digits.at[i] - '0');
    }
    return length;
}

/* -------------------------------------------------------------------------------------- lines */

static struct text behind(struct text line, const char *prefix)
{
    size_t length = strlen(prefix);

    return (struct text){line.at + length, line.length - length};
}

static void keep_fileformat(struct dp_vcf_header *header, struct text line)
{
    struct text version = behind(line, first_key);
    size_t i;

    for (i = 0; i < version.length && i + 1 < sizeof(header->fileformat); i++)
        header->fileformat[i] =
            version.at[i] >= 32 && version.at[i] < 127 ? version.at[i] : '?';
    header->fileformat[i] = '\0';
}

static int take_meta(struct dp_vcf_header *header, struct text line,
                     struct dp_loci_gatherer *loci, struct dp_error *err)
{
    struct text pairs, name;

    if (begins(line, "##contig=<")) {
        pairs = behind(line, "##contig=<");
        name = value_of(pairs, "ID");
        if (name.length)
            return dp_loci_declare(loci, name.at, name.length,
                                   length_of(value_of(pairs, "length")), err);
    } else if (begins(line, "##INFO=<")) {
        pairs = behind(line, "##INFO=<");
        if (equals(value_of(pairs, "ID"), "END"))
            header->end_is_number = equals(value_of(pairs, "Type"), "Integer");
    }
    return 0;
}

static void take_columns(struct dp_vcf_header *header, struct text line)
{
    header->columns = header->tabs + 1;
    if (!begins(line, site_columns) ||
        (header->columns == DP_VCF_SITE_COLUMNS && !equals(line, site_columns)))
        header->fault = "the #CHROM line does not name the columns of VCF, separated by tabs";
    else if (header->columns > DP_VCF_SITE_COLUMNS &&
             !(begins(behind(line, site_columns), "\tFORMAT\t") ||
               equals(behind(line, site_columns), "\tFORMAT")))
        header->fault = "the ninth column of the #CHROM line is not FORMAT";
    else
        header->whole = true;
}

static int end_line(struct dp_vcf_header *header, struct dp_loci_gatherer *loci,
                    struct dp_error *err)
{
    struct text line = {header->kept.data, header->kept.length};
    int rc = 0;

    if (header->carriage_return && header->line_bytes <= line.length)
        line.length--;
    if (header->lines == 0 && !begins(line, first_key))
        header->fault = "no ##fileformat= in the first line: this is not VCF";
    else if (header->lines == 0)
        keep_fileformat(header, line);
    else if (begins(line, "##"))
        rc = take_meta(header, line, loci, err);
    else if (begins(line, "#CHROM"))
        take_columns(header, line);
    else if (begins(line, "#"))
        header->fault = "a line of the header that begins neither with ## nor with #CHROM";
    else
        header->fault = "a record before the #CHROM line";
    if (rc == 0 && !header->fault) {
        header->lines++;
        header->crlf_lines += header->carriage_return;
        header->line_bytes = header->tabs = 0;
        header->kept.length = 0;
    }
    return rc;
}

/* A part of a line. */
static int take_part(struct dp_vcf_header *header, const uint8_t *p, size_t length,
                     struct dp_error *err)
{
    size_t room = DP_VCF_KEPT_BYTES - header->kept.length;

    if (length == 0)
        return 0;
    header->line_bytes += length;
    header->carriage_return = p[length - 1] == '\r';
    if (!dp_array_append(&header->kept, p, length < room ? length : room, 1))
        return dp_error_no_memory(err);
    return 0;
}

/* --------------------------------------------------------------------------------------- feed */

void dp_vcf_header_open(struct dp_vcf_header *header)
{
    memset(header, 0, sizeof(*header));
    sha256_init(&header->sha);
}

int dp_vcf_header_feed(struct dp_vcf_header *header, const struct dp_kernels *kernels,
                       const uint8_t *bytes, size_t length, size_t *used,
                       struct dp_loci_gatherer *loci, struct dp_error *err)
{
    const uint8_t *p = bytes, *end = bytes + length, *newline;
    int rc = 0;

    while (p < end && rc == 0 && !header->whole && !header->fault) {
        newline = kernels->count_tabs(p, end, &header->tabs);
        if (header->line_bytes == 0)
            header->carriage_return = false;
        rc = take_part(header, p, (size_t)(newline - p), err);
        if (rc == 0 && newline < end)
            rc = end_line(header, loci, err);
        p = newline < end ? newline + 1 : end;
    }
    header->crc32 = dp_crc32(header->crc32, bytes, (size_t)(p - bytes));
    sha256_update(&header->sha, (size_t)(p - bytes), bytes);
    if (!header->fault)
        header->bytes += (uint64_t)(p - bytes);
    *used = (size_t)(p - bytes);
    return rc;
}

int dp_vcf_header_finish(struct dp_vcf_header *header, struct dp_loci_gatherer *loci,
                         struct dp_error *err)
{
    int rc = 0;

    if (header->line_bytes > 0)
        rc = end_line(header, loci, err);
    else if (header->lines == 0)
        header->fault = "no ##fileformat= in the first line: the data is empty";
    if (rc == 0 && !header->fault && !header->whole)
        header->fault = "the data ends without a #CHROM line";
    return rc;
}

int dp_vcf_header_describe(const struct dp_vcf_header *header, json_t *facts,
                           struct dp_error *err)
{
    static const unsigned fixed = DP_VCF_SITE_COLUMNS + 1;
    struct sha256_ctx sha = header->sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char hex[2 * SHA256_DIGEST_SIZE + 1];
    uint64_t samples = header->columns > fixed ? header->columns - fixed : 0;
    size_t i;
    int failed = 0;

    sha256_digest(&sha, sizeof(digest), digest);
    for (i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    failed |= json_object_set_new(facts, "fileformat", json_string(header->fileformat));
    failed |= json_object_set_new(facts, "header_bytes",
                                  json_integer((json_int_t)header->bytes));
    failed |= json_object_set_new(facts, "header_lines",
                                  json_integer((json_int_t)header->lines));
    failed |= json_object_set_new(facts, "header_sha256", json_string(hex));
    failed |= json_object_set_new(facts, "samples", json_integer((json_int_t)samples));
    failed |= json_object_set_new(facts, "end_is_number", json_boolean(header->end_is_number));
    return failed ? dp_error_no_memory(err) : 0;
}

void dp_vcf_header_close(struct dp_vcf_header *header)
{
    dp_array_free(&header->kept);
}
