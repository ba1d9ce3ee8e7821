import { posts } from "../../../lib/posts";

export function generateStaticParams() {
  return posts.map(({ slug }) => ({ slug }));
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  return (
    <article>
      <h1>{slug}</h1>
      <p>{`Some text about ${slug}. `.repeat(40)}</p>
    </article>
  );
}
