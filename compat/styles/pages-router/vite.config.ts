import { cloudflare } from "@cloudflare/vite-plugin";
import { kvDataAdapter } from "@vinext/cloudflare/cache/kv-data-adapter";
import vinext from "vinext";
import { defineConfig } from "vite";

// The prefix is what a project can set; the seeder has to find it here.
const data = kvDataAdapter({ binding: "VINEXT_KV_CACHE", appPrefix: "zoo" });

export default defineConfig({
  plugins: [
    vinext({ prerender: { routes: "*" }, cache: { data } }),
    cloudflare({ viteEnvironment: { name: "ssr" } }),
  ],
});
