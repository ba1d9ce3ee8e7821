import type { ReactNode } from "react";

export const metadata = { title: "A seeded blog" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <a href="/">Home</a> <a href="/about">About</a> <a href="/news">News</a>
        </nav>
        {children}
      </body>
    </html>
  );
}
