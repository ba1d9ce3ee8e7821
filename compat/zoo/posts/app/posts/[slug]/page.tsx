import posts from "../../../content/posts.json";
import { View } from "../../../lib/view";

export function generateStaticParams() {
  return Object.keys(posts).map((slug) => ({ slug }));
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  return <View title={posts[slug as keyof typeof posts]} />;
}
