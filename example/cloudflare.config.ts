// Plain data in place of the functions of "cf/config", which cf 0.0.5 does not have.
export default {
  worker: {
    name: "seed-native-example",
    entrypoint: "vinext/server/fetch-handler",
    compatibilityDate: "2026-05-01",
    compatibilityFlags: ["nodejs_compat"],
    assets: {
      htmlHandling: "none",
      notFoundHandling: "none",
      runWorkerFirst: ["/*", "!/_next/static/*", "!/*/_next/static/*"],
    },
    env: {
      ASSETS: { type: "assets" },
      IMAGES: { type: "images" },
      VINEXT_KV_CACHE: { type: "kv" },
    },
  },
};
