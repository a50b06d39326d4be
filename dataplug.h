/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* dataplug: read parts of big scientific objects where they lie.
 *
 *     object --> index --> plan --> slices --> reader
 *
 * An object is a read-only sequence of bytes named by a URI (a path, file://, http(s)://, s3://).
 * One streaming pass builds its index. A plan cuts the object from the index alone. A slice is one
 * line of text. A reader turns a slice into checked bytes of the original format.
 *
 * Conventions of every function here
 *   - Functions that can fail return 0 (DP_OK) or a negative enum dp_result, and fill the caller's
 *     struct dp_error once. The error pointer may be NULL. On failure outputs are untouched.
 *   - What `new`, `open`, `build`, `parse` and `copy` give, the matching `free` takes; free(NULL)
 *     does nothing. Results declared const live as long as the thing they were asked of.
 *   - Option and fact structs begin with struct_bytes, which the caller sets to their size: so
 *     either side may be newer. Options without it are DP_INVALID, never silently the defaults.
 *   - The library prints nothing and never exits.
 *   - Offsets and lengths are in bytes; ranges are half-open; offsets start at 0. Records and slice
 *     numbers start at 1 and are inclusive where a person sees them; in this header a record
 *     interval is half-open and starts at 0 unless its comment says otherwise.
 *   - Threads: a context, an object, an index and a plan may be used by any number of threads at
 *     once. A list, a sink, a stream and a reader belong to one thread at a time.
 *   - After fork() the child must not use a context of its parent (DP_INVALID is returned).
 */

#ifndef DATAPLUG_H
#define DATAPLUG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DP_VERSION_MAJOR 0
#define DP_VERSION_MINOR 1
#define DP_VERSION_PATCH 0

/* "MAJOR.MINOR.PATCH" of the library in use, static storage. */
const char *dp_version(void);

/* ---------------------------------------------------------------------------------- errors */

enum dp_result {
    DP_OK = 0,
    DP_INVALID = -1,     /* an argument or option makes no sense */
    DP_NO_MEMORY = -2,   /* memory could not be had */
    DP_IO = -3,          /* reading, writing or the network failed */
    DP_NOT_FOUND = -4,   /* no such object, bucket, file or index */
    DP_DENIED = -5,      /* not allowed: permissions, credentials */
    DP_DATA = -6,        /* the object is damaged, truncated or not of its format */
    DP_CHANGED = -7,     /* the object is not the one that was planned */
    DP_STALE_INDEX = -8, /* the index belongs to another version of the object */
    DP_BAD_INDEX = -9,   /* a damaged or foreign index, slice or manifest */
    DP_UNSUPPORTED = -10, /* understood, but not built in or not possible for this object */
    DP_CANCELLED = -11   /* the cancel callback asked to stop */
};

/* Finer than a code, where a caller must tell failures apart. */
enum dp_detail {
    DP_DETAIL_NONE = 0,
    DP_DETAIL_NOT_GZIP = 1,        /* "not in gzip format" */
    DP_DETAIL_UNEXPECTED_END = 2,  /* the object ends inside something */
    DP_DETAIL_GZIP_CRC = 3,        /* a member's CRC does not fit */
    DP_DETAIL_GZIP_LENGTH = 4,     /* a member's length does not fit */
    DP_DETAIL_DEFLATE = 5,         /* the deflate data makes no sense */
    DP_DETAIL_GZIP_METHOD = 6,     /* unknown compression method */
    DP_DETAIL_GZIP_FLAGS = 7,      /* reserved or unsupported header flags */
    DP_DETAIL_RECORD = 8,          /* a record breaks the rules of its format */
    DP_DETAIL_CHECKSUM = 9,        /* bytes differ from what was indexed */
    DP_DETAIL_NO_RANGES = 10,      /* the server cannot serve byte ranges */
    DP_DETAIL_GZIP_HEADER = 11,    /* a member's header does not fit its checksum */
    DP_DETAIL_GZIP_TRAILER = 12,   /* neither a member's CRC nor its length fits */
    DP_DETAIL_VERSION = 13         /* an index or slice that another version of dataplug made */
};

struct dp_error {
    int code;           /* enum dp_result; 0 while there was no failure */
    int detail;         /* enum dp_detail */
    int http_status;    /* of the last answer, 0 when there was none */
    int retryable;      /* 1: the same call may succeed later */
    double retry_after; /* seconds the server asked for, 0 when it did not */
    char message[1024]; /* one line, no newline, no secrets, starts with the URI where known */
};

/* The name of a code ("DP_DATA"), static storage. */
const char *dp_result_name(int code);

/* --------------------------------------------------------------------------------- context */

struct dp_context;

enum dp_log_level { DP_LOG_ERROR = 0, DP_LOG_WARNING = 1, DP_LOG_INFO = 2, DP_LOG_DEBUG = 3 };

/* How far a long call is. `total` is 0 while it is not known. Units are bytes of the object. */
struct dp_progress {
    const char *what; /* "index", "fetch", ...; static storage */
    const char *uri;
    uint64_t done_bytes;
    uint64_t total_bytes;
};

/* All counters only grow while a context lives. */
struct dp_stats {
    size_t struct_bytes;
    uint64_t requests;       /* HTTP requests sent, retries included */
    uint64_t retries;        /* of these, repeated ones */
    uint64_t received_bytes; /* HTTP body bytes received */
    uint64_t sent_bytes;     /* HTTP body bytes sent */
    uint64_t read_calls;     /* positional reads of objects of any kind */
    uint64_t read_bytes;     /* bytes these returned */
    uint64_t connections;    /* TCP connections opened for HTTP */
};

/* Zero-initialise, set struct_bytes, then what is wanted. NULL strings and zeros mean "the
 * default": the environment and the shared config files that the AWS tools read, or the figure
 * named here. */
struct dp_context_options {
    size_t struct_bytes;

    const char *profile;      /* AWS_PROFILE */
    const char *region;       /* AWS_REGION, AWS_DEFAULT_REGION, the profile, us-east-1 */
    const char *endpoint_url; /* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile, AWS's own */
    const char *ca_bundle;    /* AWS_CA_BUNDLE, the profile (for S3), CURL_CA_BUNDLE, the system's */
    int no_sign_request;      /* 1: anonymous S3 */

    unsigned attempts;        /* per request; AWS_MAX_ATTEMPTS, AWS_RETRY_MODE, the profile, 8 */
    unsigned timeout_seconds; /* with no byte moving; 30 */
    unsigned connections;     /* to one host at once; 8 */
    uint64_t part_bytes;      /* of one ranged GET when a long range is read; 8 MiB */

    /* May be called from any thread, also from several at once. */
    void (*log)(void *user, enum dp_log_level level, const char *message);
    void (*progress)(void *user, const struct dp_progress *progress);
    int (*cancel)(void *user); /* non-zero: stop soon with DP_CANCELLED */
    void *user;

    int request_payer;            /* 1: we pay for S3 requests, as some buckets ask */
    const char *addressing_style; /* "path", "virtual", "auto"; the profile, or "auto": the bucket is
                                   * in the host's name at AWS, in the path at other endpoints */
};

/* `options` may be NULL. Credentials are looked up when the first S3 object is opened. */
int dp_context_new(const struct dp_context_options *options, struct dp_context **context,
                   struct dp_error *err);
/* Free everything that was opened with the context first. */
void dp_context_free(struct dp_context *context);
/* Fills at most stats->struct_bytes bytes. */
void dp_context_stats(struct dp_context *context, struct dp_stats *stats);

/* --------------------------------------------------------------------------------- objects */

struct dp_object;

/* [begin, end) */
struct dp_range {
    uint64_t begin;
    uint64_t end;
};

struct dp_object_options {
    size_t struct_bytes;
    /* When not NULL: the object must still carry this validator (as dp_object_validator gave it).
     * With `size_bytes` as well, opening costs no request; a read of something else then fails
     * with DP_CHANGED. */
    const char *validator;
    uint64_t size_bytes;
};

/* Opens `uri`: a path, file://, http://, https:// or s3://bucket/key. Size and validator come from
 * the first ranged GET, whose bytes are kept for the first reads. `options` may be NULL.
 * URIs are percent-encoded, paths are not: the key "100%25" of an s3:// URI is "100%" (a '%' that
 * is no code stands for itself); "?versionId=ID" behind a key names a version. */
int dp_object_open(struct dp_context *context, const char *uri,
                   const struct dp_object_options *options, struct dp_object **object,
                   struct dp_error *err);
/* An object over `length` bytes at `bytes`, which must outlive it and are not copied. */
int dp_object_open_memory(struct dp_context *context, const void *bytes, size_t length,
                          struct dp_object **object, struct dp_error *err);
/* The bytes of `range` of `parent` as an object of its own. `parent` must outlive it. */
int dp_object_open_subrange(struct dp_object *parent, struct dp_range range,
                            struct dp_object **object, struct dp_error *err);
void dp_object_free(struct dp_object *object);

uint64_t dp_object_size(const struct dp_object *object);
/* Absolute and percent-encoded, without userinfo and without a signed query. */
const char *dp_object_uri(const struct dp_object *object);
/* 1 when the URI it was opened with carries a signature or token in its query (a presigned URL). */
int dp_object_is_signed(const struct dp_object *object);
/* "etag:...", "version:...", "modified:...", "mtime:..." or "" when the place gives none. */
const char *dp_object_validator(const struct dp_object *object);

/* Reads all bytes of `range` into `buffer`, or fails. A range outside the object is DP_INVALID. */
int dp_object_read_at(struct dp_object *object, struct dp_range range, void *buffer,
                      struct dp_error *err);

/* ----------------------------------------------------------------------------------- lists */

struct dp_list;

struct dp_list_options {
    size_t struct_bytes;
    unsigned page_count; /* names asked for at once; 0 or more than 1000: 1000 */
    int skip_indexes;    /* 1: leave out names that end in ".dpi" */
};

/* Strings live until the next call. */
struct dp_list_entry {
    size_t struct_bytes;
    const char *uri;       /* opens this object, whatever characters its name is made of */
    uint64_t size_bytes;
    const char *validator; /* as dp_object_validator says it; "" when the place tells none */
};

/* Lists what `uri` stands for, in the order of the names' bytes (on S3 in that of the store):
 *   - a name that ends in '/', a bucket alone, a folder: everything below it, at any depth;
 *   - a name with patterns: what fits. '*' stands for any bytes but '/', '?' for one character,
 *     [a-z] for one of them, [!a-z] for one of the others, a '**' for any bytes; a '.' at the
 *     beginning of a component wants to be named. "%2A" in a URI is no pattern but a star, and a
 *     path that exists as it stands is no pattern either;
 *   - anything else: that object alone, which must be there.
 * Links to files and folders are followed, but never in a circle. Left out are pipes and devices,
 * and the empty objects ending in '/' that stand for folders on S3. http(s) has no listing
 * (DP_UNSUPPORTED). Pages are fetched when they are needed; a list belongs to one thread at a time,
 * and memory does not grow with it. `options` may be NULL. */
int dp_list_open(struct dp_context *context, const char *uri,
                 const struct dp_list_options *options, struct dp_list **list,
                 struct dp_error *err);
/* > 0: an entry was filled (its struct_bytes must be set); 0: the end; < 0: enum dp_result. That
 * nothing fits is no failure: the first call returns 0. */
int dp_list_next(struct dp_list *list, struct dp_list_entry *entry, struct dp_error *err);
void dp_list_free(struct dp_list *list);
/* 1 when `uri` may stand for several objects (the first two cases above), without asking anybody
 * but the file system: then list it, else open it. */
int dp_list_is_many(const char *uri);

/* ----------------------------------------------------------------------------------- sinks */

struct dp_sink;

/* Begins writing the object `uri` (a path, file://, http(s):// by PUT, s3://). Nothing is visible
 * under that name before dp_sink_commit; whether it can be written is found out here as far as the
 * place allows. */
int dp_sink_open(struct dp_context *context, const char *uri, struct dp_sink **sink,
                 struct dp_error *err);
int dp_sink_write(struct dp_sink *sink, const void *bytes, size_t length, struct dp_error *err);
/* Makes the object visible at once and whole. After success or failure only free is allowed.
 * DP_CHANGED: somebody else has written other bytes there since the sink was opened; those stay
 * (S3 services that know conditional requests; elsewhere the last one wins). */
int dp_sink_commit(struct dp_sink *sink, struct dp_error *err);
/* Without a commit before, everything written is dropped. */
void dp_sink_free(struct dp_sink *sink);

/* ----------------------------------------------------------------------------------- index */

struct dp_index;

/* Returns bytes read (0 at the end), or a negative enum dp_result. */
typedef int64_t (*dp_read_fn)(void *user, void *buffer, size_t capacity, struct dp_error *err);
/* Takes all `length` bytes and returns 0, or a negative enum dp_result. */
typedef int (*dp_write_fn)(void *user, const void *bytes, size_t length, struct dp_error *err);

/* The names of the formats there are, i = 0, 1, ...; NULL behind the last. */
const char *dp_format_name(size_t i);

struct dp_index_options {
    size_t struct_bytes;
    const char *format;     /* one of these; NULL: found by content */
    uint64_t spacing_bytes; /* uncompressed bytes between seek points; 0: 1 MiB */
    unsigned threads;       /* 0 or 1: only the calling thread */
    int allow_truncated;    /* 1: index the sound prefix of a damaged or truncated object. Before a
                             * gzip member with a wrong checksum it ends; finding that takes a
                             * second pass, so dp_index_build_from fails then */
    const char *backend;    /* "isal" or "zlib"; NULL: the fastest that is built in */
    dp_write_fn tee;        /* when not NULL: given the uncompressed bytes, in order; all of them
                             * also when they break the rules of the format (the build then fails
                             * at the end) */
    void *tee_user;
    int allow_empty;        /* 1: an object without a byte is legal, whatever its name promises: text
                             * without a line */
    int (*check)(void *user, struct dp_error *err); /* when not NULL: asked before every stretch that
                             * is decoded; what it returns other than 0 ends the build */
    void *check_user;
};

/* One pass over the object. `options` may be NULL. The index is not written anywhere. */
int dp_index_build(struct dp_context *context, struct dp_object *object,
                   const struct dp_index_options *options, struct dp_index **index,
                   struct dp_error *err);
/* The same from a sequential source of the object's bytes; `name` stands in messages. */
int dp_index_build_from(struct dp_context *context, dp_read_fn read, void *user, const char *name,
                        const struct dp_index_options *options, struct dp_index **index,
                        struct dp_error *err);
/* Opens an index file (any URI) and checks its tables; windows are read and checked when needed. */
int dp_index_open(struct dp_context *context, const char *uri, struct dp_index **index,
                  struct dp_error *err);
/* Writes the index to `uri`, whole or not at all; folders that are missing are made. The index then
 * knows that place: slices planned from it refer to windows there. No other thread may use the
 * index during this call. */
int dp_index_save(struct dp_index *index, const char *uri, struct dp_error *err);
/* The same into a sink that was opened before, into which nothing was written yet; commits it. It
 * is still the caller's to free. */
int dp_index_write(struct dp_index *index, struct dp_sink *sink, struct dp_error *err);
void dp_index_free(struct dp_index *index);

/* Where the index of an object belongs: DIRECTORY/host/bucket/key.dpi (index/INDEX.md says it to the
 * letter) when `directory` (or, when that is NULL, DP_INDEX_DIR in the environment) is set, else
 * "<object's uri>.dpi". For a local object a path, else a URI. The caller frees *uri with
 * dp_text_free. */
int dp_index_locate(struct dp_object *object, const char *directory, char **uri,
                    struct dp_error *err);
/* Finds, opens and checks the index of `object`: at `uri` when that is not NULL, else where
 * dp_index_locate says and then beside the object. DP_NOT_FOUND when there is none (a place that
 * may not be read counts as none), DP_STALE_INDEX when it describes other bytes. */
int dp_index_find(struct dp_context *context, struct dp_object *object, const char *uri,
                  struct dp_index **index, struct dp_error *err);
/* Two small reads: is this the index of these bytes? 0 or DP_STALE_INDEX. */
int dp_index_check_source(const struct dp_index *index, struct dp_object *object,
                          struct dp_error *err);
/* Checks every page and window of the index; with `deep` also decodes the whole object and compares
 * every checksum, count and record row. */
int dp_index_verify(struct dp_context *context, struct dp_index *index, struct dp_object *object,
                    int deep, unsigned threads, struct dp_error *err);

/* Facts of an index; strings live with it. Counts that a format does not have are 0. */
struct dp_index_info {
    size_t struct_bytes;
    const char *format;            /* "fastq", "text" */
    const char *codec;             /* "none", "gzip", "bgzf" */
    const char *uri;               /* of the index itself, NULL while it is not saved */
    int complete;                  /* 0: made from a truncated object */
    uint64_t source_bytes;         /* compressed size of the indexed object */
    uint64_t uncompressed_bytes;
    uint64_t record_count;
    uint64_t base_count;
    uint64_t member_count;         /* gzip members or BGZF blocks; 0 for codec "none" */
    uint64_t seek_point_count;
    uint64_t spacing_bytes;        /* in force at the end of the build */
    uint64_t index_bytes;          /* size of the index file; 0 while it is not saved */
    uint64_t trailing_garbage_bytes;
    uint32_t crc32;                /* of all uncompressed bytes */
    int bgzf_eof_missing;          /* 1: codec "bgzf" without the empty block at its end: cut where a
                                    * block ends, or made by a tool that writes none */
};
/* Fills at most info->struct_bytes bytes. */
void dp_index_info(const struct dp_index *index, struct dp_index_info *info);
/* Contigs of formats whose records have positions, in the order of their first records. */
struct dp_contig_info {
    size_t struct_bytes;
    const char *name;        /* lives with the index; not ended by a NUL */
    size_t name_bytes;
    uint64_t length;         /* as the header declares it; UINT64_MAX: it does not */
    uint64_t record_count;
    uint64_t first_record;   /* from 0 */
    uint64_t last_record;
    uint64_t first_position; /* of its first and last record */
    uint64_t last_position;
    uint64_t end;            /* the largest of its records */
    int sorted;              /* its positions never descend */
    int contiguous;          /* no record of another contig stands between its records */
};
size_t dp_index_contig_count(const struct dp_index *index);
/* Contig `i`, from 0. Fills at most info->struct_bytes bytes. */
void dp_index_contig(const struct dp_index *index, size_t i, struct dp_contig_info *info);
/* Regions that cover all contigs and have about as many records each: `count` lines, or fewer where
 * records are few. A line is "CONTIG:BEGIN-END", with commas between where it goes over several
 * contigs. DP_UNSUPPORTED when the records are not sorted. The caller frees *regions with
 * dp_text_free. */
int dp_index_balance(const struct dp_index *index, uint64_t count, char **regions,
                     struct dp_error *err);
/* Everything that is known of the object as one JSON object (one line, no newline). The caller
 * frees it with dp_text_free. */
int dp_index_describe(const struct dp_index *index, char **json, struct dp_error *err);

/* Frees text that a function of this header gave. */
void dp_text_free(char *text);

/* ------------------------------------------------------------------------------------ plan */

struct dp_plan;
struct dp_slice;

enum dp_plan_unit {
    DP_UNIT_RECORDS = 0, /* record numbers */
    DP_UNIT_BYTES = 1,   /* uncompressed bytes */
    DP_UNIT_BASES = 2,   /* bases of sequence formats */
    DP_UNIT_REGIONS = 3  /* regions, windows or contigs of formats whose records have positions:
                          * their numbers in the plan */
};

/* Positions [begin, end] of a contig, both inclusive, from 1; an end of 0 is that of the contig. */
struct dp_region {
    const char *contig;
    uint64_t begin;
    uint64_t end;
};

/* Set exactly one of part_count and size. The cut is made of [begin, end) of the unit; an end of 0
 * or beyond the total stands for the total. A record belongs to the slice whose interval holds its
 * key: its number, the offset of its first byte, or the number of bases before it. */
struct dp_plan_options {
    size_t struct_bytes;
    enum dp_plan_unit unit;
    uint64_t part_count; /* this many slices of equal size in the unit */
    uint64_t size;       /* slices of this many units, the last one shorter */
    uint64_t begin;
    uint64_t end;
    int inline_parts;    /* 1: windows and headers stand in the slices, the index is not needed to fetch */
    int allow_signed;    /* 1: keep the signed query of a presigned URL in the slices */
    unsigned presign_seconds; /* > 0: slices of an s3:// object name presigned https URLs, also of
                               * its index when that is on S3: fetching them needs no credentials
                               * for so long, at most DP_PRESIGN_SECONDS_MAX */
    uint64_t overlap;    /* unit records: each slice but the first also has so many records of
                          * those before it in front (within [begin, end)) */
    int paired;          /* 1: the sources are pairs of mates */
    int span;            /* 1: slices may go from one object into the next */

    /* Formats whose records have positions. */
    const char *contig;  /* units records and bytes: only its records; begin and end are 0 then */
    /* Unit regions, one of these; part_count and size share them out by their number. Records that
     * lie in several regions or windows belong to the first. */
    const struct dp_region *regions; /* records that overlap them, in the order of bcftools: regions
                                      * sorted and joined, contigs as they are first mentioned */
    size_t region_count;
    uint64_t window_bases; /* windows of so many bases, each record by its position */
    int by_contig;         /* 1: contigs, in the order of their records */
    /* VCF, BCF: only the columns of these samples, in this order; names separated by newlines, all
     * others when the first one has '^' in front. NULL: all. Nothing is counted anew. */
    const char *samples;
    int split_mates;     /* 1: an interleaved object is cut anywhere, also between two mates */
};

/* No plan has more slices. */
#define DP_PLAN_SLICES_MAX (UINT64_C(1) << 31)

/* Seven days: what the signature allows. */
#define DP_PRESIGN_SECONDS_MAX 604800

/* An object and its index. */
struct dp_plan_source {
    struct dp_index *index;
    struct dp_object *object;
};

/* Checks that `index` belongs to `object` (two small reads), and cuts. Both outlive the plan. Of an
 * object that holds mates one after the other (interleaved, as its index says) mates stay together:
 * it is cut at even record numbers only, unless `split_mates` is set. */
int dp_plan_new(struct dp_index *index, struct dp_object *object,
                const struct dp_plan_options *options, struct dp_plan **plan,
                struct dp_error *err);
/* One plan over several objects, in their order; what is cut, begin and end are of all of them
 * together. Each object is cut by itself, so that no slice has records of two (unless `span`), and
 * equal parts are as equal as they can be then; objects without a byte have no slice. When there
 * are more objects than parts, there are as many slices as objects.
 * With `paired`, sources 1 and 2, 3 and 4, ... hold mates: both are cut at the same record numbers,
 * and slices have two outputs, "R1" and "R2". Bytes and bases are then those of both, balanced as
 * far as the indexes know where they lie. DP_DATA when the numbers of records or the names differ;
 * the message says which. (Only then data is read.) */
int dp_plan_new_many(const struct dp_plan_source *sources, size_t source_count,
                     const struct dp_plan_options *options, struct dp_plan **plan,
                     struct dp_error *err);
/* An index that tabix or bcftools left: a .tbi or .csi of VCF or BCF in BGZF. Read-only; any number of
 * threads may use it at once. */
struct dp_tabix;

/* Opens the one at `uri`, or, when that is NULL, beside the object (its name and ".tbi" or ".csi").
 * DP_NOT_FOUND when there is none; a place beside the object that may not be read counts as none. */
int dp_tabix_find(struct dp_context *context, struct dp_object *object, const char *uri,
                  struct dp_tabix **tabix, struct dp_error *err);
void dp_tabix_free(struct dp_tabix *tabix);
/* Where it was read from, without secrets. */
const char *dp_tabix_uri(const struct dp_tabix *tabix);

/* A plan without a pass over the object and without an index of dataplug's own. Reads the object's
 * header and its end; DP_STALE_INDEX when `tabix` belongs to another version. It can cut parts (of
 * all, or of one contig), balanced by compressed bytes as near as record edges are known, regions
 * and contigs; anything else is DP_UNSUPPORTED. How many records a slice has is known of contigs
 * only. Both outlive the plan. */
int dp_plan_new_tabix(const struct dp_tabix *tabix, struct dp_object *object,
                      const struct dp_plan_options *options, struct dp_plan **plan,
                      struct dp_error *err);
/* Is `slice` what the plan makes under its number? Ids and the places of object and index are not
 * compared, so that a slice of another plan that cuts in the same way passes. DP_BAD_INDEX when it
 * differs, DP_CHANGED when the object carries another validator than the slice says. */
int dp_plan_check_slice(const struct dp_plan *plan, const struct dp_slice *slice,
                        struct dp_error *err);
void dp_plan_free(struct dp_plan *plan);
uint64_t dp_plan_slice_count(const struct dp_plan *plan);
/* When presigned slices can be fetched no more, in seconds since 1970 (earlier than asked for when
 * the credentials end before); 0: never. */
int64_t dp_plan_expires(const struct dp_plan *plan);
/* Makes slice `number` (1-based). */
int dp_plan_slice(const struct dp_plan *plan, uint64_t number, struct dp_slice **slice,
                  struct dp_error *err);

/* ----------------------------------------------------------------------------------- slice */

/* Reads one line of a manifest (no newline needed). Unknown versions are DP_UNSUPPORTED, anything
 * malformed DP_BAD_INDEX. */
int dp_slice_parse(const char *line, size_t length, struct dp_slice **slice,
                   struct dp_error *err);
/* One line of JSON without a newline; the caller frees it with dp_text_free. */
int dp_slice_format(const struct dp_slice *slice, char **line, struct dp_error *err);
void dp_slice_free(struct dp_slice *slice);

/* Facts of a slice; strings live with it. UINT64_MAX stands for "not known". */
struct dp_slice_info {
    size_t struct_bytes;
    const char *id;     /* hash of identities, plan and number, hex */
    const char *plan_id; /* the same for all slices of one plan */
    const char *uri;    /* of the first object */
    const char *format; /* its */
    const char *codec;
    enum dp_plan_unit unit;
    uint64_t number;    /* 1-based */
    uint64_t slice_count;
    uint64_t begin;     /* of the interval of the unit */
    uint64_t end;
    int last;           /* 1: also takes whatever follows up to the end of the object */
    uint64_t record_count;      /* in each output; UINT64_MAX when only fetching can tell */
    uint64_t fetch_bytes;       /* compressed bytes to GET from the objects */
    uint64_t decoded_bytes;     /* uncompressed bytes that fetching decodes */
    unsigned request_count;     /* ranged GETs with the default part size, index included */
    size_t source_count;        /* objects; mates have two. `uri` is that of the first */
    size_t output_count;
    uint64_t size;              /* of the plan's slices in the unit; 0: it asked for equal parts */
    int span;                   /* 1: the plan's slices may go across objects */
};
/* Fills at most info->struct_bytes bytes. */
void dp_slice_info(const struct dp_slice *slice, struct dp_slice_info *info);
/* The URI of an object of the slice, the name of an output; counted from 0, NULL beyond the last. */
const char *dp_slice_source(const struct dp_slice *slice, size_t number);
const char *dp_slice_output(const struct dp_slice *slice, size_t number);
/* The URI of the index of an object, where the slice names it for windows that it needs or that
 * several threads may use; else NULL. */
const char *dp_slice_index(const struct dp_slice *slice, size_t number);

/* ---------------------------------------------------------------------------------- reader */

struct dp_reader;

struct dp_reader_options {
    size_t struct_bytes;
    unsigned threads;  /* 0 or 1: only the calling thread, plus transfers */
    const char *index_uri; /* read windows from this index instead of the one the slice names */
    const char *backend;
    int skip_prologue; /* 1: leave out the header, as the slice is to follow another one */
    int interleave;    /* 1: mates as one output: record 1 of R1, its mate in R2, record 2, ... A last
                        * record without a newline is given one; empty lines at the end are left
                        * out. DP_INVALID for slices of other things than mates. */
};

/* What a reader has emitted so far, on all outputs together. */
struct dp_reader_counts {
    size_t struct_bytes;
    uint64_t bytes;
    uint64_t records;
    uint64_t bases;
};

int dp_reader_open(struct dp_context *context, const struct dp_slice *slice,
                   const struct dp_reader_options *options, struct dp_reader **reader,
                   struct dp_error *err);
/* Up to `capacity` bytes of output `output`, counted from 0 (most slices have one; mates have two).
 * > 0: bytes given; 0: the end of this output, all of it was checked; < 0: enum dp_result, and what
 * was given before must not be trusted. Outputs may be read one after the other or by turns. */
int64_t dp_reader_read(struct dp_reader *reader, unsigned output, void *buffer, size_t capacity,
                       struct dp_error *err);
/* The same without a copy: *bytes is valid until the next call. */
int64_t dp_reader_next(struct dp_reader *reader, unsigned output, const void **bytes,
                       struct dp_error *err);
void dp_reader_counts(const struct dp_reader *reader, struct dp_reader_counts *counts);
void dp_reader_free(struct dp_reader *reader);

/* ---------------------------------------------------------------------------------- stream */

struct dp_stream;

struct dp_stream_options {
    size_t struct_bytes;
    unsigned threads;       /* 0 or 1: only the calling thread */
    struct dp_range range;  /* of uncompressed bytes; {0, 0}: everything. An end beyond the
                             * object is cut; a begin beyond it is DP_INVALID. */
    const char *backend;
    int pass_through;       /* 1: data that is not compressed is given as it is; 2: also what
                             * follows the last gzip member, when the range has no end: it may
                             * begin there, too */
};

/* What a whole stream was; complete after the end. */
struct dp_stream_info {
    size_t struct_bytes;
    const char *codec;
    uint64_t compressed_bytes;
    uint64_t uncompressed_bytes;
    uint64_t member_count;
    uint64_t trailing_garbage_bytes; /* ignored bytes after the last member */
    int bgzf_eof_missing;            /* as in struct dp_index_info; 0 where a range ends earlier */
    uint64_t trailing_zero_bytes;    /* padding after the last member, which is no garbage */
    uint64_t last_member_bytes;      /* uncompressed; BGZF: of the last block, often 0 */
    uint32_t last_member_crc32;      /* of its uncompressed bytes */
};

/* Decompresses an object. With an index (may be NULL) threads work in parallel and a range costs
 * only what it needs. Every byte that the index or the codec has a checksum for is checked. */
int dp_stream_open(struct dp_context *context, struct dp_object *object, struct dp_index *index,
                   const struct dp_stream_options *options, struct dp_stream **stream,
                   struct dp_error *err);
/* The same from a sequential source (no index). `name` stands in messages. */
int dp_stream_open_from(struct dp_context *context, dp_read_fn read, void *user, const char *name,
                        const struct dp_stream_options *options, struct dp_stream **stream,
                        struct dp_error *err);
/* > 0: bytes at *bytes, valid until the next call; 0: the end, all is well; < 0: enum dp_result. */
int64_t dp_stream_next(struct dp_stream *stream, const void **bytes, struct dp_error *err);
void dp_stream_info(const struct dp_stream *stream, struct dp_stream_info *info);
void dp_stream_free(struct dp_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
