export default function AboutPage() {
  return (
    <main>
      <h1>About</h1>
      <p>A page without `revalidate`: only seeding ever makes it a HIT on Workers KV.</p>
    </main>
  );
}
