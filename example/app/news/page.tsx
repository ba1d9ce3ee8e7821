export const revalidate = 60;

export default function NewsPage() {
  return (
    <main>
      <h1>News</h1>
      <p>Rendered at {new Date().toISOString()}, again after 60 seconds.</p>
    </main>
  );
}
