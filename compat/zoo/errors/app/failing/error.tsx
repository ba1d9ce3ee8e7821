"use client";

export default function FailingError() {
  return (
    <main>
      <h1>Something went wrong</h1>
    </main>
  );
}
