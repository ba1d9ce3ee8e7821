import { notFound } from "next/navigation";
import { findPost, posts } from "../../../lib/posts";

export const revalidate = 3600;

export function generateStaticParams() {
  return posts.map(({ slug }) => ({ slug }));
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  const post = findPost(decodeURIComponent(slug));
  if (!post) notFound();
  return (
    <main>
      <h1>{post.title}</h1>
      <p>{post.body}</p>
    </main>
  );
}
