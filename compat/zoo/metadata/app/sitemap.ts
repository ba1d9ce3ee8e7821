import { cacheLife } from "next/cache";

export default async function sitemap() {
  "use cache";
  cacheLife("hours");
  return [{ url: "https://example.com/blog/hello" }];
}
