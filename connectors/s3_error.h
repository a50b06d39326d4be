/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The error documents of S3 and its relatives. */

#ifndef DP_CONNECTORS_S3_ERROR_H
#define DP_CONNECTORS_S3_ERROR_H

#include <stdbool.h>
#include <stddef.h>

struct dp_s3_error {
    char code[64];     /* "NoSuchKey" */
    char message[256]; /* one line */
    char region[64];   /* the right one, where the document names it */
    char upload_id[1024]; /* of a begun multipart upload (which is no error) */
};

/* Reads an XML document. False, and nothing filled, when it is none or names neither a code nor an
 * upload. A value that does not fit is cut; an upload id that does not fit is dropped. */
bool dp_s3_error_parse(const char *body, size_t length, struct dp_s3_error *document);

#endif
