import { Suspense } from "react";

async function Now() {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return <p>{Date.now()}</p>;
}

export default function NowPage() {
  return (
    <main>
      <h1>The time, under Suspense</h1>
      <Suspense fallback={<p>Loading</p>}>
        <Now />
      </Suspense>
    </main>
  );
}
