import { View } from "../../../lib/view";

export const revalidate = 3600;

export function generateStaticParams() {
  return [
    "hello",
    "日本語",
    "Ünï",
    "a b",
    "emoji😀",
    "x".repeat(200),
    "br[ack]",
    "sl/ash",
    "back\\slash",
    "colon:tag",
    "com,ma",
    "plus+amp&",
    "per%25",
  ].map((slug) => ({ slug }));
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  const { slug } = await params;
  return <View title={`Post ${slug}`} />;
}
