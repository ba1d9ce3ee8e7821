import type { ReactNode } from "react";

export default function FeedLayout({ children, modal }: { children: ReactNode; modal: ReactNode }) {
  return (
    <main>
      {children}
      <aside>{modal}</aside>
    </main>
  );
}
