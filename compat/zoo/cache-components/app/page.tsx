export default function HomePage() {
  return <main>Without "use cache"</main>;
}
