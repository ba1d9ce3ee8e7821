import { notFound } from "next/navigation";

export const revalidate = 600;

export default function GonePage(): never {
  notFound();
}
