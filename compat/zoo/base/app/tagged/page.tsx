import { unstable_cache } from "next/cache";
import { View } from "../../lib/view";

export const revalidate = 600;

const readPosts = unstable_cache(async () => ["first"], ["posts"], { tags: ["posts"] });

export default async function TaggedPage() {
  return <View title={`Tagged ${(await readPosts()).join(", ")}`} />;
}
