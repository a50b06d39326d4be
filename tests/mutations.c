/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* Damaged indexes and slices by the ten thousand: none may crash the library, and none may make it
 * give wrong bytes while saying that all is well. Run it in a build with sanitizers.
 *
 * Every other time the checksums inside are made to fit again, so that the damage gets past them.
 * Such an index or slice is one that somebody made so and may tell any story; it must not crash.
 *
 * usage: mutations index|slice COUNT [SEED]
 *
 * Three small objects (gzip, BGZF-like many members, plain) are indexed, and what is known to be
 * right is kept: the whole object and each slice of a plan. Then
 *   index   the index file is damaged, opened, planned from and read from;
 *   slice   a line of a manifest is damaged, parsed and read.
 * The damage depends on the seed and the number of the round alone. */

#include "config.h"

#include "dataplug.h"
#include "tests/index_recheck.h"
#include "tests/slice_recheck.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define OBJECT_COUNT  3
#define SLICE_COUNT   5
#define SPACING_BYTES 20000

struct bytes {
    uint8_t *data;
    size_t length;
};

/* An object on disk, its index file, and what reading it must give. */
struct subject {
    char path[256];
    char index_path[256];
    struct bytes plain;
    struct bytes index;
    char *lines[SLICE_COUNT];
    struct bytes slices[SLICE_COUNT];
};

static struct dp_context *context;
static char folder[200];
static uint64_t random_state;
static unsigned survived; /* damaged inputs that still gave bytes: the right ones */
static unsigned refused;

static _Noreturn void die(const char *what, const struct dp_error *err)
{
    fprintf(stderr, "mutations: %s: %s\n", what, err ? err->message : "failed");
    exit(1);
}

/* splitmix64: a stream of numbers that is the same everywhere. */
static uint64_t draw(uint64_t below)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static void append(struct bytes *bytes, const void *data, size_t length)
{
    if (length == 0)
        return;
    bytes->data = realloc(bytes->data, bytes->length + length);
    if (!bytes->data)
        die("memory", NULL);
    memcpy(bytes->data + bytes->length, data, length);
    bytes->length += length;
}

static void write_file(const char *path, const struct bytes *bytes)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes->data, 1, bytes->length, file) != bytes->length || fclose(file) != 0)
        die(path, NULL);
}

static struct bytes read_file(const char *path)
{
    struct bytes bytes = {0};
    uint8_t buffer[65536];
    size_t got;
    FILE *file = fopen(path, "rb");

    if (!file)
        die(path, NULL);
    while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
        append(&bytes, buffer, got);
    fclose(file);
    return bytes;
}

/* ------------------------------------------------------------------------ what is right */

static struct bytes make_fastq(unsigned count)
{
    struct bytes out = {0};
    char line[512];

    for (unsigned i = 0; i < count; i++) {
        unsigned length = 50 + (unsigned)draw(100);
        int used = snprintf(line, sizeof(line), "@read/%u\n", i);
        append(&out, line, (size_t)used);
        for (unsigned k = 0; k < length; k++)
            line[k] = "ACGT"[draw(4)];
        append(&out, line, length);
        append(&out, "\n+\n", 3);
        for (unsigned k = 0; k < length; k++)
            line[k] = "@+FI#,:"[draw(7)];
        append(&out, line, length);
        append(&out, "\n", 1);
    }
    return out;
}

/* Members of `member_bytes` of input each; everything in one when it is 0. */
static struct bytes pack_gzip(const struct bytes *plain, size_t member_bytes)
{
    struct bytes out = {0};
    size_t step = member_bytes ? member_bytes : plain->length;

    for (size_t at = 0; at < plain->length; at += step) {
        size_t length = plain->length - at < step ? plain->length - at : step;
        size_t room = length + length / 100 + 1000;
        uint8_t *packed = malloc(room);
        z_stream z = {0};

        /* Low memory level: many small deflate blocks, so that there are many seek points. */
        if (!packed || deflateInit2(&z, 6, Z_DEFLATED, 31, 3, Z_DEFAULT_STRATEGY) != Z_OK)
            die("deflate", NULL);
        z.next_in = plain->data + at;
        z.avail_in = (uInt)length;
        z.next_out = packed;
        z.avail_out = (uInt)room;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
            die("deflate", NULL);
        append(&out, packed, z.total_out);
        deflateEnd(&z);
        free(packed);
    }
    return out;
}

/* Reads a slice to its end. 0 when the reader said that all is well. */
static int read_slice(const struct dp_slice *slice, struct bytes *out, struct dp_error *err)
{
    struct dp_reader *reader = NULL;
    const void *piece;
    int64_t got;
    int rc = dp_reader_open(context, slice, NULL, &reader, err);

    if (rc != 0)
        return rc;
    while ((got = dp_reader_next(reader, 0, &piece, err)) > 0)
        append(out, piece, (size_t)got);
    dp_reader_free(reader);
    return (int)got;
}

static void plan_subject(struct subject *subject, struct dp_index *index, struct dp_object *object)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options), .part_count = SLICE_COUNT};
    struct dp_plan *plan;
    struct dp_slice *slice;
    struct dp_error err;
    size_t total = 0;

    if (dp_plan_new(index, object, &options, &plan, &err) != 0)
        die("plan", &err);
    for (unsigned i = 0; i < SLICE_COUNT; i++) {
        if (dp_plan_slice(plan, i + 1, &slice, &err) != 0 ||
            dp_slice_format(slice, &subject->lines[i], &err) != 0 ||
            read_slice(slice, &subject->slices[i], &err) != 0)
            die("slice", &err);
        dp_slice_free(slice);
        if (memcmp(subject->plain.data + total, subject->slices[i].data,
                   subject->slices[i].length) != 0)
            die("undamaged slices differ from the object", NULL);
        total += subject->slices[i].length;
    }
    if (total != subject->plain.length)
        die("undamaged slices are not the whole object", NULL);
    dp_plan_free(plan);
}

static void make_subject(struct subject *subject, unsigned number)
{
    static const char *const names[OBJECT_COUNT] = {"one.fastq.gz", "many.fastq.gz", "plain.fastq"};
    struct dp_index_options options = {
        .struct_bytes = sizeof(options), .format = "fastq", .spacing_bytes = SPACING_BYTES};
    struct dp_object *object;
    struct dp_index *index;
    struct dp_error err;
    struct bytes packed;

    snprintf(subject->path, sizeof(subject->path), "%s/%s", folder, names[number]);
    snprintf(subject->index_path, sizeof(subject->index_path), "%s/%s.dpi", folder, names[number]);
    subject->plain = make_fastq(900);
    if (number == 2) {
        write_file(subject->path, &subject->plain);
    } else {
        packed = pack_gzip(&subject->plain, number ? 7001 : 0);
        write_file(subject->path, &packed);
        free(packed.data);
    }
    if (dp_object_open(context, subject->path, NULL, &object, &err) != 0 ||
        dp_index_build(context, object, &options, &index, &err) != 0 ||
        dp_index_save(index, subject->index_path, &err) != 0)
        die("index", &err);
    subject->index = read_file(subject->index_path);
    plan_subject(subject, index, object);
    dp_index_free(index);
    dp_object_free(object);
}

static void free_subject(struct subject *subject)
{
    for (unsigned i = 0; i < SLICE_COUNT; i++) {
        dp_text_free(subject->lines[i]);
        free(subject->slices[i].data);
    }
    free(subject->plain.data);
    free(subject->index.data);
    unlink(subject->path);
    unlink(subject->index_path);
}

/* ------------------------------------------------------------------------------- damage */

static void cut_out(struct bytes *bytes)
{
    size_t at = draw(bytes->length), length = 1 + draw(bytes->length - at);

    if (draw(2))
        length = length < 16 ? length : 1 + draw(16);
    memmove(bytes->data + at, bytes->data + at + length, bytes->length - at - length);
    bytes->length -= length;
}

static void copy_over(struct bytes *bytes, const struct bytes *from)
{
    size_t to = draw(bytes->length), at = draw(from->length);
    size_t most = bytes->length - to < from->length - at ? bytes->length - to : from->length - at;

    memmove(bytes->data + to, from->data + at, 1 + draw(most < 300 ? most : 300));
}

/* Damages `bytes` (never empty) in one of several ways; `other` lends foreign bytes. */
static void damage(struct bytes *bytes, const struct bytes *other)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '0', '9', '"'};
    size_t at = draw(bytes->length);
    uint8_t junk[40];

    switch (draw(8)) {
    case 0:
        bytes->data[at] ^= (uint8_t)(1u << draw(8));
        break;
    case 1:
        bytes->data[at] = edges[draw(sizeof(edges))];
        break;
    case 2: /* a number grows or shrinks a little */
        bytes->data[at] = (uint8_t)(bytes->data[at] + (draw(2) ? 1 : 255));
        break;
    case 3: /* a whole field becomes huge or zero */
        memset(bytes->data + at, draw(2) ? 0xff : 0,
               bytes->length - at < 8 ? bytes->length - at : 1 + draw(8));
        break;
    case 4:
        bytes->length = at;
        break;
    case 5:
        cut_out(bytes);
        break;
    case 6:
        copy_over(bytes, draw(2) ? bytes : other);
        break;
    default:
        for (size_t i = 0; i < sizeof(junk); i++)
            junk[i] = (uint8_t)draw(256);
        append(bytes, junk, 1 + draw(sizeof(junk)));
        break;
    }
}

static struct bytes damaged(const struct bytes *from, const struct bytes *other)
{
    struct bytes copy = {0};
    unsigned times = draw(3) ? 1 : 1 + (unsigned)draw(6);

    append(&copy, from->data, from->length);
    while (times-- > 0 && copy.length > 0)
        damage(&copy, other);
    return copy;
}

/* -------------------------------------------------------------------------------- index */

static void want_same(const struct bytes *have, const uint8_t *want, size_t length,
                      const char *what, unsigned round)
{
    if (have->length == length && (length == 0 || memcmp(have->data, want, length) == 0))
        return;
    fprintf(stderr, "mutations: round %u: wrong bytes and no error (%s)\n", round, what);
    exit(1);
}

static int read_stream(struct dp_object *object, struct dp_index *index, struct bytes *out)
{
    struct dp_stream_options options = {.struct_bytes = sizeof(options), .pass_through = 1};
    struct dp_stream *stream;
    const void *piece;
    int64_t got;

    if (dp_stream_open(context, object, index, &options, &stream, NULL) != 0)
        return -1;
    while ((got = dp_stream_next(stream, &piece, NULL)) > 0)
        append(out, piece, (size_t)got);
    dp_stream_free(stream);
    return (int)got;
}

/* Reads all slices of a plan made from a damaged index; true when nothing complained. */
static bool read_plan(struct dp_index *index, struct dp_object *object, struct bytes *out)
{
    struct dp_plan_options options = {.struct_bytes = sizeof(options),
                                      .unit = (enum dp_plan_unit)draw(3),
                                      .part_count = 1 + draw(6)};
    struct dp_plan *plan;
    struct dp_slice *slice;
    bool sound = true;

    if (dp_plan_new(index, object, &options, &plan, NULL) != 0)
        return false;
    for (uint64_t number = 1; sound && number <= dp_plan_slice_count(plan); number++) {
        sound = dp_plan_slice(plan, number, &slice, NULL) == 0;
        if (!sound)
            break;
        sound = read_slice(slice, out, NULL) == 0;
        dp_slice_free(slice);
    }
    dp_plan_free(plan);
    return sound;
}

static void try_index(struct subject *subject, const struct subject *other, unsigned round)
{
    struct bytes bytes = {0}, out = {0};
    struct dp_object *object = NULL;
    struct dp_index *index = NULL;
    bool honest = round % 2 == 0, sound = false;

    if (round % 100 == 98) /* the whole index of another object */
        append(&bytes, other->index.data, other->index.length);
    else
        bytes = damaged(&subject->index, &other->index);
    if (!honest)
        index_recheck(bytes.data, bytes.length);
    write_file(subject->index_path, &bytes);
    if (dp_object_open(context, subject->path, NULL, &object, NULL) != 0)
        die(subject->path, NULL);
    if (dp_index_find(context, object, NULL, &index, NULL) == 0) {
        if (read_plan(index, object, &out)) {
            if (honest)
                want_same(&out, subject->plain.data, subject->plain.length, "slices", round);
            sound = true;
        }
        out.length = 0;
        if (read_stream(object, index, &out) == 0) {
            if (honest)
                want_same(&out, subject->plain.data, subject->plain.length, "stream", round);
            sound = true;
        }
        dp_index_verify(context, index, object, (int)draw(2), 1, NULL);
    }
    sound ? survived++ : refused++;
    dp_index_free(index);
    dp_object_free(object);
    free(out.data);
    free(bytes.data);
}

/* -------------------------------------------------------------------------------- slice */

/* Adds the numbers below `value` to `found`; returns how many there are then. */
static size_t collect(json_t *value, json_t *found[64], size_t count)
{
    const char *key;
    size_t i;
    json_t *child;

    if (json_is_object(value)) {
        json_object_foreach(value, key, child) count = collect(child, found, count);
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, child) count = collect(child, found, count);
    } else if (json_is_integer(value) && count < 64) {
        found[count++] = value;
    }
    return count;
}

/* Changes one number somewhere in `root`. */
static void change_number(json_t *root)
{
    static const int64_t edges[] = {0, 1, -1, 255, 65536, 2147483647, 4294967296, 9007199254740991};
    json_t *found[64], *chosen = found[draw(collect(root, found, 0))];
    json_int_t old = json_integer_value(chosen);

    switch (draw(3)) {
    case 0:
        json_integer_set(chosen, edges[draw(8)]);
        break;
    case 1:
        json_integer_set(chosen, old + (json_int_t)draw(5) - 2);
        break;
    default:
        json_integer_set(chosen, old + (json_int_t)draw(20001) - 10000);
        break;
    }
}

/* The line with some values changed and a checksum that fits. */
static struct bytes rechecked(const char *line)
{
    struct bytes out = {0};
    json_t *root = json_loads(line, 0, NULL);
    char *text;

    if (!root)
        die("jansson", NULL);
    for (unsigned times = 1 + (unsigned)draw(3); times > 0; times--)
        change_number(root);
    text = slice_recheck(root);
    append(&out, text, strlen(text));
    free(text);
    json_decref(root);
    return out;
}

static void try_slice(struct subject *subject, const struct subject *other, unsigned round)
{
    unsigned number = (unsigned)draw(SLICE_COUNT);
    struct bytes line = {(uint8_t *)subject->lines[number], strlen(subject->lines[number])};
    struct bytes foreign = {(uint8_t *)other->lines[number], strlen(other->lines[number])};
    bool honest = round % 2 == 0;
    struct bytes bytes = honest ? damaged(&line, &foreign) : rechecked(subject->lines[number]);
    struct bytes out = {0};
    struct dp_slice *slice = NULL;
    char *again = NULL;
    bool sound = false;

    if (dp_slice_parse((const char *)bytes.data, bytes.length, &slice, NULL) == 0) {
        sound = read_slice(slice, &out, NULL) == 0;
        if (sound && honest)
            want_same(&out, subject->slices[number].data, subject->slices[number].length, "slice",
                      round);
        if (dp_slice_format(slice, &again, NULL) != 0)
            die("a parsed slice cannot be written", NULL);
        dp_text_free(again);
    }
    sound ? survived++ : refused++;
    dp_slice_free(slice);
    free(out.data);
    free(bytes.data);
}

int main(int argc, char **argv)
{
    struct subject subjects[OBJECT_COUNT] = {0};
    struct dp_context_options options = {.struct_bytes = sizeof(options), .attempts = 1};
    struct dp_error err;
    unsigned long count, seed;
    bool index;

    if (argc < 3 || (strcmp(argv[1], "index") != 0 && strcmp(argv[1], "slice") != 0)) {
        fprintf(stderr, "usage: mutations index|slice COUNT [SEED]\n");
        return 2;
    }
    index = strcmp(argv[1], "index") == 0;
    count = strtoul(argv[2], NULL, 10);
    seed = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    snprintf(folder, sizeof(folder), "%s/mutations.XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    if (!mkdtemp(folder) || dp_context_new(&options, &context, &err) != 0)
        die(folder, NULL);
    for (unsigned i = 0; i < OBJECT_COUNT; i++)
        make_subject(&subjects[i], i);
    for (unsigned round = 0; round < count; round++) {
        struct subject *subject = &subjects[round % OBJECT_COUNT];
        const struct subject *other = &subjects[(round + 1) % OBJECT_COUNT];

        random_state = seed * 1000000007u + round;
        index ? try_index(subject, other, round) : try_slice(subject, other, round);
    }
    for (unsigned i = 0; i < OBJECT_COUNT; i++)
        free_subject(&subjects[i]);
    rmdir(folder);
    dp_context_free(context);
    printf("%lu damaged %s: %u refused, %u harmless\n", count, index ? "indexes" : "slices",
           refused, survived);
    return refused > 0 ? 0 : 1;
}
