export default function GuidePage() {
  return (
    <main>
      <h1>Guide</h1>
      <p>Its revalidate time comes from the layout around it.</p>
    </main>
  );
}
