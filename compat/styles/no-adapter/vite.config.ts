import { cloudflare } from "@cloudflare/vite-plugin";
import vinext from "vinext";
import { defineConfig } from "vite";

// Pages are pre-rendered, and nothing in the Worker reads KV.
export default defineConfig({
  plugins: [
    vinext({ prerender: { routes: "*" } }),
    cloudflare({ viteEnvironment: { name: "rsc", childEnvironments: ["ssr"] } }),
  ],
});
