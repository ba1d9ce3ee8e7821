import type { ReactNode } from "react";

export const revalidate = 300;

export default function RevalidatingLayout({ children }: { children: ReactNode }) {
  return <section>{children}</section>;
}
