import type { ReactNode } from "react";

export const metadata = { title: "A blog in Redis" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
