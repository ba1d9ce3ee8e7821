// A page of the Pages Router beside the App Router: seeded too, with the data that its document contains.

export function getStaticProps() {
  return { props: { names: ["Ada", "Grace", "Katherine"] }, revalidate: 3600 };
}

export default function TeamPage({ names }: { names: string[] }) {
  return (
    <main>
      <h1>Team</h1>
      <ul>
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </main>
  );
}
