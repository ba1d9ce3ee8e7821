// S3 with Amazon's SDK (`ROOT STORE`): 50 objects at a time, each read and encoded when it is its turn.
//
// Checksums that S3 does not require are omitted, because the package sends none either.

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { allPairs, openBuild } from "./entries.js";
import { contend } from "./contend.js";
import { inParallel } from "./in-parallel.js";

const AT_A_TIME = 50;

await contend(async ({ root, store }) => {
  const client = new S3Client({
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const { hostname: Bucket, pathname } = new URL(store);
  const prefix = pathname.slice(1);
  await inParallel(AT_A_TIME, allPairs(openBuild(root)), ({ key, value: Body }) => {
    const Key = `${prefix}${key}`;
    return client.send(
      new PutObjectCommand({ Bucket, Key, Body, ContentType: "application/json" }),
    );
  });
  client.destroy();
});
