/** One post of the blog. The slug is what appears in the URL, before encoding. */
export interface Post {
  slug: string;
  title: string;
  body: string;
}

/** Long enough that the runtime replaces the pathname in the cache key by its hash. */
const LONG_SLUG = `a-slug-that-goes-on-${"and-on-".repeat(22)}to-the-end`;

export const posts: Post[] = [
  {
    slug: "first",
    title: "The first post",
    body: "Every page of this blog is rendered at build time.",
  },
  {
    slug: "café-日本語",
    title: "Unicode in the slug",
    body: "The cache key holds the decoded path.",
  },
  { slug: LONG_SLUG, title: "A very long slug", body: "The cache key holds a hash of the path." },
];

export function findPost(slug: string): Post | undefined {
  return posts.find((post) => post.slug === slug);
}
