export function getStaticPaths() {
  return { paths: [{ params: { path: ["a", "b"] } }], fallback: true };
}

export function getStaticProps({ params }: { params: { path: string[] } }) {
  return { props: { path: params.path.join(" and ") }, revalidate: 600 };
}

export default function DocsPage({ path }: { path?: string }) {
  return <main>Docs {path ?? "loading"}</main>;
}
