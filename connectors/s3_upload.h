/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* A multipart upload: parts of which nothing is visible before they are put together. */

#ifndef DP_CONNECTORS_S3_UPLOAD_H
#define DP_CONNECTORS_S3_UPLOAD_H

#include "connectors/s3.h"
#include "connectors/spool.h"

#include <stdatomic.h>

/* What is known of the object at a place. Its validator is that of the header, quotes included. */
struct dp_s3_standing {
    enum { DP_S3_UNKNOWN, DP_S3_ABSENT, DP_S3_PRESENT } state;
    char etag[256]; /* "" when it is not told */
    bool bare;      /* conditions are better said without the quotes: see s3_sink.c */
    uint64_t size_bytes;
};

struct dp_s3_etag {
    char text[256];
};

/* Zero-initialise, then set the place. */
struct dp_s3_upload {
    struct dp_s3_place *place;
    char *id;              /* as queries want it; NULL: none is under way */
    struct dp_array etags; /* of its parts, as far as they are noted */
    uint64_t bytes;        /* of these */
};

int dp_s3_upload_begin(struct dp_s3_upload *upload, struct dp_error *err);
/* Sends what stands in `spool` as part `number`, from 1 on: any number of threads may do that at
 * once. `stop` is looked at now and then: true ends it with DP_CANCELLED. */
int dp_s3_upload_send(const struct dp_s3_upload *upload, size_t number, struct dp_spool *spool,
                      const atomic_bool *stop, struct dp_s3_etag *etag, struct dp_error *err);
/* The part that comes next has been sent, with so many bytes. */
int dp_s3_upload_note(struct dp_s3_upload *upload, const struct dp_s3_etag *etag, uint64_t bytes,
                      struct dp_error *err);
/* Puts the parts together, under the condition `header` ("If-Match: ..."; NULL: under none).
 * `before` is what stood there when the writing began: when the answer is lost on the way, the
 * object itself is asked whether it is ours now. */
int dp_s3_upload_complete(struct dp_s3_upload *upload, const char *header,
                          const struct dp_s3_standing *before, struct dp_error *err);
/* Removes the parts of an upload that is under way: they would cost money for ever. */
void dp_s3_upload_abort(struct dp_s3_upload *upload);
/* Frees the fields, not the place. */
void dp_s3_upload_free(struct dp_s3_upload *upload);

/* Looks what stands at `place`, by one small GET. What may not be read is unknown; other failures
 * are returned. */
int dp_s3_upload_look(struct dp_s3_place *place, struct dp_s3_standing *standing,
                      struct dp_error *err);

#endif
