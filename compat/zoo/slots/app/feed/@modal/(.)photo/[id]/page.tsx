export default async function PhotoModal({ params }: { params: Promise<{ id: string }> }) {
  return <p>Photo {(await params).id} in a modal</p>;
}
