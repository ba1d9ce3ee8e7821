import { unstable_cache } from "next/cache";

export const revalidate = 3600;

/** What `revalidateTag("news")` purges, with every page that shows it. */
const latest = unstable_cache(async () => new Date().toISOString(), ["latest"], { tags: ["news"] });

export default async function NewsPage() {
  return <h1>News of {await latest()}</h1>;
}
