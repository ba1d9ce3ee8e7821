import { cacheLife, cacheTag } from "next/cache";

export default async function CachedPage() {
  "use cache";
  cacheLife("hours");
  cacheTag("cached");
  return <main>With "use cache"</main>;
}
