import { revalidateTag } from "next/cache";

export async function POST(request: Request) {
  const tag = new URL(request.url).searchParams.get("tag");
  if (tag === null) return Response.json({ error: "no tag" }, { status: 400 });
  revalidateTag(tag, { expire: 0 });
  return Response.json({ revalidated: tag });
}
