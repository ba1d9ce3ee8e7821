import type { ReactNode } from "react";

export const revalidate = 30;

export default function RevalidatingLayout({ children }: { children: ReactNode }) {
  return <section>{children}</section>;
}
