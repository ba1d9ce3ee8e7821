export function getStaticProps() {
  return { props: { text: "Nothing is here" }, revalidate: 3600 };
}

export default function NotFoundPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
