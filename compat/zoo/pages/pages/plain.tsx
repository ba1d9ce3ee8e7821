export default function PlainPage() {
  return <main>Without getStaticProps</main>;
}
