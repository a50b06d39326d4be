/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

#include "datasets/dataset.h"

#include <stdlib.h>
#include <string.h>

static const struct dp_dataset *const kinds[] = {
    &dp_reads_fastq4, &dp_reads_hiseq,  &dp_reads_multiline,
    &dp_reads_long,   &dp_variants_vcf, &dp_lines_log,
};

const struct dp_dataset *dp_dataset_at(size_t i)
{
    return i < sizeof(kinds) / sizeof(kinds[0]) ? kinds[i] : NULL;
}

static void flush(struct dp_dataset_output *output)
{
    if (output->used && !output->failed)
        output->failed = !output->write(output->user, output->buffer, output->used);
    output->used = 0;
}

char *dp_dataset_room(struct dp_dataset_output *output)
{
    if (sizeof(output->buffer) - output->used < DP_DATASET_RECORD_BYTES)
        flush(output);
    return output->buffer + output->used;
}

void dp_dataset_add(struct dp_dataset_output *output, const char *end, bool record)
{
    size_t length = (size_t)(end - (output->buffer + output->used));

    output->used += length;
    output->bytes += length;
    output->records += record;
}

bool dp_dataset_more(const struct dp_dataset_output *output,
                     const struct dp_dataset_options *options)
{
    return !output->failed && output->bytes < options->bytes &&
           output->records < options->records;
}

bool dp_dataset_run(const struct dp_dataset *kind, const struct dp_dataset_options *options,
                    dp_dataset_write *write, void *user)
{
    struct dp_dataset_output *output = calloc(1, sizeof(*output));
    bool ok;

    if (!output)
        return false;
    output->write = write;
    output->user = user;
    ok = kind->generate(options, output);
    flush(output);
    ok = ok && !output->failed;
    free(output);
    return ok;
}

char *dp_dataset_text(char *to, const char *text)
{
    size_t length = strlen(text);

    memcpy(to, text, length);
    return to + length;
}

char *dp_dataset_number(char *to, uint64_t number)
{
    char digits[20];
    size_t at = sizeof(digits);

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    memcpy(to, digits + at, sizeof(digits) - at);
    return to + (sizeof(digits) - at);
}
