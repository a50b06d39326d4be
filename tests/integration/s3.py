#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# Another S3 client, for tests: boto3 with the endpoint and credentials of the environment.
#
# usage: s3.py put FILE BUCKET KEY [PART_BYTES] | get BUCKET KEY FILE
#        | delete BUCKET KEY | move BUCKET KEY NEW_KEY | list BUCKET | sign BUCKET KEY [SECONDS]
#        | fill BUCKET PREFIX COUNT (small objects PREFIX00001 ...)
#        | let-all BUCKET (anybody reads) | versioned BUCKET | version BUCKET KEY
#        | requester-pays BUCKET
#        | session ROLE (prints a key, a secret, a token and their expiry, of STS)
#        | let BUCKET USER ACTION... (of Ceph RGW) | drop BUCKET (with all that is in it)
#        | uploads BUCKET (those that are unfinished)

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config


def main(action, bucket_or_file, *rest):
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                      region_name=os.environ.get("AWS_REGION", "us-east-1"),
                      config=Config(s3={"addressing_style": "path"}, signature_version="s3v4"))
    if action == "put":
        bucket, key = rest[:2]
        part = int(rest[2]) if len(rest) > 2 else 1 << 40
        s3.upload_file(bucket_or_file, bucket, key,
                       Config=TransferConfig(multipart_threshold=part, multipart_chunksize=part))
    elif action == "get":
        s3.download_file(bucket_or_file, rest[0], rest[1])
    elif action == "delete":
        s3.delete_object(Bucket=bucket_or_file, Key=rest[0])
    elif action == "move":
        s3.copy_object(Bucket=bucket_or_file, Key=rest[1],
                       CopySource={"Bucket": bucket_or_file, "Key": rest[0]})
        s3.delete_object(Bucket=bucket_or_file, Key=rest[0])
    elif action == "list":
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket_or_file):
            for entry in page.get("Contents", []):
                print(entry["Size"], entry["Key"])
    elif action == "sign":
        print(s3.generate_presigned_url("get_object", Params={"Bucket": bucket_or_file, "Key": rest[0]},
                                        ExpiresIn=int(rest[1]) if len(rest) > 1 else 3600))
    elif action == "fill":
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: s3.put_object(Bucket=bucket_or_file, Key=f"{rest[0]}{i:05}", Body=b"%d" % i),
                          range(1, int(rest[1]) + 1)))
    elif action == "let":
        s3.put_bucket_policy(Bucket=bucket_or_file, Policy=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/" + rest[0]]},
                           "Action": ["s3:" + name for name in rest[1:]],
                           "Resource": ["arn:aws:s3:::" + bucket_or_file,
                                        "arn:aws:s3:::" + bucket_or_file + "/*"]}]}))
    elif action == "let-all":
        s3.put_bucket_policy(Bucket=bucket_or_file, Policy=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"],
                           "Resource": ["arn:aws:s3:::" + bucket_or_file + "/*"]}]}))
    elif action == "versioned":
        s3.put_bucket_versioning(Bucket=bucket_or_file, VersioningConfiguration={"Status": "Enabled"})
    elif action == "requester-pays":
        s3.put_bucket_request_payment(Bucket=bucket_or_file,
                                      RequestPaymentConfiguration={"Payer": "Requester"})
    elif action == "version":
        print(s3.head_object(Bucket=bucket_or_file, Key=rest[0])["VersionId"])
    elif action == "session":
        sts = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")
        keys = sts.assume_role(RoleArn=bucket_or_file, RoleSessionName="judge")["Credentials"]
        print(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"],
              keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"))
    elif action == "drop":
        for entry in s3.list_objects_v2(Bucket=bucket_or_file).get("Contents", []):
            s3.delete_object(Bucket=bucket_or_file, Key=entry["Key"])
        s3.delete_bucket(Bucket=bucket_or_file)
    elif action == "uploads":
        for upload in s3.list_multipart_uploads(Bucket=bucket_or_file).get("Uploads", []):
            print(upload["UploadId"], upload["Key"])
    else:
        sys.exit(f"s3.py: no action '{action}'")


main(*sys.argv[1:])
