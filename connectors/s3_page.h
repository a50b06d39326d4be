/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* One page of a bucket's listing (ListObjectsV2), read piece by piece as it arrives. What a server
 * sends is not trusted: a document type, nesting, lengths and counts beyond what stores send end
 * the reading. */

#ifndef DP_CONNECTORS_S3_PAGE_H
#define DP_CONNECTORS_S3_PAGE_H

#include "base/array.h"
#include "base/error.h"

struct dp_s3_page_entry {
    char *key;         /* plain bytes, no NUL among them; owned by the page */
    char etag[256];    /* quoted as in the header; "" when there is none */
    uint64_t size_bytes;
};

struct dp_s3_page {
    struct dp_array entries; /* struct dp_s3_page_entry */
    char *next_token;        /* of the next page; NULL: this was the last one */
    struct dp_s3_page_reader *reader; /* private */
};

/* Begins an empty page, also in the place of one that was read in part. */
int dp_s3_page_begin(struct dp_s3_page *page, struct dp_error *err);
/* `name` stands in messages. A failure is DP_IO. */
int dp_s3_page_feed(struct dp_s3_page *page, const char *name, const void *bytes, size_t length,
                    struct dp_error *err);
/* The document must be whole now. */
int dp_s3_page_end(struct dp_s3_page *page, const char *name, struct dp_error *err);
void dp_s3_page_free(struct dp_s3_page *page);

#endif
