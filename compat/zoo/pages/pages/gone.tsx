export function getStaticProps() {
  return { notFound: true, revalidate: 3600 };
}

export default function GonePage() {
  return <main>Gone</main>;
}
