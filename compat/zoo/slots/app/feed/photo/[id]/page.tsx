export const revalidate = 600;

export function generateStaticParams() {
  return [{ id: "1" }, { id: "2" }];
}

export default async function PhotoPage({ params }: { params: Promise<{ id: string }> }) {
  return <p>Photo {(await params).id} on a page</p>;
}
