import { cacheLife } from "next/cache";
import { posts } from "../lib/posts";

export default async function sitemap() {
  "use cache";
  cacheLife("hours");
  return posts.map(({ slug }) => ({
    url: `https://example.com/posts/${encodeURIComponent(slug)}`,
  }));
}
