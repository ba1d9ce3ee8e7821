import { notFound } from "next/navigation";

export const revalidate = 600;

export function generateMetadata(): never {
  notFound();
}

export default function BothPage(): never {
  notFound();
}
