export function getStaticProps() {
  return { props: { text: "Home of the Pages Router" } };
}

export default function HomePage({ text }: { text: string }) {
  return <main>{text}</main>;
}
