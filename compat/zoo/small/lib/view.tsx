import type { ReactNode } from "react";

/** What the tests compare: `<main>` holds everything a visitor sees of a page. */
export function View({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <main>
      <h1>{title}</h1>
      {children}
    </main>
  );
}
