import { View } from "../../../lib/view";

export const revalidate = 600;

export function generateStaticParams() {
  return [["a"], ["a", "b c"], ["index"]].map((parts) => ({ parts }));
}

export default async function CategoryPage({ params }: { params: Promise<{ parts: string[] }> }) {
  const { parts } = await params;
  return <View title={`Category ${parts.join(" > ")}`} />;
}
