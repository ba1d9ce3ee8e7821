import Link from "next/link";

export const revalidate = 600;

export default function FeedPage() {
  return (
    <p>
      Feed <Link href="/feed/photo/1">Photo 1</Link>
    </p>
  );
}
