import type { ReactNode } from "react";

export const revalidate = 1800;

export default function DocsLayout({ children }: { children: ReactNode }) {
  return (
    <section>
      <aside>Documentation</aside>
      {children}
    </section>
  );
}
