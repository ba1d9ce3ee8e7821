import { cacheLife } from "next/cache";

export function generateStaticParams() {
  return [{ slug: "first" }];
}

export default async function PostPage({ params }: { params: Promise<{ slug: string }> }) {
  "use cache";
  cacheLife("hours");
  return <main>Post {(await params).slug}</main>;
}
