/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* What a format knows: where records begin. A scanner is fed the uncompressed bytes in order, in
 * pieces of any size, and can stop at the first record edge at or after a key. The index builder
 * uses it to lay the record map, the reader to go from a checkpoint to a cut. */

#ifndef DP_FORMAT_FORMAT_H
#define DP_FORMAT_FORMAT_H

#include "index/format/filter.h"

/* Keys by which an object can be cut; the values of enum dp_plan_unit. */
struct dp_stop {
    enum dp_plan_unit unit;
    uint64_t key; /* UINT64_MAX: never stop */
};

/* A record edge: the begin of a record, or the end of the last one. Everything counted before it.
 * Offsets are uncompressed, in the object. */
struct dp_edge {
    uint64_t record; /* 0-based number of the record that begins here */
    uint64_t offset;
    uint64_t bases;  /* of all records before it */
    uint64_t line;   /* 0-based number of the line that begins here */
};

/* The key of an edge in a unit. */
static inline uint64_t dp_edge_key(const struct dp_edge *edge, enum dp_plan_unit unit)
{
    return unit == DP_UNIT_RECORDS ? edge->record
           : unit == DP_UNIT_BYTES ? edge->offset
                                   : edge->bases;
}

/* A digest every DP_DIGEST_RECORDS records, so that the names of two objects can be compared
 * without their data. */
#define DP_DIGEST_RECORDS 4096u
struct dp_name_digest {
    uint64_t digest; /* of the normalised names of these records */
    uint64_t bases;  /* of all records up to the end of these */
};

/* A contig of a format whose records have positions, in the order of appearance. Records are
 * numbered from 0, positions are what the object says (from 1; 0 before the first base). */
#define DP_CONTIG_SORTED     1u /* its positions never descend */
#define DP_CONTIG_CONTIGUOUS 2u /* no record of another contig stands between its records */
#define DP_CONTIG_NO_LENGTH  UINT64_MAX
struct dp_contig {
    uint64_t name_at; /* in the names, one after the other */
    uint32_t name_bytes;
    uint32_t flags;
    uint64_t length; /* in bases, as the header says; or DP_CONTIG_NO_LENGTH */
    uint64_t first_record;
    uint64_t last_record;
    uint64_t record_count;
    uint64_t first_position; /* of its first record */
    uint64_t last_position;  /* of its last record */
    uint64_t end;            /* the largest of its records */
};

/* A stretch of records of one contig, up to the next run: one begins at every row of the record
 * map and at every contig. */
struct dp_run {
    uint64_t record; /* number of its first, */
    uint64_t offset; /* where that begins, */
    uint64_t position; /* and its position */
    uint64_t end;      /* the largest end of its records: who reaches into what follows */
    uint32_t contig;
};

/* What a format knows of the positions of its records. */
struct dp_loci {
    const struct dp_contig *contigs;
    const struct dp_run *runs; /* none when the records are not sorted */
    const char *names;
    size_t contig_count;
    size_t run_count;
    size_t names_bytes;
};

struct dp_scanner; /* one format's state; begins with struct dp_scanner_base */

struct dp_scanner_config {
    const char *name;      /* of the object, for messages */
    struct dp_edge start;  /* where the first byte fed stands */
    bool facts;            /* gather what describe() and digests need (builder: yes, reader: no) */
    bool judged;           /* the bytes were found sound when they were indexed, and a checksum will
                            * tell whether they are the same: a scanner may look for edges only */
};

struct dp_format {
    const char *name;
    const char *description; /* a few words for --help and errors */
    bool has_bases;
    bool lines; /* records are lines */
    bool newline; /* every record ends with one; only the last of an object may lack it */

    /* How sure the content makes us: 0 no, 1 possible, 2 sure. `head` holds the first bytes of the
     * uncompressed object (up to 64 KiB); `whole` says that it is all of it. */
    int (*sniff)(const uint8_t *head, size_t length, bool whole);
    /* NULL-terminated list of file name endings (".fastq", without ".gz"); NULL: none. */
    const char *const *endings;

    int (*open)(const struct dp_scanner_config *config, struct dp_scanner **scanner,
                struct dp_error *err);
    /* Feeds bytes; *used says how many were taken. Takes all of them unless the first edge whose
     * key is >= stop->key was met: then it takes exactly the bytes before that edge and returns 1.
     * (An edge at the very end of the bytes is met when the first byte after it is fed, or by
     * finish.) Otherwise 0, or DP_DATA with record, line and offset in the message. */
    int (*scan)(struct dp_scanner *scanner, const uint8_t *bytes, size_t length,
                const struct dp_stop *stop, size_t *used, struct dp_error *err);
    /* The end of the data: checks that it may end here. */
    int (*finish)(struct dp_scanner *scanner, struct dp_error *err);
    void (*close)(struct dp_scanner *scanner);

    /* Adds what the format knows to an index's JSON ("line_ending", "name_scheme", ...), after
     * finish. May be NULL. */
    int (*describe)(const struct dp_scanner *scanner, json_t *facts, struct dp_error *err);
    /* The digests gathered so far and how many; after finish also that of the last, shorter group.
     * NULL when the format has none. */
    const struct dp_name_digest *(*digests)(const struct dp_scanner *scanner, size_t *count);
    /* Not NULL when objects begin with a header that belongs to no record: before it is whole,
     * scan() stops at no edge. After that: its length in bytes and their CRC-32. */
    uint64_t (*header)(const struct dp_scanner *scanner, uint32_t *crc32);
    /* The positions of all records so far; every edge at which scan() returned 1 begins a run. NULL
     * when records of this format have none. */
    void (*loci)(const struct dp_scanner *scanner, struct dp_loci *loci);

    /* The normalised name of a record, by which mates are known: its length; *name points into the
     * `length` bytes at `record`, which are the whole record or a begin of it. NULL when the format
     * has none. */
    size_t (*name_of)(const uint8_t *record, size_t length, const uint8_t **name);

    /* What slices may filter by. May be NULL. */
    const struct dp_filter_type *filter;
};

/* Common head of every scanner, kept up to date by scan() and finish(). `edge` is the last record
 * edge passed, `previous` the one before it (equal at the start). After scan() returned 1, `edge`
 * is the edge that was asked for and the next byte to feed is its first. After finish() it is the
 * end of the last record. */
struct dp_scanner_base {
    const struct dp_format *format;
    struct dp_edge edge;
    struct dp_edge previous;
    uint64_t longest; /* bytes of the longest record passed; 0 before the first */
};
/* For scanners: the record at the edge ends at `next`, and that is passed. */
static inline void dp_scanner_pass(struct dp_scanner_base *base, const struct dp_edge *next)
{
    uint64_t bytes = next->offset - base->edge.offset;

    if (bytes > base->longest)
        base->longest = bytes;
    base->previous = base->edge;
    base->edge = *next;
}
static inline const struct dp_scanner_base *dp_scanner_base(const struct dp_scanner *scanner)
{
    return (const struct dp_scanner_base *)(const void *)scanner;
}

/* The format of that name, NULL when there is none. */
const struct dp_format *dp_format_find(const char *name);
/* Row `i` of the table of formats, NULL after the last. */
const struct dp_format *dp_format_at(size_t i);
/* Finds the format of an object by content; where that is not sure, its name decides (an object
 * called .fastq whose content is not is handed to the FASTQ scanner, which says what is wrong with
 * it, rather than being taken for lines of text). NULL and DP_UNSUPPORTED when nothing fits. */
const struct dp_format *dp_format_detect(const char *name, const uint8_t *head, size_t length,
                                         bool whole, struct dp_error *err);

#endif
