import handler from "vinext/server/app-router-entry";
import { KVCacheHandler } from "vinext/cloudflare";
import { setCacheHandler } from "vinext/shims/cache";
interface Env { ASSETS: Fetcher; VINEXT_CACHE: KVNamespace }
export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    if (env?.VINEXT_CACHE) setCacheHandler(new KVCacheHandler(env.VINEXT_CACHE));
    return handler.fetch(request, env, ctx);
  },
};
