import { revalidatePath, revalidateTag } from "next/cache";

/** `?path=/blog/[slug]&type=page` or `?tag=posts`: purges what a test names. */
export async function GET(request: Request) {
  const query = new URL(request.url).searchParams;
  const [path, type, tag] = ["path", "type", "tag"].map((name) => query.get(name));
  if (path) await revalidatePath(path, type === "page" || type === "layout" ? type : undefined);
  if (tag) await (revalidateTag as (tag: string, profile?: object) => unknown)(tag, { expire: 0 });
  return new Response("purged");
}
