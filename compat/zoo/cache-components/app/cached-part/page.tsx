import { cacheLife } from "next/cache";

async function read() {
  "use cache";
  cacheLife("days");
  return "cached";
}

export default async function CachedPartPage() {
  return <main>With a part that is {await read()}</main>;
}
