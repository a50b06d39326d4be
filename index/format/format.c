/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "config.h"

#include "index/format/format.h"

#include "index/format/bcf.h"
#include "index/format/fastq.h"
#include "index/format/text.h"
#include "index/format/vcf.h"

#include <string.h>
#include <strings.h>

/* Where two formats are equally possible, the first wins: strict ones stand before lenient ones,
 * so that a broken object is refused rather than misread. */
static const struct dp_format *const formats[] = {
    &dp_fastq,
    &dp_vcf,
    &dp_bcf,
    &dp_text,
};

const struct dp_format *dp_format_at(size_t i)
{
    return i < sizeof(formats) / sizeof(formats[0]) ? formats[i] : NULL;
}

const char *dp_format_name(size_t i)
{
    const struct dp_format *format = dp_format_at(i);

    return format ? format->name : NULL;
}

const struct dp_format *dp_format_find(const char *name)
{
    const struct dp_format *format;
    size_t i;

    for (i = 0; (format = dp_format_at(i)); i++)
        if (strcmp(format->name, name) == 0)
            return format;
    return NULL;
}

/* Does the first `length` bytes of `name` end so, in any case of letters? */
static bool ends_in(const char *name, size_t length, const char *ending)
{
    size_t ending_bytes = strlen(ending);

    return length >= ending_bytes &&
           strncasecmp(name + length - ending_bytes, ending, ending_bytes) == 0;
}

/* Length of a name without the query of a URL and without the ending of a compressed file. */
static size_t bare_length(const char *name)
{
    static const char *const compressed[] = {".gz", ".bgz", ".bgzf", ".gzip"};
    size_t i, length = strstr(name, "://") ? strcspn(name, "?#") : strlen(name);

    for (i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++)
        if (ends_in(name, length, compressed[i]))
            return length - strlen(compressed[i]);
    return length;
}

static const struct dp_format *format_of_name(const char *name)
{
    const struct dp_format *format;
    size_t length = bare_length(name), i;
    const char *const *ending;

    for (i = 0; (format = dp_format_at(i)); i++)
        for (ending = format->endings; ending && *ending; ending++)
            if (ends_in(name, length, *ending))
                return format;
    return NULL;
}

/* Some files were packed a second time on their way (.bcf.gz over BGZF): no reader takes that. */
static bool is_packed(const uint8_t *head, size_t length)
{
    return length >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8;
}

const struct dp_format *dp_format_detect(const char *name, const uint8_t *head, size_t length,
                                         bool whole, struct dp_error *err)
{
    const struct dp_format *format, *possible = NULL, *named;
    size_t i;
    int verdict;

    for (i = 0; (format = dp_format_at(i)); i++) {
        verdict = format->sniff(head, length, whole);
        if (verdict == 2)
            return format;
        if (verdict == 1 && !possible)
            possible = format;
    }
    if (is_packed(head, length) && !possible) {
        dp_error_set(err, DP_UNSUPPORTED, "%s: it was packed twice: unpack it once", name);
        return NULL;
    }
    named = format_of_name(name);
    if (!named && !possible)
        dp_error_set(err, DP_UNSUPPORTED,
                     "%s: no known format: this is not FASTQ, VCF, BCF or text", name);
    return named ? named : possible;
}
