import { unstable_cache } from "next/cache";
import { View } from "../../lib/view";

export const revalidate = 600;

const readPosts = unstable_cache(async () => ["first"], ["commas"], { tags: ["one,two", "three"] });

export default async function CommasPage() {
  return <View title={`Tagged with a comma: ${(await readPosts()).join(", ")}`} />;
}
