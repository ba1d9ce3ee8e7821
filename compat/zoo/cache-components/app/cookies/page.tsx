import { cookies } from "next/headers";
import { Suspense } from "react";

async function User() {
  return <p>{(await cookies()).get("user")?.value ?? "nobody"}</p>;
}

export default function CookiesPage() {
  return (
    <main>
      <h1>Who asks</h1>
      <Suspense fallback={<p>Loading</p>}>
        <User />
      </Suspense>
    </main>
  );
}
