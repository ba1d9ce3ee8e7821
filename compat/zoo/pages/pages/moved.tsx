export function getStaticProps() {
  return { redirect: { destination: "/hourly?from=moved", permanent: true }, revalidate: 3600 };
}

export default function MovedPage() {
  return <main>Moved</main>;
}
