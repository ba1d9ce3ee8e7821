export function getStaticPaths() {
  return {
    paths: [{ params: { slug: "hello" } }, { params: { slug: "zürich 1" } }],
    fallback: false,
  };
}

export function getStaticProps({ params }: { params: { slug: string } }) {
  return { props: { slug: params.slug }, revalidate: 600 };
}

export default function PostPage({ slug }: { slug: string }) {
  return <main>Post {slug}</main>;
}
