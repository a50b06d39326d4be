#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The dataplug authors
#
# The services that give credentials on AWS, as strict as there: EC2's metadata service (version 2
# only), the service of containers, and STS for web identities. The keys come from the files below,
# which are read for every request:
#
#   keys.json        {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
#   container-token  what containers must show        web-token  what web identities must show
#   log              one line for each request: STATUS METHOD PATH
#
# usage: credentials.py DIR PORT

import json
import os
import secrets
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

folder, port = sys.argv[1], int(sys.argv[2])
sessions = set()
ROLES = "/latest/meta-data/iam/security-credentials/"


def read(name):
    with open(os.path.join(folder, name), encoding="ascii") as file:
        return file.read().strip()


def sts_answer(keys):
    return f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>{keys["Token"]}</SessionToken>
<SecretAccessKey>{keys["SecretAccessKey"]}</SecretAccessKey><Expiration>{keys["Expiration"]}</Expiration>
<AccessKeyId>{keys["AccessKeyId"]}</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


def sts_error(code, message):
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text=""):
        body = text.encode()
        with open(os.path.join(folder, "log"), "a", encoding="ascii") as log:
            log.write(f"{status} {self.command} {self.path}\n")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        seconds = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        # Proxies are kept away, as on EC2.
        if self.path != "/latest/api/token" or "X-Forwarded-For" in self.headers:
            self.answer(403)
        elif not seconds.isdigit() or not 1 <= int(seconds) <= 21600:
            self.answer(400)
        else:
            token = secrets.token_urlsafe(40)
            sessions.add(token)
            self.answer(200, token)

    def do_GET(self):
        keys = dict(json.loads(read("keys.json")), Code="Success")
        if self.path.startswith("/latest/"):
            if self.headers.get("X-aws-ec2-metadata-token") not in sessions:
                self.answer(401)
            elif self.path == ROLES:
                self.answer(200, "the-role")
            elif self.path == ROLES + "the-role":
                self.answer(200, json.dumps(keys))
            else:
                self.answer(404)
        elif self.path == "/container":
            if self.headers.get("Authorization") != read("container-token"):
                self.answer(401, json.dumps({"code": "InvalidToken", "message": "no"}))
            else:
                self.answer(200, json.dumps(keys))
        else:
            self.answer(404)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        value = lambda name: form.get(name, [""])[0]
        if self.headers.get_content_type() != "application/x-www-form-urlencoded":
            self.answer(400, sts_error("MalformedInput", "no form"))
        elif (value("Action"), value("Version")) != ("AssumeRoleWithWebIdentity", "2011-06-15"):
            self.answer(400, sts_error("InvalidAction", "no such action"))
        elif not value("RoleArn").startswith("arn:aws:iam::") or not 2 <= len(value("RoleSessionName")) <= 64:
            self.answer(400, sts_error("ValidationError", "role or session"))
        elif value("WebIdentityToken") == "expired":
            self.answer(400, sts_error("ExpiredTokenException", "Token expired: current date/time 1 must be before 0"))
        elif value("WebIdentityToken") != read("web-token"):
            self.answer(400, sts_error("InvalidIdentityToken", "No OpenIDConnect provider found"))
        else:
            self.answer(200, sts_answer(json.loads(read("keys.json"))))

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
