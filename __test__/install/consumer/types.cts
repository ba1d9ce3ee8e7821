import seedNative = require("@vinext/seed-native");

export const result: Promise<seedNative.SeedResult> = seedNative.seedKvCache({
  root: ".",
  accountId: "a",
  namespaceId: "n",
  apiToken: "t",
});
