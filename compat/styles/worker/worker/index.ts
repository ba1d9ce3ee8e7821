// Up to 0.1.8 the Worker itself registers the KV handler.

import handler from "vinext/server/app-router-entry";
import { KVCacheHandler } from "vinext/cloudflare";
import { setCacheHandler } from "vinext/shims/cache";

interface Env {
  VINEXT_CACHE: ConstructorParameters<typeof KVCacheHandler>[0];
}

export default {
  async fetch(request: Request, env: Env, context: unknown): Promise<Response> {
    // While pages are pre-rendered there is no environment.
    if (env?.VINEXT_CACHE) setCacheHandler(new KVCacheHandler(env.VINEXT_CACHE));
    return handler.fetch(request, env, context);
  },
};
