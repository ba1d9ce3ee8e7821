import { cdnAdapter } from "@vinext/cloudflare/cache/cdn-adapter";
import { kvDataAdapter } from "@vinext/cloudflare/cache/kv-data-adapter";
import { cloudflare } from "@cloudflare/vite-plugin";
import vinext from "vinext";
import { defineConfig } from "vite";

// Pages are left to the CDN; KV holds data only.
export default defineConfig({
  plugins: [
    vinext({
      prerender: { routes: "*" },
      cache: { cdn: cdnAdapter(), data: kvDataAdapter({ binding: "VINEXT_KV_CACHE" }) },
    }),
    cloudflare({ viteEnvironment: { name: "rsc", childEnvironments: ["ssr"] } }),
  ],
});
