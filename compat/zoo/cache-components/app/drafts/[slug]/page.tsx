export function generateStaticParams() {
  return [{ slug: "first" }];
}

export default async function DraftPage({ params }: { params: Promise<{ slug: string }> }) {
  return <main>Draft {(await params).slug}, not cached</main>;
}
