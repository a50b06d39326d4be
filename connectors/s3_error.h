/* SPDX-License-Identifier: Apache-2.0
 * SPDX-FileCopyrightText: The dataplug authors */

/* The error documents of S3 and its relatives. */

#ifndef DP_CONNECTORS_S3_ERROR_H
#define DP_CONNECTORS_S3_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* What a store's document says: mostly an error. */
struct dp_s3_error {
    char code[64];     /* "NoSuchKey" */
    char message[256]; /* one line */
    char region[64];   /* the right one, where the document names it or its host */
    char endpoint[256]; /* the right host */
    char upload_id[1024]; /* of a begun multipart upload (which is no error) */
    bool completed;    /* a multipart upload was put together (which is none either) */
};

/* Reads an XML document, which may stand behind blanks. False, and nothing filled, when it is none
 * or says nothing of the above. A value that does not fit is cut; an upload id that does not fit is
 * dropped. */
bool dp_s3_error_parse(const char *body, size_t length, struct dp_s3_error *document);

#endif
