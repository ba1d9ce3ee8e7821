"use client";

export function BrowserOnly() {
  if (typeof window === "undefined") throw new Error("rendered in the browser only");
  return <p>{window.location.hostname}</p>;
}
