import { View } from "../../../lib/view";

export const revalidate = 3600;

export function generateStaticParams() {
  return [{ slug: "hello" }];
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  return <View title={`Post ${slug}`} />;
}
