import { cacheLife } from "next/cache";

export default async function robots() {
  "use cache";
  cacheLife("days");
  return { rules: { userAgent: "*", allow: "/" } };
}
