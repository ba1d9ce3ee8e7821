"""Starts an S3 server that checks signatures and permissions, and ends with its standard input.

moto computes each signature again with Amazon's own Python library. Prints one line of JSON: the endpoint, a user
who may do everything in the bucket `cache`, and one who may only read it.
"""

import json
import logging
import sys
from urllib.parse import quote, unquote

import boto3
from flask import request
from moto import settings
from moto.iam.access_control import IAMRequestBase
from moto.server import ThreadedMotoServer

BUCKET = "cache"
REGION = "eu-central-1"

parse_request = IAMRequestBase._create_aws_request


def parse_request_with_path(self):
    """Takes the path from the request line, escaped as Amazon specifies it.

    moto escapes it otherwise, and refuses Amazon's own clients where a name has a colon.
    """
    path, mark, query = request.environ["RAW_URI"].partition("?")
    self._path = quote(unquote(path), safe="/-_.~") + mark + query
    return parse_request(self)


IAMRequestBase._create_aws_request = parse_request_with_path
logging.getLogger("werkzeug").setLevel(logging.ERROR)
# Everything is allowed until the users are there.
settings.INITIAL_NO_AUTH_ACTION_COUNT = sys.maxsize
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
anyone = {
    "endpoint_url": endpoint,
    "region_name": REGION,
    "aws_access_key_id": "setup",
    "aws_secret_access_key": "setup",
}
boto3.client("s3", **anyone).create_bucket(
    Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
)


def user(name, actions):
    """The credentials of a new user who may do this in the bucket."""
    iam = boto3.client("iam", **anyone)
    iam.create_user(UserName=name)
    resources = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    policy = {"Version": "2012-10-17", "Statement": statement}
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}


users = {"writer": user("writer", ["s3:*"]), "reader": user("reader", ["s3:Get*", "s3:List*"])}
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"endpoint": endpoint, "region": REGION, **users}), flush=True)
sys.stdin.read()
server.stop()
