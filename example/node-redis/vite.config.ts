import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import vinext from "vinext";

export default defineConfig({
  plugins: [
    vinext({
      cache: {
        data: { adapter: fileURLToPath(new URL("./cache/redis-data-adapter.ts", import.meta.url)) },
      },
      prerender: { routes: "*" },
    }),
  ],
});
