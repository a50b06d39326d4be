/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A worker: reads one line of a manifest of FASTQ slices from a file or standard input, fetches
 * that slice, and prints how often each base occurs in it.
 *
 *     cc count_bases.c $(pkg-config --cflags --libs dataplug) -o count_bases
 *     dp-slice plan -n 8 reads.fastq.gz | sed -n 3p | ./count_bases
 */

#include <dataplug.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES (1u << 20) /* no slice is longer */

/* Counts the characters of the second of every four lines; *line says in which of the four the next
 * byte stands. */
static void count(const char *bytes, size_t length, unsigned *line, uint64_t counts[256])
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            *line = (*line + 1) % 4;
        else if (*line == 1 && bytes[i] != '\r')
            counts[(unsigned char)bytes[i]]++;
    }
}

/* Fetches the slice. Only when this returns 0 are the counts those of the whole slice. */
static int count_slice(struct dp_context *context, const char *text, uint64_t counts[256],
                       struct dp_error *err)
{
    struct dp_slice *slice;
    struct dp_reader *reader = NULL;
    const void *bytes;
    unsigned line = 0;
    int64_t length = dp_slice_parse(text, strcspn(text, "\n"), &slice, err);

    if (length < 0)
        return (int)length;
    length = dp_reader_open(context, slice, NULL, &reader, err);
    while (length >= 0 && (length = dp_reader_next(reader, 0, &bytes, err)) > 0)
        count(bytes, (size_t)length, &line, counts);
    dp_reader_free(reader);
    dp_slice_free(slice);
    return (int)length;
}

int main(int argc, char **argv)
{
    static char text[LINE_BYTES + 2];
    uint64_t counts[256] = {0};
    struct dp_context *context = NULL;
    struct dp_error err;
    FILE *manifest = argc > 1 ? fopen(argv[1], "r") : stdin;
    int i, failed = 1;

    if (!manifest || !fgets(text, sizeof(text), manifest)) {
        fprintf(stderr, "count_bases: no slice to read\n");
    } else if (dp_context_new(NULL, &context, &err) < 0 ||
               count_slice(context, text, counts, &err) < 0) {
        fprintf(stderr, "count_bases: %s\n", err.message);
    } else {
        for (i = 0; i < 256; i++)
            if (counts[i])
                printf("%c\t%llu\n", i, (unsigned long long)counts[i]);
        failed = 0;
    }
    dp_context_free(context);
    if (manifest && manifest != stdin)
        fclose(manifest);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
