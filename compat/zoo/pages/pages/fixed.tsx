export function getStaticProps() {
  return { props: { text: "Fixed" } };
}

export default function FixedPage({ text }: { text: string }) {
  return <main>{text}</main>;
}
