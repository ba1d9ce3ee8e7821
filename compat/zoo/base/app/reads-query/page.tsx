import { View } from "../../lib/view";

// Depends on the query. Before 0.2.1 the prerenderer lists it all the same.
export const revalidate = 600;

export default async function ReadsQueryPage({
  searchParams,
}: {
  searchParams: Promise<Record<string, string | undefined>>;
}) {
  const { q = "none" } = await searchParams;
  return <View title={`Query ${q}`} />;
}
