/** How many posts the site has; `POSTS=1000` makes a large one. */
const count = Number(process.env.POSTS ?? 3);

export const posts = Array.from({ length: count }, (_, index) => ({
  slug: `post-${index + 1}`,
  title: `Post ${index + 1}`,
}));
