/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* BCF: pieces and stops do not change what is found; records lie one behind the other and end where
 * the object does. Where samples are chosen, pieces do not change what is left, all samples are all
 * bytes, and what is left of any others is BCF again with as many records. */

#include "index/format/bcf.h"
#include "index/format/bcf_filter.h"
#include "tests/fuzz/pieces.h"

#include "base/le.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct cut {
    int rc;
    struct dp_error err;
    struct dp_array out;
    uint64_t records;
};

/* `bytes` through the filter in pieces of up to `largest` bytes (0: all at once). */
static struct cut filter_all(const json_t *spec, bool prologue, const uint8_t *bytes,
                             size_t length, size_t largest)
{
    struct cut cut = {0};
    struct dp_filter *filter = NULL;
    size_t at, piece;

    demand(dp_bcf_filter.open(spec, "fuzz", prologue, &filter, NULL) == 0);
    for (at = 0; !cut.rc && at < length; at += piece) {
        uint8_t *copy;

        piece = largest && largest < length - at ? largest : length - at;
        copy = malloc(piece);
        memcpy(copy, bytes + at, piece);
        cut.rc = dp_bcf_filter.feed(filter, copy, piece, &cut.out, &cut.err);
        free(copy);
    }
    if (!cut.rc)
        cut.rc = dp_bcf_filter.finish(filter, &cut.out, &cut.err);
    cut.records = dp_bcf_filter.record_count(filter);
    dp_bcf_filter.close(filter);
    return cut;
}

/* The same however it is fed; the caller frees what came out. */
static struct cut filter_alike(const json_t *spec, bool prologue, const uint8_t *bytes,
                               size_t length, size_t largest)
{
    struct cut whole = filter_all(spec, prologue, bytes, length, 0);
    struct cut parts = filter_all(spec, prologue, bytes, length, largest);

    demand(whole.rc == parts.rc && strcmp(whole.err.message, parts.err.message) == 0);
    demand(whole.records == parts.records && whole.out.length == parts.out.length);
    demand(whole.out.length == 0 ||
           memcmp(whole.out.data, parts.out.data, whole.out.length) == 0);
    dp_array_free(&parts.out);
    return whole;
}

/* Any bytes as records: what is left can be fed again, with the samples there are now. */
static void cut_any(const uint8_t *bytes, size_t length, unsigned how)
{
    json_int_t samples = 1 + how % 5, chosen = how / 5 % samples;
    json_t *spec = json_pack("{s:[[I,I]], s:I}", "columns", chosen, chosen + 1, "samples", samples);
    json_t *again = json_pack("{s:[[i,i]], s:i}", "columns", 0, 1, "samples", 1);
    struct cut cut = filter_alike(spec, false, bytes, length, 1 + how % 50), same;

    demand(cut.out.length <= length);
    if (!cut.rc) {
        same = filter_alike(again, false, cut.out.data, cut.out.length, 7);
        demand(!same.rc && same.records == cut.records && same.out.length == cut.out.length);
        demand(same.out.length == 0 ||
               memcmp(same.out.data, cut.out.data, cut.out.length) == 0);
        dp_array_free(&same.out);
    }
    dp_array_free(&cut.out);
    json_decref(spec);
    json_decref(again);
}

/* The header and the records of a sound object; what is left of both, one behind the other. */
static int cut_object(const json_t *spec, const uint8_t *bytes, size_t length, unsigned how,
                      struct dp_array *out)
{
    size_t header = DP_BCF_START_BYTES + (size_t)dp_le32_load(bytes + 5);
    struct cut head = filter_alike(spec, true, bytes, header, 1 + how % 300);
    struct cut body = filter_alike(spec, false, bytes + header, length - header, 1 + how % 50);

    demand(head.rc == 0);
    demand(dp_array_append(out, head.out.data, head.out.length, 1));
    demand(body.out.length == 0 || dp_array_append(out, body.out.data, body.out.length, 1));
    dp_array_free(&head.out);
    dp_array_free(&body.out);
    return body.rc;
}

static void cut_sound(const uint8_t *bytes, size_t length, unsigned how, uint64_t records)
{
    struct dp_stop never = {.key = UINT64_MAX};
    struct dp_array all = {0}, one = {0};
    struct ending ending;
    json_t *keys, *pair;

    if (dp_bcf_filter.choose(bytes, DP_BCF_START_BYTES + (size_t)dp_le32_load(bytes + 5), "^",
                             "fuzz", &keys, NULL))
        return; /* it has no samples, or two of one name */
    if (!cut_object(keys, bytes, length, how, &all))
        demand(all.length == length && memcmp(all.data, bytes, length) == 0);
    pair = json_array_get(json_object_get(keys, "columns"), 0);
    json_array_set_new(pair, 0, json_integer(json_integer_value(json_array_get(pair, 1)) - 1));
    if (!cut_object(keys, bytes, length, how, &one)) {
        ending = scan_all(&dp_bcf, one.data, one.length, 0, 0, never);
        demand(ending.rc == 0 && ending.edge.record == records);
        free(ending.facts);
    }
    dp_array_free(&all);
    dp_array_free(&one);
    json_decref(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ending ending;

    if (size < 2)
        return 0;
    ending = demand_pieces_agree(&dp_bcf, data, size);
    if (ending.rc == 0) {
        demand(ending.edge.offset == size - 2 && ending.edge.line == 0);
        demand(ending.edge.record <= ending.edge.offset / 32);
        demand(ending.previous.offset <= ending.edge.offset);
        cut_sound(data + 2, size - 2, data[0], ending.edge.record);
    } else {
        cut_any(data + 2, size - 2, data[0]);
    }
    free(ending.facts);
    return 0;
}
