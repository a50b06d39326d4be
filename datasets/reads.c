/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* FASTQ: reads sampled from a synthetic genome, with the errors that their qualities promise. How
 * much the qualities vary was chosen so that gzip -6 compresses the data as well as it does real
 * data of that kind (README.md has the ratios). */

#include "datasets/dataset.h"

#include <stdlib.h>
#include <string.h>

#define GENOME_BASES (4u << 20)
#define READ_BASES   151u
#define LONGEST_READ 200000u
#define BINS         4u
#define LOWEST       2u /* quality, shown as '#' */
#define DEEPEST      32u

/* A few qualities, in clusters: the next bin for each bin and random byte. */
struct bins {
    uint8_t next[BINS][256];
};

/* Many qualities: a level that sinks slowly, and below it a drop for each random byte. */
struct levels {
    uint8_t drop[256];
    unsigned top;    /* where a read begins */
    unsigned steep;  /* how much faster than the best read's the worst read's level sinks */
};

struct reads {
    struct dp_random random;
    const struct dp_dataset_options *options;
    const char *run;          /* "instrument:run:flowcell" */
    const char *sample;       /* index sequence in the comment, NULL: none */
    unsigned lane, tile, x, y;
    void (*put_qualities)(struct reads *reads, char *qualities, unsigned length);
    struct bins good, bad;    /* of most reads, of one in ten */
    struct levels levels;
    char *genome;             /* and its reverse complement behind it */
};

/* ------------------------------------------------------------------------------ the genome */

static char complement(char base)
{
    return base == 'A' ? 'T' : base == 'C' ? 'G' : base == 'G' ? 'C' : 'A';
}

/* Random bases, and repeats: copies of earlier parts. */
static char *make_genome(struct dp_random *random)
{
    char *genome = malloc((size_t)GENOME_BASES * 2);
    uint64_t bits = 0;
    uint32_t i, length, from;

    if (!genome)
        return NULL;
    for (i = 0; i < GENOME_BASES; i++) {
        if (i % 32 == 0)
            bits = dp_random_next(random);
        genome[i] = "ACGT"[bits & 3];
        bits >>= 2;
    }
    for (i = 0; i < GENOME_BASES / 2; i += 20000) {
        length = 300 + dp_random_below(random, 1000);
        from = dp_random_below(random, GENOME_BASES / 2);
        memcpy(genome + GENOME_BASES / 2 + i, genome + from, length);
    }
    for (i = 0; i < GENOME_BASES; i++)
        genome[2 * GENOME_BASES - 1 - i] = complement(genome[i]);
    return genome;
}

/* --------------------------------------------------------------------------- the qualities */

/* Gives the next `weight` random bytes to `value`; returns the first byte left. */
static unsigned give(uint8_t table[256], unsigned byte, unsigned weight, unsigned value)
{
    while (weight-- > 0 && byte < 256)
        table[byte++] = (uint8_t)value;
    return byte;
}

/* As NovaSeq writes them: 37 nearly always, the others in clusters. */
static void make_bins(struct bins *bins, unsigned falls)
{
    static const unsigned again[BINS] = {0, 30, 50, 20};
    unsigned bin, byte;

    for (bin = 0; bin < BINS; bin++) {
        byte = give(bins->next[bin], 0, again[bin], bin);
        byte = give(bins->next[bin], byte, bin ? 20 : falls, 1);
        byte = give(bins->next[bin], byte, bin ? 20 : falls * 3 / 4, 2);
        byte = give(bins->next[bin], byte, bin == 2, 3);
        give(bins->next[bin], byte, 256, 0);
    }
}

static void put_binned(struct reads *reads, char *qualities, unsigned length)
{
    bool bad = dp_random_next(&reads->random) % 10 == 0;
    const struct bins *bins = bad ? &reads->bad : &reads->good;
    uint64_t bits = 0;
    unsigned bin = 0, i;

    for (i = 0; i < length; i++) {
        if (i % 8 == 0)
            bits = dp_random_next(&reads->random);
        bin = bins->next[bin][bits & 255];
        bits >>= 8;
        qualities[i] = "F:,#"[bin];
    }
}

/* `steady` of 256 bases stand at the level, the others fall below it, mostly a little. */
static void make_levels(struct levels *levels, unsigned top, unsigned steady, unsigned steep)
{
    unsigned byte = give(levels->drop, 0, steady, 0), drop, weight;

    levels->top = top;
    levels->steep = steep;
    for (drop = 1; byte < 256; drop = drop < DEEPEST ? drop + 1 : 1) {
        weight = (256 - byte) / 5;
        byte = give(levels->drop, byte, weight ? weight : 1, drop);
    }
}

/* Every 8 bases the level sinks, by eighths, at a pace of the read's own. */
static void put_levels(struct reads *reads, char *qualities, unsigned length)
{
    const struct levels *levels = &reads->levels;
    unsigned level = levels->top * 8, floor = (DEEPEST + LOWEST) * 4, quality, i;
    unsigned pace = dp_random_below(&reads->random, levels->steep + 1);
    uint64_t bits = 0;

    pace = pace * pace / (levels->steep + 1);
    for (i = 0; i < length; i++) {
        if (i % 8 == 0) {
            bits = dp_random_next(&reads->random);
            level = level > pace + floor ? level - pace : floor;
        }
        quality = level / 8;
        quality = quality > levels->drop[bits & 255] + LOWEST ? quality - levels->drop[bits & 255]
                                                              : LOWEST;
        bits >>= 8;
        qualities[i] = (char)('!' + quality);
    }
}

/* The errors that qualities promise. */
static void put_errors(struct reads *reads, char *bases, const char *qualities, unsigned length)
{
    unsigned i;

    for (i = 0; i < length; i++) {
        if (qualities[i] >= '/')
            continue;
        if (qualities[i] == '#')
            bases[i] = 'N';
        else if (dp_random_below(&reads->random, 8) == 0)
            bases[i] = "ACGT"[dp_random_below(&reads->random, 4)];
    }
}

/* ------------------------------------------------------------------------------- the reads */

/* Clusters of a flow cell are numbered along its rows, tile after tile. */
static void next_cluster(struct reads *reads)
{
    reads->x += 9 + dp_random_below(&reads->random, 60);
    if (reads->x < 32000)
        return;
    reads->x = 1000 + dp_random_below(&reads->random, 60);
    reads->y += 16 - reads->y % 16 + (reads->y % 32 < 16 ? 15 : 0);
    if (reads->y < 37000)
        return;
    reads->y = 1000;
    if (++reads->tile % 100 > 78)
        reads->tile += 100 - 78;
    if (reads->tile < 2700)
        return;
    reads->tile = 1101;
    reads->lane++;
}

static char *put_title(struct reads *reads, char *to)
{
    *to++ = '@';
    to = dp_dataset_text(to, reads->run);
    *to++ = ':';
    to = dp_dataset_number(to, reads->lane);
    *to++ = ':';
    to = dp_dataset_number(to, reads->tile);
    *to++ = ':';
    to = dp_dataset_number(to, reads->x);
    *to++ = ':';
    to = dp_dataset_number(to, reads->y);
    *to++ = ' ';
    *to++ = reads->options->mate == 2 ? '2' : '1';
    to = dp_dataset_text(to, ":N:0:");
    to = dp_dataset_text(to, reads->sample);
    *to++ = '\n';
    return to;
}

/* Where a read of `length` bases begins: the second of a pair lies on the other strand, a fragment
 * further. Both mates draw the same numbers. */
static const char *pick_bases(struct reads *reads, unsigned length)
{
    uint32_t room = GENOME_BASES - 2 * length;
    uint32_t at = dp_random_below(&reads->random, room);
    uint32_t fragment = length + dp_random_below(&reads->random, length);
    bool reverse = dp_random_next(&reads->random) >> 63;

    if (reads->options->mate == 2) {
        reverse = !reverse;
        at = GENOME_BASES - (at + fragment);
    }
    return reads->genome + (reverse ? GENOME_BASES : 0) + at;
}

/* `length` letters in lines of 70. */
static char *put_wrapped(char *to, const char *letters, unsigned length)
{
    unsigned i, width;

    for (i = 0; i < length; i += width) {
        width = length - i < 70 ? length - i : 70;
        memcpy(to, letters + i, width);
        to += width;
        *to++ = '\n';
    }
    return to;
}

/* A read of a sequencer with fixed length. */
static char *put_short_read(struct reads *reads, char *to)
{
    char *bases;

    next_cluster(reads);
    to = put_title(reads, to);
    bases = to;
    memcpy(bases, pick_bases(reads, READ_BASES), READ_BASES);
    to = dp_dataset_text(to + READ_BASES, "\n+\n");
    reads->put_qualities(reads, to, READ_BASES);
    put_errors(reads, bases, to, READ_BASES);
    to[READ_BASES] = '\n';
    return to + READ_BASES + 1;
}

/* The same, wrapped. */
static char *put_wrapped_read(struct reads *reads, char *to)
{
    char bases[READ_BASES * 4], qualities[READ_BASES * 4];
    unsigned length = 30 + dp_random_below(&reads->random, sizeof(bases) - 30);

    next_cluster(reads);
    to = put_title(reads, to);
    memcpy(bases, pick_bases(reads, length), length);
    reads->put_qualities(reads, qualities, length);
    put_errors(reads, bases, qualities, length);
    to = put_wrapped(to, bases, length);
    to = dp_dataset_text(to, "+\n");
    return put_wrapped(to, qualities, length);
}

/* A long read: lengths over some powers of two, a random name. */
static char *put_long_read(struct reads *reads, char *to)
{
    unsigned length = 256u << dp_random_below(&reads->random, 9), i;
    uint64_t bits = 0;
    char *bases;

    length += dp_random_below(&reads->random, length);
    if (length > LONGEST_READ)
        length = LONGEST_READ;
    *to++ = '@';
    for (i = 0; i < 36; i++) {
        if (i % 16 == 0)
            bits = dp_random_next(&reads->random);
        *to++ = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : "0123456789abcdef"[bits & 15];
        bits >>= 4;
    }
    to = dp_dataset_text(to, " runid=5f1b8c0e ch=");
    to = dp_dataset_number(to, 1 + dp_random_below(&reads->random, 512));
    to = dp_dataset_text(to, " start_time=2024-03-01T12:00:00Z\n");
    bases = to;
    memcpy(bases, pick_bases(reads, length), length);
    to = dp_dataset_text(to + length, "\n+\n");
    reads->put_qualities(reads, to, length);
    put_errors(reads, bases, to, length);
    to[length] = '\n';
    return to + length + 1;
}

static bool generate(struct reads *reads, const struct dp_dataset_options *options,
                     struct dp_dataset_output *output,
                     char *(*put)(struct reads *reads, char *to))
{
    reads->options = options;
    reads->lane = 1;
    reads->tile = 1101;
    reads->x = reads->y = 1000;
    dp_random_seed(&reads->random, options->seed);
    reads->genome = make_genome(&reads->random);
    if (!reads->genome)
        return false;
    while (dp_dataset_more(output, options))
        dp_dataset_add(output, put(reads, dp_dataset_room(output)), true);
    free(reads->genome);
    return true;
}

static bool generate_fastq4(const struct dp_dataset_options *options,
                            struct dp_dataset_output *output)
{
    struct reads reads = {.run = "A00564:204:HNVLYDSX2", .sample = "TATAGCCT+GACCCCCA"};

    make_bins(&reads.good, 4);
    make_bins(&reads.bad, 34);
    reads.put_qualities = put_binned;
    return generate(&reads, options, output, put_short_read);
}

static bool generate_hiseq(const struct dp_dataset_options *options,
                           struct dp_dataset_output *output)
{
    struct reads reads = {.run = "HWI-D00523:240:HF3WGBCXX", .sample = "GATCAG"};

    make_levels(&reads.levels, 41, 195, 11);
    reads.put_qualities = put_levels;
    return generate(&reads, options, output, put_short_read);
}

static bool generate_multiline(const struct dp_dataset_options *options,
                               struct dp_dataset_output *output)
{
    struct reads reads = {.run = "EAS54:6:FC20K3", .sample = "ACTTGA"};

    make_levels(&reads.levels, 39, 130, 8);
    reads.put_qualities = put_levels;
    return generate(&reads, options, output, put_wrapped_read);
}

static bool generate_long(const struct dp_dataset_options *options,
                          struct dp_dataset_output *output)
{
    struct reads reads = {.run = NULL};

    make_levels(&reads.levels, 34, 20, 2);
    reads.put_qualities = put_levels;
    return generate(&reads, options, output, put_long_read);
}

const struct dp_dataset dp_reads_fastq4 = {
    "fastq4", "reads of 151 bases, 4 qualities (NovaSeq)", generate_fastq4};
const struct dp_dataset dp_reads_hiseq = {
    "fastq-hiseq", "reads of 151 bases, 40 qualities (HiSeq)", generate_hiseq};
const struct dp_dataset dp_reads_multiline = {
    "fastq-multiline", "reads of 30 to 603 bases in lines of 70", generate_multiline};
const struct dp_dataset dp_reads_long = {
    "fastq-long", "reads of 256 to 131,071 bases (nanopore)", generate_long};
