export function getStaticPaths() {
  return { paths: [{ params: { id: "1" } }], fallback: false };
}

export function getStaticProps({ params }: { params: { id: string } }) {
  return { props: { id: params.id } };
}

export default function OldPage({ id }: { id: string }) {
  return <main>Old {id}</main>;
}
