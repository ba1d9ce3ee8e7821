// The members of the option `store`.

/** The functions that take a store. */
const STORE_FUNCTIONS = /** @type {const} */ ([
  "seedCache",
  "seedFromProject",
  "planKvSeed",
  "verifyFromProject",
  "pruneFromProject",
]);

/** @type {import("./option.js").OptionRow[]} */
export const STORE_OPTIONS = [
  {
    name: "store.type",
    kind: "store type",
    of: STORE_FUNCTIONS,
    doc: '`"redis"`, `"s3"`, `"dir"` or `"handler"`',
  },
  {
    name: "store.url",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["redis"],
    default: "the variable that `store.urlEnv` names",
    doc:
      "`redis://[user:password@]host[:port][/database]`, `rediss:` with TLS; `valkey:` and `valkeys:` mean the " +
      "same",
  },
  {
    name: "store.urlEnv",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["redis"],
    default: "`REDIS_URL`",
    doc: "the environment variable that has the URL",
  },
  {
    name: "store.bucket",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["s3"],
    default: "the variable that `store.bucketEnv` names",
    doc:
      "the bucket. Credentials come from the environment, as for Amazon's SDKs, but not from profile " +
      "files",
  },
  {
    name: "store.bucketEnv",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["s3"],
    default: "`CACHE_BUCKET_NAME`",
    doc: "the environment variable that has the bucket's name",
  },
  {
    name: "store.prefix",
    kind: "text",
    mayBeEmpty: true,
    of: STORE_FUNCTIONS,
    storeTypes: ["s3"],
    default: "`vinext-cache/`",
    doc: "prefix of object names; `s3://<bucket>/<prefix>` adds a slash",
  },
  {
    name: "store.endpoint",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["s3"],
    default: "`AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`, else Amazon's",
    doc: "the server, for MinIO, R2 and the like",
  },
  {
    name: "store.region",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["s3"],
    default: "`AWS_REGION`, else `AWS_DEFAULT_REGION`, else `us-east-1`",
    doc: "the server's region",
  },
  {
    name: "store.path",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["dir"],
    doc: "the directory, relative to `root`; created if missing",
  },
  {
    name: "store.adapter",
    kind: "text",
    of: STORE_FUNCTIONS,
    storeTypes: ["handler"],
    default: "the Vite configuration's",
    doc: "the module of a [cache handler](stores.md#the-projects-own-handler), relative to `root`",
  },
  {
    name: "store.options",
    kind: "any",
    of: STORE_FUNCTIONS,
    storeTypes: ["handler"],
    default: "none",
    doc: "with `store.adapter`: its options",
  },
  {
    name: "store.appPrefix",
    kind: "text",
    mayBeEmpty: true,
    of: STORE_FUNCTIONS,
    storeTypes: ["redis", "s3", "dir"],
    default: "none",
    doc: "prefix of all keys; the same as `appPrefix`",
  },
];
