export function getStaticPaths() {
  return { paths: [{ params: { tag: "one" } }, { params: { tag: "a/b" } }], fallback: "blocking" };
}

export function getStaticProps({ params }: { params: { tag: string } }) {
  return { props: { tag: params.tag } };
}

export default function TagPage({ tag }: { tag: string }) {
  return <main>Tag {tag}</main>;
}
