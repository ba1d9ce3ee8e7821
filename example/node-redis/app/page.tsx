import { posts } from "../lib/posts";

export default function HomePage() {
  return (
    <main>
      <h1>Posts</h1>
      <ul>
        {posts.slice(0, 20).map(({ slug, title }) => (
          <li key={slug}>
            <a href={`/posts/${slug}`}>{title}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}
