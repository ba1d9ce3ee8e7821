"use client";

import { useSearchParams } from "next/navigation";

export function Query() {
  return <p>q={useSearchParams().get("q") ?? "none"}</p>;
}
