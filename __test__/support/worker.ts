// The bundle of a built Worker, written by hand in the shape of minified vinext.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The KV handler and the adapter's factory. */
const KV_ADAPTER =
  "var Kv=class{async get(e){return console.error(`[vinext] Invalid cache entry shape for key:`,e)," +
  "null}};var make=({env:e,options:t})=>{let n=t?.binding??D,r=e?.[n];if(!r)throw Error(`[vinext] The KV " +
  "data cache adapter requires a \\`${n}\\` KV namespace binding.`);return new Kv(r,{appPrefix:" +
  "t?.appPrefix})};";

/** The tags that the handler drops: those with a colon too, up to 1.0.0-beta.7 of the adapter. */
const tagRule = (keepsColons: boolean) =>
  `var bad=e=>/[\\x00-\\x1f\\\\${keepsColons ? "" : ":"}]/.test(e);`;

const OTHER_ADAPTER = "var make=({options:e})=>redis(e);";

/** The code that vinext generates from `cache.data`. */
const registration = (options: string) =>
  `var done=!1;function register(e){if(!done){done=!0;try{set(make({env:e,options:${options}}))}` +
  "catch(e){console.warn(`[vinext] failed to initialize the configured data cache adapter; using the " +
  "default handler.\\n`+e)}}}";

export interface WorkerFile {
  /** Stands in the code, as the build id does. */
  buildId: string;
  /** The options of the KV adapter, as JSON or as code; `null` for no adapter. */
  adapter?: object | string | null;
  /** Whether another adapter is configured. */
  isOther?: boolean;
  cacheComponents?: boolean;
  /** Whether the KV adapter keeps tags with a colon. */
  keepsColons?: boolean;
  /** The version of vinext it was built with. */
  vinext?: string;
  /** The call of vinext's handler by the project's own Worker. */
  entry?: string;
}

/** The code of a Worker. */
export function workerCode(worker: WorkerFile): string {
  const { buildId, adapter = {}, isOther = false, cacheComponents = false, entry } = worker;
  const { keepsColons = false } = worker;
  const namespace = (worker.vinext ?? "1.4.0") === "1.4.0" ? "app:v2" : "app";
  const options = typeof adapter === "string" ? adapter : JSON.stringify(adapter);
  return [
    `var id=\`${buildId}\`,key=(e,t)=>\`${namespace}:\${e}:__hash:\${t}\`;`,
    isOther ? OTHER_ADAPTER : adapter === null ? "" : KV_ADAPTER + tagRule(keepsColons),
    adapter === null ? "" : registration(options),
    `var app={${cacheComponents ? "createPprFallbackShells(e,t){return shells(e,t)}," : ""}run(e){`,
    "return e.createPprFallbackShells&&e.run(e)}};",
    "var handler={async fetch(e,t,n){return register(t),app.run(e)}};",
    `var own={async fetch(e,t,n){return ${entry ?? "handler.fetch(e,t,n)"}}};export{own as default};`,
  ].join("");
}

/** Puts a Worker into a project's `dist/server/`. */
export function writeWorker(root: string, worker: WorkerFile): void {
  const server = path.join(root, "dist", "server");
  mkdirSync(server, { recursive: true });
  writeFileSync(path.join(server, "index.js"), workerCode(worker));
}
