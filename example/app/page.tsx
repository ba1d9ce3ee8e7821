import { posts } from "../lib/posts";

export default function HomePage() {
  return (
    <main>
      <h1>Posts</h1>
      <ul>
        {posts.map((post) => (
          <li key={post.slug}>
            <a href={`/posts/${encodeURIComponent(post.slug)}`}>{post.title}</a>
          </li>
        ))}
      </ul>
    </main>
  );
}
