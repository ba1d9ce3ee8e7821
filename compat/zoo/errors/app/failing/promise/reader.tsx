"use client";

import { use } from "react";

export function Reader({ text }: { text: Promise<string> }) {
  return <p>{use(text)}</p>;
}
