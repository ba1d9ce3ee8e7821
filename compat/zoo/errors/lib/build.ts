/**
 * Stands for an API that is down while the pages are pre-rendered. Builds run in Node, the Worker in
 * workerd.
 */
export function failDuringTheBuild(digest?: string): void {
  if (navigator.userAgent === "Cloudflare-Workers") return;
  throw Object.assign(new Error("the API is down"), digest === undefined ? {} : { digest });
}
